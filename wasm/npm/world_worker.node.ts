import { parentPort } from "node:worker_threads";
import "./esim_lab.node.js";
import { World } from "./esim_lab.js";
import { serveWorld } from "./remote.js";

const port = parentPort;
if (!port) throw new Error("this is for a worker alone");
serveWorld(
  { send: (message) => port.postMessage(message), hear: (told) => port.on("message", told) },
  async (options) => new World(options),
);
