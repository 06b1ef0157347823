import type { ComponentChildren, JSX } from "preact";

type Props = Omit<JSX.IntrinsicElements["button"], "children"> & {
    kind?: "primary" | "plain" | "danger" | "icon";
    isBusy?: boolean;
    children: ComponentChildren;
};

export function Button({ kind = "plain", isBusy = false, type = "button", children, ...rest }: Props) {
    return (
        <button
            {...rest}
            type={type}
            class={`button button-${kind}`}
            aria-busy={isBusy}
            disabled={rest.disabled || isBusy}
        >
            {children}
        </button>
    );
}
