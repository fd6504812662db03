/** Built from the workspace's `wasm` crate; its shape is written down in `lib/world.ts`. */
declare module "*/pkg/esim_lab.js";
