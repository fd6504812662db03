/** The two ends of a world that lives in a worker: whoever serves it, and whoever calls it. */
import type { Snapshot, World, WorldOptions } from "./esim_lab.js";

/** What a port of a browser's worker and one of `node:worker_threads` have in common. */
export interface Line {
  send(message: unknown): void;
  hear(told: (message: unknown) => void): void;
}

/** A snapshot that stays in the worker. */
export interface RemoteSnapshot {
  readonly id: number;
  /** Has the worker forget it. */
  free(): Promise<void>;
}

type Own = "free" | "snapshot" | "restore" | symbol;

/** A `World` whose every method is async, and whose getters are methods. Calls are done one after the other. */
export type RemoteWorld = {
  [K in keyof World as K extends Own ? never : K]: World[K] extends (...given: infer A) => infer R
    ? (...given: A) => Promise<Awaited<R>>
    : () => Promise<World[K]>;
} & {
  /** Undefined where the SM is outside. */
  snapshot(): Promise<RemoteSnapshot | undefined>;
  restore(snapshot: RemoteSnapshot): Promise<void>;
  /** Ends the worker, and the world in it; calls that wait fail. */
  terminate(): void;
};

type Call = { n: number; name: string; given: unknown[] };
type Answer = { n: number; value?: unknown; error?: { name: string; message: string } };

/** Serves one world, which the first call makes. */
export function serveWorld(line: Line, make: (options: WorldOptions) => Promise<World>): void {
  let world: World | undefined;
  let count = 0;
  const snapshots = new Map<number, Snapshot>();

  async function perform({ name, given }: Call): Promise<unknown> {
    if (name === "open") {
      world = await make(given[0] as WorldOptions);
      return undefined;
    }
    if (!world) throw new Error("no world is open");
    const kept = snapshots.get(given[0] as number);
    switch (name) {
      case "snapshot": {
        const taken = world.snapshot();
        if (taken) snapshots.set(++count, taken);
        return taken && count;
      }
      case "restore":
        if (!kept) throw new Error("this snapshot is none of this world, or was freed");
        return world.restore(kept);
      case "forget":
        snapshots.delete(given[0] as number);
        return kept?.free();
    }
    const member: unknown = name === "constructor" || name === "free" ? undefined : Reflect.get(world, name);
    if (member === undefined) throw new TypeError(`a world has no ${name}`);
    return typeof member === "function" ? await Reflect.apply(member, world, given) : member;
  }

  let before: Promise<void> = Promise.resolve();
  line.hear((message) => {
    const call = message as Call;
    before = before.then(async () => {
      const answer: Answer = { n: call.n };
      try {
        answer.value = await perform(call);
      } catch (thrown) {
        const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
        answer.error = { name, message };
      }
      line.send(answer);
    });
  });
}

/** Opens a world at the other end. What it throws comes back as an `Error` with its sentence. */
export async function callWorld(
  line: Line,
  options: WorldOptions,
  lost: (told: (why: Error) => void) => void,
  end: () => void,
): Promise<RemoteWorld> {
  let count = 0;
  let over: Error | undefined;
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (why: Error) => void }>();
  const close = (why: Error) => {
    over ??= why;
    for (const { reject } of waiting.values()) reject(over);
    waiting.clear();
    end();
  };
  lost(close);
  line.hear((message) => {
    const { n, value, error } = message as Answer;
    const call = waiting.get(n);
    waiting.delete(n);
    if (error) call?.reject(Object.assign(new Error(error.message), { name: error.name }));
    else call?.resolve(value);
  });
  const ask = (name: string, ...given: unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      if (over) return reject(over);
      const n = count++;
      try {
        line.send({ n, name, given } satisfies Call);
        waiting.set(n, { resolve, reject });
      } catch (why) {
        reject(why instanceof Error ? why : new Error(String(why)));
      }
    });

  try {
    await ask("open", options);
  } catch (why) {
    end();
    throw why;
  }
  const own: Record<string, unknown> = {
    // A promise of it is no promise of a promise.
    then: undefined,
    async snapshot() {
      const id = await ask("snapshot");
      return id === undefined ? undefined : { id, free: () => ask("forget", id) };
    },
    restore: ({ id }: RemoteSnapshot) => ask("restore", id),
    terminate: () => close(new Error("the worker was ended")),
  };
  const calls = new Proxy(own, {
    get: (own, name) =>
      typeof name === "symbol" || name in own ? Reflect.get(own, name) : (...given: unknown[]) => ask(name, ...given),
  });
  return calls as unknown as RemoteWorld;
}
