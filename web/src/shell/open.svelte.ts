/** Octets from outside: files, texts and pictures that are dropped, pasted or chosen. They never leave the tab. */
import type { Both } from "../engine/protocol";
import { store } from "../engine/store.svelte";
import { t } from "../lib/language.svelte";
import { codesOf } from "./picture";
import { route } from "./route.svelte";

/** Most octets that are read at once. */
const MOST = 64 * 1024 * 1024;

/** The sentence of an error of the core: in both languages as JSON, or as it is. */
export function told(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  try {
    const { en, ja } = JSON.parse(said) as Partial<Both>;
    if (en !== undefined && ja !== undefined) return t(en, ja);
  } catch {
    // It is a sentence.
  }
  return said;
}

class Opener {
  isOpen = $state(false);
  busy = $state(false);
  text = $state("");
  error = $state<string>();
  /** The first octets of what was not recognised. */
  head = $state("");
  /** An activation code that was found: the phone can take it. */
  code = $state<string>();

  ask() {
    [this.error, this.head, this.code] = [undefined, "", undefined];
    this.isOpen = true;
  }

  close() {
    this.isOpen = false;
  }

  async files(files: readonly File[]) {
    const [file] = files;
    if (!file) return;
    if (file.size > MOST) {
      this.ask();
      this.error = t(
        `${file.name} has ${file.size.toLocaleString("en")} octets; at most ${MOST.toLocaleString("en")} are read.`,
        `${file.name}は${file.size.toLocaleString("en")}オクテットです。読めるのは${MOST.toLocaleString("en")}までです。`,
      );
      return;
    }
    if (file.type.startsWith("image/")) await this.#picture(file);
    else await this.read(new Uint8Array(await file.arrayBuffer()), file.name);
  }

  async read(octets: Uint8Array, name?: string) {
    [this.error, this.head, this.code] = [undefined, "", undefined];
    this.busy = true;
    try {
      await store.start();
      await store.read(octets, name);
      const { activationCode } = store.places.recording.state ?? {};
      const { records } = store.places.recording;
      if (activationCode !== undefined && records.length === 0) {
        this.code = activationCode;
        this.isOpen = true;
        return;
      }
      this.isOpen = false;
      this.text = "";
      route.go("lab", "#place=recording");
    } catch (error) {
      this.error = told(error);
      this.head = [...octets.slice(0, 16)].map((octet) => octet.toString(16).padStart(2, "0").toUpperCase()).join(" ");
      this.isOpen = true;
    } finally {
      this.busy = false;
    }
  }

  /** QR codes in a picture. */
  async #picture(file: Blob) {
    [this.error, this.head, this.code] = [undefined, "", undefined];
    this.busy = true;
    try {
      const [found] = await codesOf(file);
      if (!found.activation) return await this.read(new TextEncoder().encode(found.text));
      this.code = found.activation.code;
      this.isOpen = true;
    } catch (error) {
      this.error = told(error);
      this.isOpen = true;
    } finally {
      this.busy = false;
    }
  }

  toPhone() {
    if (this.code === undefined) return;
    this.isOpen = false;
    route.go("phone", `#code=${encodeURIComponent(this.code)}`);
  }
}

export const opener = new Opener();
