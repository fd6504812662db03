// Devices as a browser gives them, with somebody else's octets behind them.

const put = (name, value) => Object.defineProperty(navigator, name, { configurable: true, value });
const fault = (name, message) => new DOMException(message, name);

/** A browser without it. */
export const without = (name) => put(name, undefined);

/** Web Serial with one port. What stands behind it takes octets and gives some. */
export function serial(receive, how) {
  let controller;
  const port = {
    readable: null,
    writable: null,
    baudRate: 0,
    async open({ baudRate }) {
      if (how === "busy") throw fault("NetworkError", "Failed to open serial port.");
      if (this.readable) throw fault("InvalidStateError", "The port is already open.");
      this.baudRate = baudRate;
      this.readable = new ReadableStream({ start: (it) => void (controller = it) });
      this.writable = new WritableStream({
        write: (octets) => {
          const answer = receive(octets);
          // In pieces, as a port has them.
          for (let at = 0; at < answer.length; at += 61) controller.enqueue(answer.slice(at, at + 61));
        },
      });
    },
    async close() {
      if (this.readable?.locked || this.writable?.locked) throw new TypeError("Cannot cancel a locked stream");
      this.readable = this.writable = null;
    },
    /** Something on the line, after which the port has another stream. */
    disturb() {
      controller.error(fault("FramingError", "A framing error."));
      this.readable = new ReadableStream({ start: (it) => void (controller = it) });
    },
    lose() {
      this.readable = null;
      controller.error(fault("NetworkError", "The device has been lost."));
    },
  };
  const requestPort = async () => {
    if (how === "cancelled") throw fault("NotFoundError", "No port selected by the user.");
    return port;
  };
  put("serial", { requestPort });
  return port;
}

/** WebUSB with one device, whose configuration descriptor this is. What stands behind it answers with transfers. */
export function usb(receive, descriptors, interfaceClass, how) {
  // What Rust gives is its own memory, which is another thing later.
  const described = descriptors.slice();
  const came = [];
  let awaited;
  let lost = false;
  const gone = () => fault("NetworkError", "The device was disconnected.");
  const endpoint = (direction, endpointNumber) => ({ direction, endpointNumber, type: "bulk", packetSize: 64 });
  const alternates = [{ interfaceClass, endpoints: [endpoint("in", 1), endpoint("out", 2)] }];
  const configuration = { configurationValue: 1, interfaces: [{ interfaceNumber: 0, alternates }] };
  const view = (octets) => ({ status: "ok", data: new DataView(octets.slice().buffer) });
  const device = {
    productName: "A reader",
    configuration: null,
    configurations: [configuration],
    isOpen: false,
    async open() {
      if (how === "denied") throw fault("SecurityError", "Access denied.");
      this.isOpen = true;
    },
    async close() {
      this.isOpen = false;
    },
    async selectConfiguration(value) {
      if (value === 1) this.configuration = configuration;
    },
    async claimInterface(number) {
      if (how === "busy") throw fault("NetworkError", "Unable to claim interface.");
      if (how === "protected") throw fault("SecurityError", "The requested interface implements a protected class.");
      if (number !== 0) throw fault("NotFoundError", "There is no such interface.");
    },
    async controlTransferIn({ requestType, recipient, request, value }, length) {
      const is = requestType === "standard" && recipient === "device" && request === 6 && value === 0x200;
      return is ? view(described.slice(0, length)) : { status: "stall" };
    },
    async transferOut(number, octets) {
      if (lost) throw gone();
      if (number !== 2) throw fault("NotFoundError", "There is no such endpoint.");
      for (const transfer of receive(octets)) came.push(transfer);
      if (came.length > 0 && awaited) awaited.resolve(view(came.shift())), (awaited = undefined);
      return { status: "ok" };
    },
    async transferIn(number, length) {
      if (lost) throw gone();
      if (number !== 1 || length % 64 !== 0) throw fault("NotFoundError", "There is no such endpoint.");
      if (came.length > 0) return view(came.shift());
      return new Promise((resolve, reject) => (awaited = { resolve, reject }));
    },
    lose() {
      lost = true;
      awaited?.reject(gone());
    },
  };
  const requestDevice = async ({ filters }) => {
    if (how === "cancelled" || !filters.some(({ classCode }) => classCode === interfaceClass))
      throw fault("NotFoundError", "No device selected.");
    return device;
  };
  put("usb", { requestDevice });
  return device;
}

/** The Web Smart Card API with two readers, the second of which has a card. */
export function smartCard(transmit, reset, how) {
  const refuse = (responseCode) => Object.assign(fault("SmartCardError", responseCode), { responseCode });
  const log = [];
  const connection = () => ({
    async transmit(apdu) {
      if (how.lost) throw refuse("removed-card");
      return transmit(new Uint8Array(apdu)).slice().buffer;
    },
    status: async () => ({ readerName: "Reader B", state: "negotiable", answerToReset: new Uint8Array([0x3b, 0]).buffer }),
    async disconnect(disposition) {
      log.push(disposition);
      if (disposition === "reset") reset();
    },
  });
  const context = {
    listReaders: async () => (how.empty ? [] : ["Reader A", "Reader B"]),
    getStatusChange: async (states) =>
      states.map(({ readerName }) => ({ readerName, eventState: { present: readerName === "Reader B" } })),
    async connect(reader, mode, { preferredProtocols }) {
      log.push(`${reader} ${mode} ${preferredProtocols}`);
      if (reader !== "Reader B") throw refuse("no-smartcard");
      if (how.shared) throw refuse("sharing-violation");
      return { connection: connection(), activeProtocol: "t0" };
    },
  };
  put("smartCard", { establishContext: async () => context });
  return log;
}

const equal = (left, right, what) => {
  const [one, two] = [left, right].map((it) => JSON.stringify(it));
  if (one !== two) throw new Error(`${what}: ${one} in place of ${two}`);
};

/** Why something is refused: `reason`. Both languages say it. */
export async function reason(promise) {
  try {
    await promise;
  } catch (error) {
    const { name, reason, en, ja, message } = error;
    if (name !== "CardError" || !en || !ja || message !== en) throw error;
    return reason;
  }
  return "none";
}

/**
 * All that an LPA does, for a real card, with the SM in the page. `refresh` is what a modem does by itself when the card
 * wants it, and nobody does for a modem.
 */
export async function story(world, lpa, refresh) {
  await world.perform({ order: { id: "op", serviceProviderName: "My MNO" } });
  const [{ activationCode, iccid }] = await world.orders();
  equal(await lpa.list(), [], "an empty card");
  equal((await lpa.info()).eid.length, 32, "the EID");

  const asked = [];
  const seen = { percent: 0, records: 0 };
  const outcome = await lpa.download({
    activationCode,
    ask: async (question) => {
      asked.push(question.type, question.profile.serviceProviderName, question.installable);
      return { type: "accept" };
    },
    progress: ({ percent, records }) => {
      seen.percent = Math.max(seen.percent, percent);
      seen.records += records.length;
    },
  });
  if (!outcome.good) throw new Error(outcome.outcome.en);
  equal(asked, ["consent", "My MNO", true], "what was asked");
  equal(seen.percent, 100, "progress");
  equal(outcome.profile.iccid, iccid, "what was installed");

  await lpa.enable(iccid);
  refresh();
  await lpa.nickname(iccid, "Mine");
  const [profile] = await lpa.list();
  equal([profile.facts.iccid, profile.enabled, profile.nickname], [iccid, true, "Mine"], "the profile");
  const waiting = (await lpa.notifications()).map(({ event }) => event);
  equal(waiting, ["enable"], "what waits");
  equal((await lpa.deliver()).sent.length, 1, "what was delivered");
  await lpa.disable(iccid);
  refresh();
  equal(await reason(lpa.delete(iccid)), "confirm", "deleting without a word");
  await lpa.delete(iccid, "delete");
  equal(await lpa.list(), [], "the card afterwards");
  equal(await reason(lpa.enable(iccid)), "refused", "what is not there");
  const [last] = (await lpa.notifications()).slice(-1);
  equal(last.event, "delete", "the last that waits");
  await lpa.dropNotification(last.sequenceNumber, "drop");
  equal((await lpa.notifications()).map(({ event }) => event), ["disable"], "what is left");

  const trace = lpa.trace();
  const between = (from, to, at) => trace.some((it) => it.from === from && it.to === to && it.interface === at);
  const all = ["APDU", "ES10b", "ES10c"].map((at) => between("lpa", "euicc", at) && between("euicc", "lpa", at));
  equal([...all, between("lpa", "sm", "ES9+")], [true, true, true, true], "the trace");
  if (seen.records < 100) throw new Error(`${seen.records} records were told of`);
  equal(lpa.exportTrace().trim().split("\n").length, trace.length, "the trace as lines");
  if (!lpa.explain(0)) throw new Error("nothing is explained");
}

/** A download whose card is lost in the middle; what goes on with it. */
export async function cutOff(world, lpa, lose) {
  await world.perform({ order: { id: "op", serviceProviderName: "My MNO" } });
  const [{ activationCode }] = await world.orders();
  let is_lost = false;
  const outcome = await lpa.download({
    activationCode,
    consent: true,
    progress: ({ percent }) => {
      if (percent > 40 && !is_lost) (is_lost = true), lose();
    },
  });
  if (outcome.good || !is_lost) throw new Error("it was not lost");
  equal(await reason(lpa.list()), "gone", "a lost card");
  return outcome.unfinished;
}

export async function goOn(lpa, unfinished) {
  const outcome = await lpa.resume(unfinished, { consent: true });
  if (!outcome.good) throw new Error(outcome.outcome.en);
  equal((await lpa.list()).length, 1, "the profile");
}
