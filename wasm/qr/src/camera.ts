/** A camera that looks for a code: for a page that was asked to, by a click. */
import { look, type Code } from "./esim_qr.js";

/**
 * What is wrong with a camera: its use was refused; there is none; another program has it; this browser or this address
 * (neither https nor this very machine) has none to give; it went away while it was looked through.
 */
export type Trouble = "denied" | "none" | "busy" | "unsupported" | "lost";

const TROUBLES: Record<Trouble, { en: string; ja: string }> = {
  denied: {
    en: "The camera may not be used: allow it for this page in the browser's settings, or choose a picture of the code.",
    ja: "カメラの使用が許可されていません。ブラウザの設定でこのページに許可するか、コードの画像を選んでください。",
  },
  none: {
    en: "No camera is found: connect one, or choose a picture of the code.",
    ja: "カメラが見つかりません。カメラを接続するか、コードの画像を選んでください。",
  },
  busy: {
    en: "The camera cannot be started, most likely because another program uses it: close that, and try again.",
    ja: "カメラを起動できません。他のアプリが使用中と思われます。そのアプリを終了して、もう一度お試しください。",
  },
  unsupported: {
    en: "This browser gives no camera to this page: open the page by https, or choose a picture of the code.",
    ja: "このブラウザでは、このページからカメラを使えません。https で開くか、コードの画像を選んでください。",
  },
  lost: {
    en: "The camera has stopped: connect it again, and try once more.",
    ja: "カメラの映像が途切れました。接続を確かめて、もう一度お試しください。",
  },
};

/** Thrown where a camera cannot be looked through; `message` is English. */
export class CameraError extends Error {
  readonly trouble: Trouble;
  /** The same in Japanese. */
  readonly ja: string;

  constructor(trouble: Trouble, cause?: unknown) {
    super(TROUBLES[trouble].en, { cause });
    this.name = "CameraError";
    this.trouble = trouble;
    this.ja = TROUBLES[trouble].ja;
  }
}

/** The camera's frames, after a click; the one at the back where there are two. Throws a `CameraError`. */
export async function openCamera(): Promise<MediaStream> {
  if (!globalThis.navigator?.mediaDevices?.getUserMedia)
    throw new CameraError("unsupported");
  try {
    const video = {
      facingMode: "environment",
      width: { ideal: 1280 },
      height: { ideal: 720 },
    };
    return await navigator.mediaDevices.getUserMedia({ video });
  } catch (cause) {
    throw new CameraError(troubleOf(cause), cause);
  }
}

/** By the name of what `getUserMedia` throws (Media Capture and Streams, 10.2.1). */
function troubleOf(cause: unknown): Trouble {
  switch (
    cause instanceof Error || cause instanceof DOMException ? cause.name : ""
  ) {
    case "NotAllowedError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "unsupported";
  }
}

export interface Watching {
  /** Where the reader sees what the camera sees; without it nothing is shown. */
  video?: HTMLVideoElement;
  /** Stops it. */
  signal?: AbortSignal;
  /** Of every frame: what was seen, with corners in pixels of the camera's picture, `width` by `height`. */
  seen?: (codes: Code[], width: number, height: number) => void;
  /** Which code is meant; an activation code if absent. */
  wanted?: (code: Code) => boolean;
}

/** Longest side of what is looked at, in pixels: enough for a code that is held before a camera, and fast. */
const LONGEST = 800;

/**
 * Looks at a stream's frames, one after the other, until there is a code; undefined where `signal` has stopped it. The
 * stream's tracks are stopped in any case. `init` of the module must have been awaited. Throws a `CameraError` where the
 * stream ends.
 */
export async function watch(
  stream: MediaStream,
  options: Watching = {},
): Promise<Code | undefined> {
  const {
    video = document.createElement("video"),
    signal,
    seen,
    wanted = (code) => code.activation !== undefined,
  } = options;
  const tracks = stream.getTracks();
  const over = new AbortController();
  const stopped = new Promise<undefined>((stop, fail) => {
    const events = { signal: over.signal };
    if (signal?.aborted) stop(undefined);
    signal?.addEventListener("abort", () => stop(undefined), events);
    for (const track of tracks)
      track.addEventListener(
        "ended",
        () => fail(new CameraError("lost")),
        events,
      );
    if (tracks.every((track) => track.readyState === "ended"))
      fail(new CameraError("lost"));
  });
  stopped.catch(() => undefined);
  try {
    Object.assign(video, { srcObject: stream, muted: true, playsInline: true });
    await Promise.race([video.play(), stopped]);
    const canvas = document.createElement("canvas");
    for (;;) {
      if ((await Promise.race([frame(video), stopped])) === undefined)
        return undefined;
      const codes = lookAt(video, canvas);
      seen?.(codes, video.videoWidth, video.videoHeight);
      const found = codes.find(wanted);
      if (found) return found;
    }
  } finally {
    over.abort();
    for (const track of tracks) track.stop();
    video.srcObject = null;
  }
}

/** Once there is another frame. Between two of them the page has its turn. */
function frame(video: HTMLVideoElement): Promise<true> {
  return new Promise((done) => {
    if ("requestVideoFrameCallback" in video)
      video.requestVideoFrameCallback(() => done(true));
    else setTimeout(() => done(true), 100);
  });
}

function lookAt(video: HTMLVideoElement, canvas: HTMLCanvasElement): Code[] {
  const scale = Math.max(
    1,
    Math.max(video.videoWidth, video.videoHeight) / LONGEST,
  );
  const [width, height] = [
    Math.floor(video.videoWidth / scale),
    Math.floor(video.videoHeight / scale),
  ];
  if (width === 0 || height === 0) return [];
  if (canvas.width !== width || canvas.height !== height)
    Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return [];
  context.drawImage(video, 0, 0, width, height);
  const picture = context.getImageData(0, 0, width, height);
  const { codes } = look(new Uint8Array(picture.data.buffer), width, height);
  for (const corner of codes.flatMap((code) => code.corners)) {
    corner.x *= video.videoWidth / width;
    corner.y *= video.videoHeight / height;
  }
  return codes;
}
