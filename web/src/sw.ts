/**
 * The page without a network. It keeps the page's own files, and nothing else: a request that is none of them, to the SM or
 * to its operator's interface, passes as if nobody were here.
 */
declare const self: ServiceWorkerGlobalScope;

/** Files of this build, and its name: the build puts them in. */
const FILES: readonly string[] = JSON.parse('"__FILES__"');
const BUILD = "__BUILD__";
const CACHE = `esim-lab ${BUILD}`;

const url = (file: string) => new URL(file, self.registration.scope).href;
const known = new Map(FILES.map((file) => [url(file), file]));

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES.map(url))));
});

self.addEventListener("activate", (event) => {
  const forget = async () => {
    const names = await caches.keys();
    await Promise.all(
      names.filter((name) => name.startsWith("esim-lab ") && name !== CACHE).map((name) => caches.delete(name)),
    );
    await self.clients.claim();
  };
  event.waitUntil(forget());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const asked = new URL(request.url);
  asked.hash = asked.search = "";
  const file = request.method === "GET" ? fileOf(asked.href, request.mode === "navigate") : undefined;
  if (file === undefined) return;
  // What has a hash in its name never changes; all else is asked for, and kept in case nobody answers.
  event.respondWith(file.startsWith("assets/") ? fromCache(request, file) : fromNetwork(request, file));
});

/** The page's file of an address: `/lab` is `lab.html`. */
function fileOf(address: string, isView: boolean): string | undefined {
  const exact = known.get(address);
  if (exact !== undefined || !isView) return exact;
  return known.get(address.endsWith("/") ? `${address}index.html` : `${address}.html`);
}

async function fromCache(request: Request, file: string): Promise<Response> {
  return (await caches.match(url(file))) ?? fetch(request);
}

async function fromNetwork(request: Request, file: string): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(url(file));
    if (!kept) throw error;
    // A navigation takes no answer that was led elsewhere.
    return kept.redirected ? new Response(kept.body, { headers: kept.headers }) : kept;
  }
}

export {};
