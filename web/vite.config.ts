import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { brotli } from "./brotli";
import { views } from "./views";

export default defineConfig({
  base: "./",
  plugins: [svelte(), views(), brotli()],
  worker: { format: "es" },
  build: {
    target: "es2022",
    // The page's policy forbids data: for anything but pictures.
    assetsInlineLimit: 0,
    rolldownOptions: { input: ["index.html", "operator.html"] },
    modulePreload: { polyfill: false },
  },
});
