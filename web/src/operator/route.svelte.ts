/** Which view is open: the part of the address behind `#`. */

export type Route = { view: "orders"; iccid?: string } | { view: "import" } | { view: "print" };

class Router {
  current = $state.raw<Route>(read(location.hash));

  constructor() {
    addEventListener("hashchange", () => (this.current = read(location.hash)));
  }

  go(hash: string) {
    location.hash = hash;
  }
}

function read(hash: string): Route {
  const [, view, iccid] = hash.split("/");
  if (view === "import" || view === "print") return { view };
  return iccid && /^\d{18,20}$/.test(iccid) ? { view: "orders", iccid } : { view: "orders" };
}

export const router = new Router();
export const linkTo = (iccid: string) => `#/orders/${iccid}`;
