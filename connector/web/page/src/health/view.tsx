export function HealthView() {
    return <p>…</p>;
}
