// As long as providers keep a prompt from its last use: a text that changed sooner would cost the cache of all that
// stands behind it.
const KEEP_MS = 300_000;
// A conversation goes on with the text it had while no sidecar answers, so that its prefix does not change twice. What
// was said of somebody an hour ago is no longer said.
const KEEP_WITHOUT_SIDECAR_MS = 3_600_000;
// Some 10 MB at a kilobyte a text; more conversations at once than one process holds.
const TEXTS_MAX = 10_000;
// A read that failed after half a second is followed by five seconds without one.
const PAUSE_FACTOR = 10;
// What fails sooner costs nothing worth a pause.
const CHEAP_MS = 10;

/** The newest texts by user and conversation. Times are milliseconds of a monotonic clock, given by the caller. */
export class KeptTexts {
  /** @type {Map<string, { text: string, readAt: number }>} */
  #texts = new Map();
  #pausedUntil = 0;

  /**
   * Returns the text to use without reading; undefined when it is to be read.
   *
   * @param {string} key
   * @param {number} now
   */
  find(key, now) {
    const kept = this.#texts.get(key);
    if (kept && now - kept.readAt < KEEP_MS) return kept.text;
    return now < this.#pausedUntil ? this.#old(key, now) : undefined;
  }

  /**
   * Keeps a text that was read and returns it. No text is not kept: it costs no cache, and one may come.
   *
   * @param {string} key
   * @param {string} text
   * @param {number} now
   */
  put(key, text, now) {
    // A Map goes by insertion: what was read longest ago is the first.
    this.#texts.delete(key);
    if (text) this.#texts.set(key, { text, readAt: now });
    const [first] = this.#texts.keys();
    if (this.#texts.size > TEXTS_MAX && first !== undefined) this.#texts.delete(first);
    return text;
  }

  /**
   * Notes that a read failed, and what time it cost; returns the text to use instead.
   *
   * @param {string} key
   * @param {number} began
   * @param {number} now
   */
  failed(key, began, now) {
    const cost = now - began;
    if (cost > CHEAP_MS) this.#pausedUntil = Math.max(this.#pausedUntil, now + cost * PAUSE_FACTOR);
    return this.#old(key, now);
  }

  /**
   * @param {string} key
   * @param {number} now
   */
  #old(key, now) {
    const kept = this.#texts.get(key);
    return kept && now - kept.readAt < KEEP_WITHOUT_SIDECAR_MS ? kept.text : "";
  }
}
