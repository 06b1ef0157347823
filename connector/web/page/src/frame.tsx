import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { href, VIEWS, type View } from "./address";
import icon from "./icon.svg";
import { Button } from "./parts/button";
import { Link } from "./parts/link";
import { Trouble } from "./parts/trouble";
import { type Session, signOut } from "./session/session";
import { choose, chosenTheme, THEMES, type Theme } from "./theme";
import { words } from "./words/frame";

/** What is around every view: where one can go, who one is, which colours. */
export function Frame(props: { session: Session; view: View; children: ComponentChildren }) {
    const { session, view } = props;
    return (
        <>
            <a class="skip" href="#content">
                {words.skip}
            </a>
            <header class="frame">
                <strong class="product">
                    <img src={icon} alt="" />
                    <span>{words.product}</span>
                </strong>
                <nav aria-label={words.navigation}>
                    {VIEWS.map((one) => (
                        <Link key={one} href={href(one)} aria-current={one === view ? "page" : undefined}>
                            {words.views[one]}
                        </Link>
                    ))}
                </nav>
                <ThemeChoice />
                <span class="who" title={session.roles.map((role) => words.roles[role]).join(", ")}>
                    <bdi>{session.name}</bdi> · <bdi>{session.organisation ?? words.wholeHouse}</bdi>
                </span>
                <Leaving />
            </header>
            <main id="content" class={`view view-${view}`}>
                {props.children}
            </main>
        </>
    );
}

function Leaving() {
    const [trouble, setTrouble] = useState<unknown>(null);
    const [isBusy, setBusy] = useState(false);

    async function leave(): Promise<void> {
        setBusy(true);
        setTrouble(null);
        try {
            await signOut();
        } catch (error) {
            // Whoever believes that he has left, leaves his desk.
            setTrouble(error);
            setBusy(false);
        }
    }

    return (
        <>
            <Button isBusy={isBusy} onClick={leave}>
                {words.signOut}
            </Button>
            {trouble !== null && <Trouble error={trouble} again={leave} />}
        </>
    );
}

function ThemeChoice() {
    const [theme, setTheme] = useState(chosenTheme());
    const names: Record<Theme, string> = { system: words.likeTheSystem, dark: words.dark, light: words.light };
    return (
        <select
            aria-label={words.theme}
            value={theme}
            onChange={(event) => {
                const chosen = event.currentTarget.value as Theme;
                choose(chosen);
                setTheme(chosen);
            }}
        >
            {THEMES.map((one) => (
                <option key={one} value={one}>
                    {names[one]}
                </option>
            ))}
        </select>
    );
}
