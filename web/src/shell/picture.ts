/** QR codes in a picture: it is looked at in this tab, and goes nowhere. */
import { t } from "../lib/language.svelte";
import type { Code } from "../pkg/esim_qr.js";

/** Edge in pixels up to which a picture is looked at as it is: a larger one has its code larger than is needed. */
const EDGE = 2000;

/** All codes of a picture, activation codes first. Throws a sentence where there is none, or where it is no picture. */
export async function codesOf(file: Blob): Promise<[Code, ...Code[]]> {
  const { default: init, look } = await import("../pkg/esim_qr.js");
  await init();
  const bitmap = await createImageBitmap(file).catch(() => undefined);
  if (!bitmap)
    throw new Error(t("This file is no picture that this browser shows.", "このファイルは画像として読み込めません。"));
  const scale = Math.min(1, EDGE / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [Math.ceil(bitmap.width * scale), Math.ceil(bitmap.height * scale)];
  const context = new OffscreenCanvas(width, height).getContext("2d");
  if (!context) throw new Error(t("This browser draws no pictures.", "このブラウザでは画像を扱えません。"));
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const { codes, refused } = look(new Uint8Array(data.buffer), width, height);
  if (refused) throw new Error(t(refused.en, refused.ja));
  const [found, ...others] = codes;
  if (!found) throw new Error(t("There is no QR code in this picture.", "この画像にQRコードは見つかりません。"));
  return [found, ...others];
}
