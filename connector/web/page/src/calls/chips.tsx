import { turn } from "../address";
import { Button } from "../parts/button";
import { words } from "../words/calls";
import { type Filters, NONE } from "./filters";
import { saidOf } from "./said";

/** The filters that hold, each with a way to be rid of it. */
export function Chips({ filters }: { filters: Filters }) {
    const said = saidOf(filters);
    if (said.length === 0) return null;
    return (
        <ul class="chips" aria-label={words.anyFilters}>
            {said.map(({ name, label, value }) => (
                <li key={name} class="chip">
                    <span>
                        {label}: <bdi>{value}</bdi>
                    </span>
                    <button
                        type="button"
                        aria-label={words.remove(`${label}: ${value}`)}
                        onClick={() => turn({ [name]: null })}
                    >
                        ×
                    </button>
                </li>
            ))}
            <li>
                <Button kind="icon" onClick={() => turn(NONE)}>
                    {words.clear}
                </Button>
            </li>
        </ul>
    );
}
