/** The operator's end of the wire: functions in, answers or one sentence out. */
import { t } from "../lib/language.svelte";
import type {
  Confirmed,
  Fate,
  GuestArrived,
  ImportRow,
  Imported,
  KnownColumn,
  OrderView,
  Page,
  Query,
  Template,
  Terms,
} from "./messages";

/** How requests get there; the credential is its business. */
export interface Line {
  /** For the reader: where the SM is. */
  readonly name: string;
  /** OID of the operator that the credential is of, where it says so: ES2+ calls speak for no other. */
  readonly issuer?: string | undefined;
  send(path: string, body?: string): Promise<{ status: number; body: string; retryAfter?: number | undefined }>;
}

/** Nobody has answered: worth trying again. */
export class Unreachable extends Error {}

/** The credential is wrong. */
export class Denied extends Error {}

/** Too much at once. */
export class Busy extends Error {
  constructor(
    message: string,
    readonly seconds: number,
  ) {
    super(message);
  }
}

/** The body is longer than the SM reads. */
export class TooLong extends Error {}

/** A code of the standard, with the SM's own sentence of cause and remedy. */
export class Refused extends Error {
  constructor(
    readonly subject: string,
    readonly reason: string,
    message: string,
    readonly about?: string,
  ) {
    super(message);
  }
}

/** Something has answered, but no SM. */
export class Strange extends Error {}

interface Answer {
  header?: {
    functionExecutionStatus?: {
      status?: string;
      statusCodeData?: { subjectCode: string; reasonCode: string; subjectIdentifier?: string; message?: string };
    };
  };
}

/** The requester of calls whose operator names no OID: an arc for examples. */
export const EXAMPLE_OID = "2.999.100";

const ES2 = "/gsma/rsp2/es2plus/";
/** Milliseconds for an answer; a batch is work. */
const PATIENCE = { question: 30_000, batch: 120_000 };
const IMPORT = "/esim-lab/import";

/** An SM at a base URL. */
export function overHttp(base: string, token: string): Line {
  const root = base.replace(/\/+$/, "");
  return {
    name: root,
    issuer: issuerOf(token),
    async send(path, body) {
      const headers: Record<string, string> = {
        Authorization: `Bearer ${token}`,
        "X-Admin-Protocol": "gsma/rsp/v2.6.0",
      };
      if (body !== undefined) headers["Content-Type"] = "application/json";
      const method = body === undefined ? "GET" : "POST";
      const signal = AbortSignal.timeout(path === IMPORT ? PATIENCE.batch : PATIENCE.question);
      try {
        const response = await fetch(root + path, { method, headers, body: body ?? null, signal, cache: "no-store" });
        const retryAfter = Number(response.headers.get("Retry-After")) || undefined;
        return { status: response.status, body: await response.text(), retryAfter };
      } catch {
        throw new Unreachable(unreachable(root));
      }
    },
  };
}

/** Comes as a guest to the SM that has sent this page. */
export async function comeAsGuest(): Promise<GuestArrived> {
  const root = location.origin;
  let response: Response;
  try {
    response = await fetch("/esim-lab/guests", { method: "POST", cache: "no-store" });
  } catch {
    throw new Unreachable(unreachable(root));
  }
  if (response.status === 429) {
    const seconds = Number(response.headers.get("Retry-After")) || 60;
    throw new Busy(
      t(
        `Many guests have come from your network. Try again in ${seconds} seconds.`,
        `このネットワークからのゲストが多すぎます。${seconds}秒後にもう一度お試しください。`,
      ),
      seconds,
    );
  }
  if (response.status !== 200)
    throw new Unreachable(
      t(
        `The SM takes no guests now (HTTP ${response.status}).`,
        `現在ゲストは利用できません(HTTP ${response.status})。`,
      ),
    );
  return (await response.json()) as GuestArrived;
}

/** `iss` of a signed token (RFC 7519). */
function issuerOf(token: string): string | undefined {
  const [, claims, signature] = token.split(".");
  if (!claims || signature === undefined) return undefined;
  try {
    const { iss } = JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))) as { iss?: unknown };
    return typeof iss === "string" ? iss : undefined;
  } catch {
    return undefined;
  }
}

function unreachable(root: string): string {
  const secure = root.startsWith("https:");
  const certificate = secure && root !== location.origin;
  const foreign =
    root === location.origin
      ? ""
      : t(
          ` An SM of another origin must allow this page: esim-lab sm serve --page-origin ${location.origin}`,
          `別のオリジンのSMでは、このページを許可する必要があります: esim-lab sm serve --page-origin ${location.origin}`,
        );
  return (
    (certificate
      ? t(
          `Nobody answers at ${root}. Is the SM running, and does this browser trust its certificate? Open ${root}/healthz in another tab and accept it there.`,
          `${root} から応答がありません。SMは動いていますか。証明書が信頼されていない場合は、別のタブで ${root}/healthz を開いて許可してください。`,
        )
      : t(
          `Nobody answers at ${root}. Check that the SM is running and the network is up.`,
          `${root} から応答がありません。SMが動いているか、ネットワークがつながっているか確認してください。`,
        )) + foreign
  );
}

/** Functions of an SM. */
export class Sm {
  /** OID that ES2+ calls come from (functionRequesterIdentifier). */
  readonly requester: string;

  constructor(
    readonly line: Line,
    requester = EXAMPLE_OID,
  ) {
    this.requester = line.issuer ?? requester;
  }

  orders({ search, state, after, limit }: Query): Promise<Page> {
    const query = new URLSearchParams({
      limit: String(limit),
      ...(search && { search }),
      ...(state && { state }),
      ...(after && { after }),
    });
    return this.#ask<Page>(`/esim-lab/orders?${query}`);
  }

  order(iccid: string): Promise<OrderView> {
    return this.#ask(`/esim-lab/orders/${iccid}`);
  }

  /** What profiles can be made of, and the columns that a batch may have. */
  templates(): Promise<{ templates: Template[]; columns?: KnownColumn[] }> {
    return this.#ask("/esim-lab/templates");
  }

  /** Rows that are known already give the codes that they have. */
  import(template: string, fate: Fate, rows: readonly ImportRow[]): Promise<Imported> {
    // Orders belong to the operator who says who he is; a signed token says it.
    const owner = this.line.issuer === undefined && this.requester === EXAMPLE_OID ? {} : this.#header();
    return this.#ask(IMPORT, { ...owner, template, release: fate === "released", stock: fate === "stock", rows });
  }

  downloadOrder(iccid: string, eid?: string): Promise<{ iccid: string }> {
    return this.#es2("downloadOrder", { iccid, ...(eid && { eid }) });
  }

  confirmOrder(iccid: string, terms: Terms): Promise<Confirmed> {
    return this.#es2("confirmOrder", { iccid, ...terms });
  }

  releaseProfile(iccid: string): Promise<object> {
    return this.#es2("releaseProfile", { iccid });
  }

  cancelOrder(
    order: Pick<OrderView, "iccid" | "eid" | "matchingId">,
    finalProfileStatusIndicator: "Available" | "Unavailable",
  ): Promise<object> {
    const { iccid, eid, matchingId } = order;
    return this.#es2("cancelOrder", {
      iccid,
      finalProfileStatusIndicator,
      ...(eid && { eid }),
      ...(matchingId && { matchingId }),
    });
  }

  #es2<T>(name: string, request: object): Promise<T> {
    return this.#ask(ES2 + name, { ...this.#header(), ...request });
  }

  #header() {
    const functionCallIdentifier = `page-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    return { header: { functionRequesterIdentifier: this.requester, functionCallIdentifier } };
  }

  async #ask<T>(path: string, request?: object): Promise<T> {
    const { status, body, retryAfter } = await this.line.send(path, request && JSON.stringify(request));
    if (status === 413) throw new TooLong(t("The SM does not read so much at once.", "一度に送れる量を超えています。"));
    if (status === 429)
      throw new Busy(t("The SM asks to be called less often.", "SMへの要求が多すぎます。"), retryAfter ?? 2);
    if (status === 502 || status === 503 || status === 504)
      throw new Unreachable(t(`The SM is not ready (HTTP ${status}).`, `SMの準備ができていません(HTTP ${status})。`));
    const answer = parsed(body);
    const said = answer?.header?.functionExecutionStatus?.statusCodeData?.message;
    // Of a signed token only the SM knows what is wrong: it may just have expired.
    if (status === 401 && said && this.line.issuer) throw new Denied(said);
    if (status === 401)
      throw new Denied(
        t(
          "The SM does not know this token. It is the ES2+ credential that the SM was started with; ./run prints it, and “esim-lab sm serve” keeps it in the file “token” of its data folder.",
          "このトークンはSMに拒否されました。SM起動時のES2+認証情報を入力してください(./runが表示し、「esim-lab sm serve」ではデータフォルダーの「token」にあります)。",
        ),
      );
    const result = answer?.header?.functionExecutionStatus;
    if (!answer || !result)
      throw new Strange(
        t(
          `What answers at ${this.line.name} is no esim-lab SM (HTTP ${status}). Check the address.`,
          `${this.line.name} はesim-labのSMではありません(HTTP ${status})。アドレスを確認してください。`,
        ),
      );
    const code = result.statusCodeData;
    if (result.status?.startsWith("Executed")) return answer as T;
    throw new Refused(
      code?.subjectCode ?? "",
      code?.reasonCode ?? "",
      code?.message ?? t("The SM has refused without a code.", "SMが理由を示さずに拒否しました。"),
      code?.subjectIdentifier,
    );
  }
}

function parsed(body: string): Answer | undefined {
  try {
    const answer: unknown = JSON.parse(body);
    return typeof answer === "object" && answer !== null ? (answer as Answer) : undefined;
  } catch {
    return undefined;
  }
}
