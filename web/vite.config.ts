import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: {
    target: "es2022",
    // The page's policy forbids data: for anything but pictures.
    assetsInlineLimit: 0,
    rolldownOptions: { input: ["index.html", "operator.html"] },
    modulePreload: { polyfill: false },
  },
});
