/** Events that come while an answer is on its way: they may be newer than it. Knows nothing of what is asked. */

import type { LiveEvent } from "./events";

export class Meanwhile {
    #heard: LiveEvent[] = [];
    #asked = 0;

    hear(event: LiveEvent): void {
        if (this.#asked > 0) this.#heard.push(event);
    }

    async during<T>(asked: Promise<T>): Promise<{ answer: T; meanwhile: readonly LiveEvent[] }> {
        const from = this.#heard.length;
        this.#asked += 1;
        try {
            return { answer: await asked, meanwhile: this.#heard.slice(from) };
        } finally {
            this.#asked -= 1;
            if (this.#asked === 0) this.#heard = [];
        }
    }
}
