import { render } from "preact";
import { App } from "./app";
import { show } from "./theme";
import "./style/colours.css";
import "./style/base.css";
import "./style/parts.css";

show();
const place = document.getElementById("page");
if (place) render(<App />, place);
