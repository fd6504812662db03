import init, { World } from "./esim_lab.js";
import { serveWorld } from "./remote.js";

serveWorld(
  {
    send: (message) => self.postMessage(message),
    hear: (told) => self.addEventListener("message", ({ data }) => told(data)),
  },
  async (options) => {
    await init();
    return new World(options);
  },
);
