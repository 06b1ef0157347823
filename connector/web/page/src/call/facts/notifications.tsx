import { useEffect, useState } from "preact/hooks";
import { api, type Bodies, told } from "../../api/client";
import { Button } from "../../parts/button";
import { Trouble } from "../../parts/trouble";
import { words } from "../../words/call_facts";
import { Notice } from "./notice";
import { Section } from "./section";
import "./notifications.css";

const W = words.notifications;
const PAGE = 20;
type Item = Bodies["NotificationItem"];

/** What your own server was told of the call. Asked for when somebody wants to see it. */
export function Notifications({ callId }: { callId: string }) {
    return <Section name="notifications">{(isOpen) => isOpen && <NoticeList callId={callId} />}</Section>;
}

function NoticeList({ callId }: { callId: string }) {
    const list = useNotices(callId);
    if (list.error !== undefined) return <Trouble error={list.error} again={list.more} />;
    return (
        <>
            {list.isWhole && list.items.length === 0 && <p class="help">{W.none}</p>}
            <ul class="facts-notices" aria-busy={list.isBusy}>
                {list.items.map((item) => (
                    <Notice key={item.id} item={item} changed={list.changed} />
                ))}
            </ul>
            {!list.isWhole && (
                <Button isBusy={list.isBusy} onClick={list.more}>
                    {W.more}
                </Button>
            )}
        </>
    );
}

function useNotices(callId: string) {
    const [items, setItems] = useState<Item[]>([]);
    const [cursor, setCursor] = useState<string | null>(null);
    const [isWhole, setWhole] = useState(false);
    const [isBusy, setBusy] = useState(true);
    const [error, setError] = useState<unknown>(undefined);
    const [round, setRound] = useState(1);

    useEffect(() => {
        const leaving = new AbortController();
        const query = { call: callId, limit: PAGE, ...(cursor ? { cursor } : {}) };
        setBusy(true);
        setError(undefined);
        told(api.GET("/v1/notifications", { params: { query }, signal: leaving.signal }))
            .then((page) => {
                setItems((before) => [...before, ...page.notifications]);
                setCursor(page.next_cursor);
                setWhole(page.next_cursor === null);
            })
            .catch((trouble: unknown) => !leaving.signal.aborted && setError(trouble))
            .finally(() => !leaving.signal.aborted && setBusy(false));
        return () => leaving.abort();
        // Not by the cursor: the next page comes when it is asked for.
    }, [round]);

    function changed(item: Item): void {
        setItems((before) => before.map((one) => (one.id === item.id ? item : one)));
    }

    return { items, isWhole, isBusy, error, more: () => setRound((one) => one + 1), changed };
}
