/** How wide a row's name and chips are, so that the ladder can give way before a name is cut. */
import type { MessageRow } from "./rows";

const context = document.createElement("canvas").getContext("2d");
const known = new Map<string, number>();

/** In pixels, for 13 px at 88 % of the width. */
function text(of: string): number {
  let width = known.get(of);
  if (width === undefined) {
    if (context) context.font = '500 13px "IBM Plex Sans Variable", sans-serif';
    width = Math.ceil((context?.measureText(of).width ?? of.length * 7) * 0.89);
    known.set(of, width);
  }
  return width;
}

const CHIP = 16;

export function widthOf({ name, isResponse, chips, edited, level }: MessageRow, response: string): number {
  let width = text(isResponse && response ? `${name} ${response}` : name) + (level === 3 ? 10 : 0) + 8;
  for (const chip of chips)
    width += text(chip.text) + CHIP + (chip.kind === "apdu" || chip.good !== undefined ? 12 : 22);
  if (edited > 0) width += 36;
  return width;
}

// Measured before the font was there, a width is another's.
void document.fonts.ready.then(() => known.clear());
