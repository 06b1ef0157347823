import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

// What the web role serves: connector/web/static goes into the wheel.
export default defineConfig({
    plugins: [preact({ devToolsEnabled: false })],
    base: "/",
    build: {
        outDir: "../static",
        emptyOutDir: true,
        target: "es2023",
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        license: { fileName: "licences.md" },
    },
    // `npx vite` beside a daemon that runs, for who works on the page.
    server: { host: "127.0.0.1", proxy: { "/v1": "http://127.0.0.1:8080" } },
});
