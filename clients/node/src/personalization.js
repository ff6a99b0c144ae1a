import { Feedback } from "../gen/foreword/v1/event_pb.js";
import { Freshness } from "../gen/foreword/v1/freshness_pb.js";
import { blockOf } from "./block.js";
import { Client } from "./client.js";
import { isCorrection } from "./follow_ups.js";
import { KeptTexts } from "./kept_texts.js";
import { Recorder } from "./recorder.js";

/**
 * Who an agent works for: named by the application that runs it, never by a model. `sessionId` is the conversation.
 *
 * @typedef {{ userId: string, namespace?: string, sessionId?: string }} User
 */

/**
 * A block of a system prompt, in the form of the Messages API.
 *
 * @typedef {{ type: "text", text: string, cache_control?: { type: "ephemeral" } }} SystemBlock
 */

// The first read of a process connects, in a tenth of this on a busy machine; nobody notices it once.
const TIMEOUT_MS = 500;
const TEXT_BYTES_MAX = 8192;
const ITEM_ID_BYTES_MAX = 256;
const SESSION_ID_BYTES_MAX = 128;
const TOPICS_MAX = 32;
const TOPIC_BYTES_MAX = 128;

/**
 * Reads forewords and records events for agents; never throws once it is made, and never waits for long.
 *
 * A text is kept for five minutes for each conversation, so that its prompt keeps its bytes. A sidecar that does not
 * answer costs one wait of at most `timeoutMs`, then none for ten times as long.
 */
export class Personalization {
  #reads;
  #writes;
  #kept = new KeptTexts();
  #recorder;
  #maxTokens;
  #topics;

  /**
   * @param {string} [target] Where the sidecar serves: `unix:PATH` or `HOST:PORT`.
   * @param {object} [options]
   * @param {string} [options.namespace] The tenant's space of users that name none.
   * @param {number} [options.maxTokens] Budget of a foreword, 1 to 200.
   * @param {boolean} [options.records] Whether what users do is recorded.
   * @param {(text: string) => Iterable<string>} [options.topics] Says what a user's words are about, in topics of your
   *   own, which make a profile.
   * @param {number} [options.timeoutMs] Longest wait for a foreword.
   * @param {(error: import("./error.js").ForewordError) => void} [options.onError] Is told of failures; by default a
   *   warning a minute.
   */
  constructor(target, options = {}) {
    const { namespace, maxTokens = 200, records = true, topics = () => [], timeoutMs = TIMEOUT_MS, onError } = options;
    this.#reads = new Client(target, { namespace, timeoutMs, onError });
    this.#writes = new Client(target, { namespace, onError });
    this.#recorder = records ? new Recorder(this.#writes) : undefined;
    this.#maxTokens = maxTokens;
    this.#topics = topics;
  }

  /**
   * Returns the user's foreword as a block for a prompt; empty when nothing is known or nobody is named.
   *
   * @param {User | undefined} user
   */
  async block(user) {
    if (!isNamed(user)) return "";
    const key = JSON.stringify([user.userId, user.namespace, user.sessionId]);
    const began = performance.now();
    const kept = this.#kept.find(key, began);
    if (kept !== undefined) return blockOf(kept);
    const reads = user.namespace === undefined ? this.#reads : this.#reads.within(user.namespace);
    const { text, freshness } = await reads.foreword(user.userId, { maxTokens: this.#maxTokens });
    const now = performance.now();
    // No sidecar sends this: nobody answered.
    const isFailed = freshness === Freshness.UNSPECIFIED;
    return blockOf(isFailed ? this.#kept.failed(key, began, now) : this.#kept.put(key, text, now));
  }

  /**
   * Returns a system prompt for the Messages API: the instructions, which all users share in a provider's cache, and
   * behind them the foreword, which keeps its bytes for as long as the conversation goes on.
   *
   * @param {string} instructions
   * @param {User | undefined} user
   * @returns {Promise<SystemBlock[]>}
   */
  async system(instructions, user) {
    const block = await this.block(user);
    return [instructions, block]
      .filter((text) => text)
      .map((text) => ({ type: "text", text, cache_control: { type: "ephemeral" } }));
  }

  /**
   * Records that a user asked for something; after an answer that it corrects, as a correction.
   *
   * @param {User | undefined} user
   * @param {string} text Their words; cut at 8,192 bytes.
   * @param {string} [answered] What the agent said last, where it is known.
   */
  request(user, text, answered = "") {
    const isCorrecting = isCorrection(text, answered);
    const type = isCorrecting ? "agent.follow_up" : "agent.request";
    const feedback = isCorrecting ? Feedback.CORRECTION : Feedback.UNSPECIFIED;
    this.#record(user, { type, text: cut(text, TEXT_BYTES_MAX), topics: this.#topicsOf(text), feedback });
  }

  /**
   * Records that a user corrected an answer: the next foreword says how answers shall be.
   *
   * @param {User | undefined} user
   * @param {string} text Their words; cut at 8,192 bytes.
   */
  correction(user, text) {
    const feedback = Feedback.CORRECTION;
    this.#record(user, { type: "agent.follow_up", text: cut(text, TEXT_BYTES_MAX), feedback });
  }

  /**
   * Records that the agent used a tool, and by what kind of error it failed, if it did; never its arguments.
   *
   * @param {User | undefined} user
   * @param {string} tool
   * @param {string} [errorType]
   */
  toolCall(user, tool, errorType) {
    const name = cut(tool, ITEM_ID_BYTES_MAX);
    /** @type {Record<string, string>} */
    const attributes = { tool: name, outcome: errorType ? "error" : "ok" };
    if (errorType) attributes.error_type = cut(errorType, ITEM_ID_BYTES_MAX);
    this.#record(user, { type: "agent.tool_call", itemId: cut(`tool:${tool}`, ITEM_ID_BYTES_MAX), attributes });
  }

  /**
   * Records what a user made of an answer.
   *
   * @param {User | undefined} user
   * @param {{ accepted?: boolean, value?: number, text?: string }} said Whether they took it, how good it was from 0 to
   *   1, and what they said of it.
   */
  outcome(user, { accepted, value, text = "" }) {
    const feedback = accepted === undefined ? Feedback.UNSPECIFIED : accepted ? Feedback.ACCEPT : Feedback.REJECT;
    this.#record(user, { type: "agent.outcome", text: cut(text, TEXT_BYTES_MAX), value, feedback });
  }

  /**
   * Records that a conversation is over: a new user's profile is written within a second of it.
   *
   * @param {User | undefined} user
   */
  sessionEnd(user) {
    this.#record(user, { type: "session.end" });
  }

  /**
   * Waits until all events so far are recorded, for at most `timeoutMs`; returns whether they are.
   *
   * @param {number} [timeoutMs]
   */
  async flush(timeoutMs) {
    return (await this.#recorder?.flush(timeoutMs)) ?? true;
  }

  /** Sends what is not recorded yet, for at most a second, and disconnects. */
  async close() {
    await this.#recorder?.close();
    this.#reads.close();
    this.#writes.close();
  }

  /**
   * @param {User | undefined} user
   * @param {Omit<import("./recorder.js").EventLike, "$typeName">} fields
   */
  #record(user, fields) {
    if (!isNamed(user)) return;
    const { userId, namespace, sessionId = "" } = user;
    this.#recorder?.add({ ...fields, userId, namespace, sessionId: cut(sessionId, SESSION_ID_BYTES_MAX) });
  }

  /** @param {string} text */
  #topicsOf(text) {
    try {
      return [...this.#topics(text)].slice(0, TOPICS_MAX).map((topic) => cut(topic, TOPIC_BYTES_MAX));
    } catch (error) {
      // The application's own code: its agent must not end by it.
      console.warn(`foreword: an event has no topics, since \`topics\` threw ${error}`);
      return [];
    }
  }
}

/**
 * Returns whether a user is named, whatever an application without types handed on.
 *
 * @param {User | undefined} user
 * @returns {user is User}
 */
export function isNamed(user) {
  return typeof user?.userId === "string" && user.userId !== "";
}

/**
 * Returns the beginning of a text within a number of bytes, in whole letters.
 *
 * @param {string} text
 * @param {number} bytesMax
 */
function cut(text, bytesMax) {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  let end = bytesMax;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}
