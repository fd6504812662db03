/** Where everybody stands on the stage, in pixels: wide, or upright on a narrow screen. */
import type { Actor } from "./model";

export type Point = readonly [x: number, y: number];

export interface Layout {
  width: number;
  isUpright: boolean;
  nodes: readonly Actor[];
  hasServer: boolean;
  isRadio: boolean;
}

const SPINE = 58;

/** The middle of somebody, or of the line in front of him. */
export function anchor(place: Layout, who: Actor | "caption"): Point {
  return place.isUpright ? upright(place, who) : wide(place, who);
}

function wide({ width, nodes, hasServer }: Layout, who: Actor | "caption"): Point {
  const [left, right] = [280, hasServer ? width - 220 : width - 40];
  const y = 254;
  const n = nodes.indexOf(who as Actor);
  if (n >= 0) return [anchorOf(nodes, who as Actor, left, right), y];
  switch (who) {
    case "card":
      return [140, 420];
    case "lpa":
    case "modem":
      return [215, y];
    case "sm":
      return [hasServer ? width - 190 : right, y];
    case "internet":
      return [anchorOf(nodes, "policy", left, right), 430];
    case "operator":
      return [width - 110, 60];
    case "hss":
      return [anchorOf(nodes, "mme", left, right), 430];
    case "caption":
      return [(left + right) / 2, nodes.length > 0 ? 92 : 168];
    default:
      return [(left + right) / 2, y];
  }
}

function anchorOf(nodes: readonly Actor[], who: Actor, left: number, right: number): number {
  const n = nodes.indexOf(who);
  return n < 0 ? (left + right) / 2 : left + ((right - left) * (n + 0.5)) / nodes.length;
}

function upright({ width, nodes, hasServer }: Layout, who: Actor | "caption"): Point {
  const n = nodes.indexOf(who as Actor);
  const [top, bottom] = [hasServer ? 92 : 8, 204];
  // The server is furthest from the phone, and so above.
  if (n >= 0) return [SPINE, bottom - ((bottom - top) * (n + 0.5)) / nodes.length];
  switch (who) {
    case "card":
      return [SPINE, 372];
    case "lpa":
    case "modem":
      return [SPINE, 262];
    case "sm":
      return [SPINE, 46];
    case "internet":
    case "hss":
    case "operator":
      return [width - 60, who === "operator" ? 46 : top + 20];
    default:
      return [SPINE, 150];
  }
}

/** The way from one to the other: along the network, and into the card from above. */
export function path(place: Layout, from: Actor, to: Actor): Point[] {
  const [a, b] = [anchor(place, from), anchor(place, to)];
  if (from === to) return [a];
  if (!place.isUpright && (from === "operator" || to === "operator")) {
    // The operator stands above the server.
    const way: Point[] = [anchor(place, "operator"), [anchor(place, "operator")[0], 128]];
    return from === "operator" ? way : way.reverse();
  }
  if (place.isUpright || a[0] === b[0] || a[1] === b[1]) return [a, b];
  const [first, last] = from === "card" ? [a, b] : to === "card" ? [b, a] : [undefined, undefined];
  if (first && last) {
    // From the card up, then along.
    const turn: Point = [215, last[1]];
    const way: Point[] = [[215, first[1]], turn, last];
    return from === "card" ? way : way.reverse();
  }
  return [a, [b[0], a[1]], b];
}
