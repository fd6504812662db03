/**
 * A card at the end of whatever leads to it, and a way for it through a `MessagePort`: devices are a window's, the LPA may
 * work elsewhere. One end gives a card, the other has one.
 */

/** A card that commands can be sent to. What goes wrong is thrown as a `CardError`. One command at a time. */
export interface CardPort {
  /** Sends a command APDU; the response APDU with its status word. */
  transmit(apdu: Uint8Array): Promise<Uint8Array>;
  /** Resets the card, as a terminal does after REFRESH. */
  reset(): Promise<void>;
  /** Gives card and device back, also where a command is under way, which then fails. */
  close(): Promise<void>;
}

/** Why something came to nothing, and what to do. `message` is English. */
export interface CardError extends Error {
  name: "CardError";
  reason: string;
  en: string;
  ja: string;
  /** Of a card that has refused: its code, to be quoted to whoever helps, and what the standard calls it. */
  code?: string;
  details?: string[];
}

type Asked = { n: number; ask: "transmit"; apdu: Uint8Array } | { n: number; ask: "reset" | "close" };
type Told = { reason: string; en: string; ja: string };
type Answered = { n: number; response?: Uint8Array; error?: Told };

const told = (thrown: unknown): Told => {
  const { reason = "failed", en, ja, message = String(thrown) } = (thrown ?? {}) as Partial<CardError>;
  return { reason, en: en ?? message, ja: ja ?? message };
};

const errorOf = ({ reason, en, ja }: Told): CardError =>
  Object.assign(new Error(en), { name: "CardError" as const, reason, en, ja });

const OVER: Told = {
  reason: "closed",
  en: "The card was disconnected.",
  ja: "カードとの接続は終了しています。",
};

async function perform(card: CardPort, asked: Asked): Promise<Uint8Array | undefined> {
  if (asked.ask === "transmit" && asked.apdu instanceof Uint8Array) return card.transmit(asked.apdu);
  if (asked.ask === "reset") return void (await card.reset());
  if (asked.ask === "close") return void (await card.close());
  throw errorOf({ reason: "message", en: "This is no question to a card.", ja: "カードへの要求ではありません。" });
}

/** Gives a card to whoever is at the other end of a `MessagePort`; until that end closes it, or is gone. */
export function lendCard(card: CardPort, port: MessagePort): void {
  port.addEventListener("message", async ({ data }: MessageEvent<Asked>) => {
    const { n, ask } = data ?? {};
    const answered: Answered = { n };
    try {
      answered.response = await perform(card, data);
    } catch (thrown) {
      answered.error = told(thrown);
    }
    port.postMessage(answered);
    if (ask === "close") port.close();
  });
  // A browser that tells of it: a worker that has ended uses no card any more.
  port.addEventListener("close", () => void card.close().catch(() => undefined));
  port.start();
}

/** The card that somebody lends at the other end of a `MessagePort`. Commands wait for those before them. */
export function borrowCard(port: MessagePort): CardPort {
  let count = 0;
  let before: Promise<unknown> = Promise.resolve();
  let over = false;
  const waiting = new Map<number, (answered: Answered) => void>();
  const end = () => {
    over = true;
    for (const [n, settle] of waiting) settle({ n, error: OVER });
    waiting.clear();
  };
  port.addEventListener("message", ({ data }: MessageEvent<Answered>) => {
    waiting.get(data.n)?.(data);
    waiting.delete(data.n);
  });
  port.addEventListener("close", end);
  port.start();

  const ask = (question: { ask: "transmit"; apdu: Uint8Array } | { ask: "reset" | "close" }) =>
    new Promise<Uint8Array | undefined>((resolve, reject) => {
      if (over) return reject(errorOf(OVER));
      const n = count++;
      waiting.set(n, ({ response, error }) => (error ? reject(errorOf(error)) : resolve(response)));
      port.postMessage({ n, ...question });
    });
  const inTurn = (question: Parameters<typeof ask>[0]) => {
    const turn = before.then(() => ask(question));
    before = turn.catch(() => undefined);
    return turn;
  };

  return {
    async transmit(apdu) {
      const response = await inTurn({ ask: "transmit", apdu });
      if (response instanceof Uint8Array) return response;
      throw errorOf({ reason: "message", en: "No response APDU came.", ja: "レスポンスAPDUがありません。" });
    },
    async reset() {
      await inTurn({ ask: "reset" });
    },
    async close() {
      if (over) return;
      await ask({ ask: "close" });
      end();
      port.close();
    },
  };
}
