export default {
  base: "./",
  worker: { format: "es" },
  build: { target: "es2022", rolldownOptions: { input: ["index.html", "in_worker.html", "message.html"] } },
};
