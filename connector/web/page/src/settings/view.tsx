export function SettingsView() {
    return <p>…</p>;
}
