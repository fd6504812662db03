/** The same in Node. */
import { Worker } from "node:worker_threads";
import type { WorldOptions } from "./esim_lab.js";
import { callWorld, type RemoteWorld } from "./remote.js";

export function openWorld(options: WorldOptions = {}): Promise<RemoteWorld> {
  const worker = new Worker(new URL("./world_worker.node.js", import.meta.url));
  return callWorld(
    { send: (message) => worker.postMessage(message), hear: (told) => worker.on("message", told) },
    options,
    (told) => worker.on("error", told),
    () => void worker.terminate(),
  );
}
