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
    rolldownOptions: {
      input: { index: "index.html", operator: "operator.html", sw: "src/sw.ts" },
      // The service worker has one address for ever.
      output: { entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
    modulePreload: { polyfill: false },
  },
});
