/** Bytes for the eye. */

const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => Number.parseInt(String.fromCharCode(code), 16) || 0);

export function bytesOf(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1);
  const digit = (at: number) => DIGITS[hex.charCodeAt(at) & 0x7f] ?? 0;
  for (let i = 0; i < bytes.length; i++) bytes[i] = (digit(2 * i) << 4) | digit(2 * i + 1);
  return bytes;
}

export function byteText(byte: number): string {
  return byte.toString(16).padStart(2, "0").toUpperCase();
}

/** Printable ASCII, or a dot. */
export function glyph(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
}

export function size(bytes: number): string {
  return bytes < 10_000 ? `${bytes.toLocaleString("en")} B` : `${(bytes / 1000).toFixed(1)} kB`;
}

/** Reading lengths: `89 04 90 …` in groups of four. */
export function grouped(digits: string, by = 4): string {
  return digits.replace(new RegExp(`(.{${by}})(?=.)`, "g"), "$1 ");
}
