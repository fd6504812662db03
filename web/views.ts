import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "vite";

/** Views with an address of their own: each is a file, so that a host needs no rules (src/shell/route.svelte.ts). */
const VIEWS: Record<string, string> = {
  index: "learn/Learn.svelte",
  lab: "lab/Lab.svelte",
  phone: "phone/PhoneView.svelte",
  operate: "operator/Operator.svelte",
  teach: "learn/Teach.svelte",
  network: "network/NetworkView.svelte",
};

/** Fonts of other scripts are fetched when they are wanted. */
const IS_KEPT = /\.(html|js|css|wasm|svg|webmanifest)$|latin.*\.woff2$/;

/**
 * Leaves the page under the name of each view, with what that view needs named in its head: it is fetched beside what asks
 * for it. And tells the service worker which files there are.
 */
export function views(): Plugin {
  let folder = "";
  return {
    name: "views",
    apply: "build",
    configResolved: (config) => void (folder = config.build.outDir),
    writeBundle: async (_, bundle) => {
      const page = await readFile(join(folder, "index.html"), "utf8");
      for (const [name, view] of Object.entries(VIEWS)) {
        const chunk = Object.values(bundle).find(
          (part) => part.type === "chunk" && part.facadeModuleId?.endsWith(`/src/${view}`),
        );
        if (chunk?.type !== "chunk") throw new Error(`${view} is no chunk of the build`);
        const css = [...(chunk.viteMetadata?.importedCss ?? [])];
        const scripts = [chunk.fileName, ...chunk.imports].filter((file) => !page.includes(file));
        const head = [
          ...scripts.map((file) => `<link rel="modulepreload" crossorigin href="./${file}">`),
          ...css
            .filter((file) => !page.includes(file))
            .map((file) => `<link rel="stylesheet" crossorigin href="./${file}">`),
        ];
        await writeFile(join(folder, `${name}.html`), page.replace("</head>", `${head.join("")}</head>`));
      }
      await keep(folder);
    },
  };
}

async function keep(folder: string) {
  const all = await readdir(folder, { recursive: true });
  const files = all.filter((file) => IS_KEPT.test(file) && file !== "sw.js" && file !== "operator.html").sort();
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(await readFile(join(folder, file)));
  const worker = join(folder, "sw.js");
  const text = await readFile(worker, "utf8");
  const list = JSON.stringify(files.map((file) => file.replace(/^index\.html$/, "index.html")));
  if (!text.includes('"__FILES__"') || !text.includes("__BUILD__"))
    throw new Error("the service worker takes no files");
  await writeFile(worker, text.replace('"__FILES__"', list).replace("__BUILD__", hash.digest("hex").slice(0, 12)));
}
