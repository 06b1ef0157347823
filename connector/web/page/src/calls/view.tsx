export function CallsView() {
    return <p>…</p>;
}
