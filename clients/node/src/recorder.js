import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { ErrorReason } from "../gen/foreword/v1/error_reason_pb.js";

/** @typedef {import("./client.js").EventLike} EventLike */

// Ten seconds of a busy process, which outlasts a restart of the sidecar, and about a megabyte; the oldest go first.
const EVENTS_MAX = 1000;
// Events of one run go out in one call; shorter than anybody notices who reads what was recorded.
const LINGER_MS = 50;
const RETRY_MS = 1000;
const CLOSE_MS = 1000;

/**
 * Sends events behind the call; `add` neither waits nor throws. While no sidecar answers, the newest 1,000 wait; those
 * of a process that ends meanwhile are lost.
 */
export class Recorder {
  #client;
  /** @type {EventLike[]} */
  #events = [];
  #name = randomBytes(12).toString("hex");
  #count = 0;
  /** @type {Promise<void> | undefined} */
  #run;
  #isClosed = false;

  /** @param {{ record(events: EventLike[]): Promise<import("./client.js").RecordEventsResponse> }} client */
  constructor(client) {
    this.#client = client;
  }

  /**
   * Hands over an event; it gets its id here, so that sending it twice counts once.
   *
   * @param {EventLike} event
   */
  add(event) {
    if (this.#isClosed) return;
    // Counted, not drawn: of events that arrive in one moment the ids say which was first.
    this.#count += 1;
    this.#events.push({ eventId: `${this.#name}-${String(this.#count).padStart(8, "0")}`, ...event });
    if (this.#events.length > EVENTS_MAX) this.#events.shift();
    this.#run ??= this.#send().finally(() => {
      this.#run = undefined;
    });
  }

  /**
   * Waits until all events so far are recorded, for at most `timeoutMs`; returns whether they are.
   *
   * @param {number} [timeoutMs]
   */
  async flush(timeoutMs = CLOSE_MS) {
    if (!this.#run) return true;
    const ended = new AbortController();
    const late = sleep(timeoutMs, false, { signal: ended.signal }).catch(() => false);
    try {
      return await Promise.race([this.#run.then(() => true), late]);
    } finally {
      ended.abort();
    }
  }

  /** Sends what is left, for at most a second; what no sidecar takes by then, and later events, are dropped. */
  async close() {
    this.#isClosed = true;
    await this.flush();
    this.#events = [];
  }

  async #send() {
    await sleep(LINGER_MS);
    while (this.#events.length) {
      const events = this.#events.splice(0);
      const { refused } = await this.#client.record(events);
      // What a sidecar refused has a reason; without one nobody took it.
      if (!this.#isClosed && refused.some(({ reason }) => reason === ErrorReason.UNSPECIFIED)) {
        // The sidecar's own clock tells when an event happened that it gets at once, whatever ours says.
        const time = timestampNow();
        this.#events = [...events.map((event) => ({ time, ...event })), ...this.#events].slice(-EVENTS_MAX);
        // A process that has nothing else to do ends.
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }
}
