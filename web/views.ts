import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "vite";

/** Views with an address of their own: each is a file, so that a host needs no rules (src/shell/route.svelte.ts). */
const VIEWS = ["lab", "phone", "operate", "teach"];

/** Leaves the page beside itself under the name of each view. */
export function views(): Plugin {
  let folder = "";
  return {
    name: "views",
    apply: "build",
    configResolved: (config) => void (folder = config.build.outDir),
    writeBundle: async () => {
      await Promise.all(VIEWS.map((name) => copyFile(join(folder, "index.html"), join(folder, `${name}.html`))));
    },
  };
}
