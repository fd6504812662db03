/**
 * The story of a device, as `esim-lab demo` tells it. Where it has come to is read off the device and the network;
 * what happens next is what the reader could do by hand.
 */
import { journal } from "../lib/journal.svelte";
import { USUAL, player } from "../lib/player.svelte";
import { session } from "../lib/session.svelte";
import { kindOf } from "../lib/world";
import { usual } from "../network/tries";

interface WalkChapter {
  name: string;
  title: [string, string];
  text: [string, string];
  button?: [string, string];
  isDone: () => boolean;
  act?: () => Promise<void>;
}

const operational = () => session.phone?.profiles.find((one) => one.class === "operational");
const inService = (as: string) => session.picture?.service.state === "in-service" && session.picture.class === as;
const hasTried = (as: string) =>
  ["browse", "call", "text"].every((what) => journal.tried.some((one) => one.as === as && kindOf(one.act) === what));

async function tryAll() {
  for (const attempt of [
    () => player.browse(usual.host),
    () => player.call(),
    () => player.text(usual.to, usual.text),
  ]) {
    await attempt();
    await walk.rest();
  }
}

const CHAPTERS: readonly WalkChapter[] = [
  {
    name: "factory",
    title: ["Leaves the factory with a provisioning profile (PP)", "プロビジョニングプロファイル(PP)で出荷"],
    text: [
      "This card has none: start over to get a device from the factory.",
      "このカードにはありません。「最初から」で出荷状態の端末になります。",
    ],
    isDone: () => (session.phone?.provisioning.length ?? 0) > 0 || operational() !== undefined,
  },
  {
    name: "radio",
    title: ["Power on: the network recognises the PP", "電源オン: 網がPPと認識"],
    text: [
      "The modem reads the USIM and attaches. The gateway puts the SM's APN in the place of whatever was asked for.",
      "モデムがUSIMを読んで登録します。どのAPNを求めても、ゲートウェイがSMのAPNに置き換えます。",
    ],
    button: ["Switch the radio on", "電波をオン"],
    isDone: () => inService("provisioning") || inService("operational"),
    act: () => player.attach(),
  },
  {
    name: "barred",
    title: ["The web, a call, a message: refused", "Web、電話、SMSは拒否される"],
    text: [
      "Three attempts, each answered by the node whose matter it is. Look at the crossed paths.",
      "3つ試すと、それぞれ受け持つノードが答えます。×の付いた経路を見てください。",
    ],
    button: ["Try the three", "3つとも試す"],
    isDone: () => hasTried("provisioning") || operational() !== undefined,
    act: tryAll,
  },
  {
    name: "download",
    title: ["The operational profile (OP) comes by the one open path", "運用プロファイル(OP)を唯一の経路で取得"],
    text: [
      "Modem, cell, gateway, traffic policy, SM: the LPA's HTTPS goes this way.",
      "LPAのHTTPSは、モデム、基地局、ゲートウェイ、通信制御を通ってSMに届きます。",
    ],
    button: ["Order and download it", "注文してダウンロード"],
    isDone: () => operational() !== undefined && !journal.underWay,
    act: () => player.download(USUAL),
  },
  {
    name: "switch",
    title: ["Enabled: REFRESH, and the device attaches anew", "有効にするとREFRESH、登録し直し"],
    text: [
      "The modem takes its leave, the card starts over, another subscriber registers.",
      "モデムが網を離れ、カードが再起動し、別の加入者として登録します。",
    ],
    button: ["Enable it", "有効にする"],
    isDone: () => inService("operational"),
    act: async () => {
      const op = journal.newest?.class === "operational" ? journal.newest : operational();
      if (op?.state === "disabled") await player.enable(op.iccid);
      if (!player.error && session.picture?.service.state === "off") await player.attach();
    },
  },
  {
    name: "open",
    title: ["Service by contract: the paths are open", "契約どおり: 経路が開く"],
    text: ["The same three attempts, the same network.", "同じ3つを、同じ網で試します。"],
    button: ["Try the three again", "もう一度3つとも試す"],
    isDone: () => hasTried("operational"),
    act: tryAll,
  },
  {
    name: "report",
    title: ["The SM is told", "SMに通知"],
    text: [
      "The card's notifications go to the SM, over the new subscription.",
      "カードの通知が、新しい契約でSMに届きます。",
    ],
    button: ["Send the notifications", "通知を送る"],
    isDone: () => session.phone?.notifications === 0,
    act: () => player.notify(),
  },
];

class Walk {
  readonly chapters = CHAPTERS;
  /** The story goes on by itself. */
  playing = $state(false);

  /** The chapter that comes next; undefined at the end. */
  get at(): number | undefined {
    const next = CHAPTERS.findIndex((chapter) => !chapter.isDone());
    return next < 0 ? undefined : next;
  }

  /** Goes on to the end, and agrees to the download on the way. */
  play = async () => {
    this.playing = true;
    const atOnce = player.useAtOnce;
    player.useAtOnce = false;
    while (this.playing && this.at !== undefined && !player.error) {
      const now = this.at;
      await CHAPTERS[now]?.act?.();
      if (journal.step?.question?.kind === "consent") {
        await this.rest();
        if (this.playing) await player.answer("accept");
      }
      // A pause in the middle of a download, or an ending that leads nowhere.
      if (this.at === now) break;
      await this.rest();
    }
    this.playing = false;
    player.useAtOnce = atOnce;
  };

  /** Time to look. */
  rest = () => new Promise<void>((resume) => setTimeout(resume, player.pause * 3));
}

export const walk = new Walk();
