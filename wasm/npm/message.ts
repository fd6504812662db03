/**
 * `<esim-message>`: one message of the system as tree and octets, which show each other, anywhere in a page. The message is
 * the attribute `hex` or `value`, or the element's text: hexadecimal, base64, PEM, JSON. `interface` stands before its
 * title; `lang`, of the element or whatever holds it, is `en` or `ja`.
 */
import init, { World, type Explained, type Node as Field } from "./esim_lab.js";

const STYLE = `
:host { display: block; color-scheme: light dark; font: 14px/1.5 system-ui, sans-serif; background: light-dark(#fbfdfc, #161d1a);
  color: light-dark(#14201b, #e6ece8); border: 1px solid light-dark(#d3dad6, #2a3530); padding: 12px; }
h3 { margin: 0 0 8px; font-size: 14px; } h3 span, small { color: light-dark(#5a6962, #91a098); font-weight: 400; }
.part { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 16px; }
@container (max-width: 560px) { .part { grid-template-columns: minmax(0, 1fr); } } :host { container-type: inline-size; }
[role=treeitem] { padding: 2px 6px 2px calc(6px + var(--deep) * 14px); min-height: 24px; box-sizing: border-box; cursor: default;
  overflow-wrap: anywhere; } [role=treeitem]:hover { background: light-dark(#e5eae7, #0b100e); }
[aria-selected=true] { background: light-dark(#dfe9fb, #1a2a45) !important; }
:focus-visible { outline: 2px solid light-dark(#1450b8, #8ab4ff); outline-offset: -2px; }
code { font: 12px/1.7 ui-monospace, monospace; overflow-wrap: anywhere; }
code b { font-weight: 400; padding: 2px 3px; } code b.on { background: light-dark(#c3d6f8, #27406d); color: inherit; }
[role=alert] { margin: 0; color: light-dark(#b3241b, #ff9487); }
@media (forced-colors: active) { code b.on { background: Highlight; color: HighlightText; forced-color-adjust: none; } }`;

const WORDS = {
  en: { fields: "Fields", octets: "Octets", none: "There is no message: give one as hex, value or text." },
  ja: { fields: "フィールド", octets: "バイト列", none: "メッセージがありません。hex、value、またはテキストで指定してください。" },
};

const make = <K extends keyof HTMLElementTagNameMap>(name: K, text = "", attributes: Record<string, string> = {}) => {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

// Where there is no window, the class is there to be imported, and no element.
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

export class EsimMessage extends Base {
  static readonly observedAttributes = ["hex", "value", "interface", "lang"];
  #turn = 0;

  connectedCallback(): void {
    void this.#show();
  }
  attributeChangedCallback(): void {
    if (this.isConnected) void this.#show();
  }

  async #show(): Promise<void> {
    const turn = ++this.#turn;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    const lang = this.closest("[lang]")?.getAttribute("lang")?.startsWith("ja") ? "ja" : "en";
    const given = (this.getAttribute("hex") ?? this.getAttribute("value") ?? this.textContent ?? "").trim();
    const shown: HTMLElement[] = [];
    try {
      if (!given) throw new Error(WORDS[lang].none);
      await init();
      if (turn !== this.#turn) return;
      shown.push(...this.#explained(World.explainHex(given), lang));
    } catch (why) {
      if (turn !== this.#turn) return;
      shown.push(make("p", why instanceof Error ? why.message : String(why), { role: "alert" }));
    }
    root.replaceChildren(make("style", STYLE), ...shown);
  }

  #explained({ title, parts }: Explained, lang: "en" | "ja"): HTMLElement[] {
    const head = make("h3");
    const at = this.getAttribute("interface");
    if (at) head.append(make("span", `${at} `));
    head.append(title);
    return [head, ...parts.flatMap(({ label, hex, nodes }) => {
      const part = make("div", "", { class: "part" });
      part.append(...linked(nodes, hex, WORDS[lang]));
      return label ? [make("small", label), part] : [part];
    })];
  }
}

/** Tree and octets. */
function linked(nodes: Field[], hex: string, words: { fields: string; octets: string }): HTMLElement[] {
  const tree = make("div", "", { role: "tree", "aria-label": words.fields });
  const code = make("code", "", { "aria-label": words.octets, role: "group" });
  const octets = (hex.match(/../g) ?? []).map((octet) => make("b", octet));
  code.append(...octets.flatMap((octet) => [octet, " "]));
  const rows: { row: HTMLElement; field: Field }[] = [];
  let chosen: Field | undefined;
  const light = (field = chosen) =>
    octets.forEach((octet, n) => octet.classList.toggle("on", !!field && n >= field.whole.start && n < field.whole.end));
  const choose = (n: number, focus = true) => {
    const next = rows[n];
    if (!next) return;
    chosen = next.field;
    for (const { row } of rows) {
      row.tabIndex = row === next.row ? 0 : -1;
      row.setAttribute("aria-selected", String(row === next.row));
    }
    if (focus) next.row.focus();
    light();
  };
  const add = (field: Field, deep: number) => {
    const name = field.name || field.type || field.tag.toString(16).toUpperCase();
    const row = make("div", name, { role: "treeitem", "aria-level": String(deep + 1), "aria-selected": "false" });
    if (field.children.length) row.setAttribute("aria-expanded", "true");
    if (field.text) row.append(make("small", ` ${field.text}`));
    row.style.setProperty("--deep", String(deep));
    const n = rows.push({ row, field }) - 1;
    row.tabIndex = n ? -1 : 0;
    row.addEventListener("click", () => choose(n));
    row.addEventListener("pointerenter", () => light(field));
    row.addEventListener("pointerleave", () => light());
    row.addEventListener("keydown", (event) => {
      const to = { ArrowDown: n + 1, ArrowUp: n - 1, Home: 0, End: rows.length - 1, Enter: n, " ": n }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose(to);
    });
    tree.append(row);
    for (const child of field.children) add(child, deep + 1);
  };
  for (const node of nodes) add(node, 0);
  octets.forEach((octet, n) =>
    octet.addEventListener("click", () =>
      choose(rows.findLastIndex(({ field }) => n >= field.whole.start && n < field.whole.end)),
    ),
  );
  return rows.length ? [tree, code] : [code];
}

if (globalThis.customElements && !customElements.get("esim-message")) customElements.define("esim-message", EsimMessage);

declare global {
  interface HTMLElementTagNameMap {
    "esim-message": EsimMessage;
  }
}
