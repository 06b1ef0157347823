import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

/** A question that must be answered before anything else is done: the browser keeps the focus in it, Escape closes. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
    const element = useRef<HTMLDialogElement>(null);
    const title = useId();
    useEffect(() => element.current?.showModal(), []);
    return (
        <dialog ref={element} class="dialog" aria-labelledby={title} onClose={props.onClose}>
            <h2 id={title}>{props.title}</h2>
            {props.children}
        </dialog>
    );
}
