/** A world in a Web Worker. */
import type { WorldOptions } from "./esim_lab.js";
import { callWorld, type RemoteWorld } from "./remote.js";
export type { RemoteSnapshot, RemoteWorld } from "./remote.js";

/** A world in a worker of its own: the methods of a `World`, all async. */
export function openWorld(options: WorldOptions = {}): Promise<RemoteWorld> {
  const worker = new Worker(new URL("./world_worker.js", import.meta.url), { type: "module" });
  return callWorld(
    {
      send: (message) => worker.postMessage(message),
      hear: (told) => worker.addEventListener("message", ({ data }) => told(data)),
    },
    options,
    (told) =>
      worker.addEventListener("error", ({ message }) => told(new Error(message || "the worker could not be loaded"))),
    () => worker.terminate(),
  );
}
