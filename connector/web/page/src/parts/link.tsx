import type { JSX } from "preact";
import { go } from "../address";

/** A link within the page: no new load, yet all that links can do (a new tab, copying the address). */
export function Link({ href, onClick, ...rest }: JSX.IntrinsicElements["a"] & { href: string }) {
    return (
        <a
            {...rest}
            href={href}
            onClick={(event) => {
                onClick?.call(event.currentTarget, event);
                if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
                event.preventDefault();
                go(href);
            }}
        />
    );
}
