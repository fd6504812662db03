import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import type { Plugin } from "vite";

const KINDS = /\.(wasm|js|css|html|svg)$/;
const compress = promisify(brotliCompress);

/** Leaves beside each file of the page the same in Brotli, where that is smaller: hosts that find it send it. */
export function brotli(): Plugin {
  let folder = "";
  return {
    name: "brotli",
    apply: "build",
    configResolved: (config) => void (folder = config.build.outDir),
    closeBundle: async () => {
      const files = await readdir(folder, { recursive: true });
      await Promise.all(files.filter((name) => KINDS.test(name)).map((name) => shrink(join(folder, name))));
    },
  };
}

async function shrink(path: string) {
  const octets = await readFile(path);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: octets.length,
  };
  const compressed = await compress(octets, { params });
  if (compressed.length < octets.length) await writeFile(`${path}.br`, compressed);
}
