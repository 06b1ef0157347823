import { Problem } from "../api/client";
import { words } from "../words/frame";
import { Button } from "./button";

/** What went wrong, in the server's words, and a way to try again. */
export function Trouble(props: { error: unknown; again?: () => void }) {
    const said = props.error instanceof Problem && props.error.status ? props.error.detail : words.noAnswer;
    return (
        <div class="trouble" role="alert">
            <p>{said}</p>
            {props.again && <Button onClick={props.again}>{words.again}</Button>}
        </div>
    );
}
