import { create, fromBinary } from "@bufbuild/protobuf";
import { Freshness } from "../gen/foreword/v1/freshness_pb.js";
import { GetForewordResponseSchema, GetProfileResponseSchema } from "../gen/foreword/v1/profile_service_pb.js";
import { cutToBudget } from "./budget.js";
import { defaultForeword, defaultProfile } from "./defaults.js";
import { HEADER_BYTES, asksForRefresh, freshnessOf, userKey } from "./row.js";
import { Store } from "./store.js";
import { defaultRow, userRow } from "./stored.js";

export { ForewordError } from "./error.js";
export { Freshness } from "../gen/foreword/v1/freshness_pb.js";

/**
 * @typedef {import("./stored.js").Kind} Kind
 * @typedef {import("../gen/foreword/v1/profile_service_pb.js").GetProfileResponse} GetProfileResponse
 * @typedef {import("../gen/foreword/v1/profile_service_pb.js").GetForewordResponse} GetForewordResponse
 */

/**
 * Reads the store in this process. A user nobody knows gets the default profile, as does one whose erasure was asked
 * for: a miss is never an error. It works before there is a store, and follows one that is restored or compacted.
 * Where the package `unix-dgram` is installed, the sidecar is told of users who are refreshed when read, by a datagram
 * that no read waits for.
 *
 * Two readers of one store in one process are refused. What it throws is a ForewordError: FIELD_INVALID for an
 * argument, STORE_CORRUPT, STORE_VERSION or STORE_UNUSABLE.
 */
export class LocalReader {
  #store;
  #namespace;

  /**
   * @param {string | Store} directory The store's folder, `store.directory` of the configuration, which need not be
   * there yet.
   * @param {{ namespace?: string, now?: () => number, tellsReads?: boolean }} [options] The tenant's space, what tells
   * the time in ms since 1970, and whether the sidecar is told of users who are refreshed when read.
   */
  constructor(directory, { namespace = "", now = Date.now, tellsReads = true } = {}) {
    this.#store = directory instanceof Store ? directory : new Store(directory, now, tellsReads);
    this.#namespace = namespace;
  }

  /** Whether the sidecar is told; false without `unix-dgram`, and in a worker thread. */
  get tellsReads() {
    return this.#store.tellsReads;
  }

  /**
   * Returns a reader of the same store for users of a namespace; at most 64 bytes.
   *
   * @param {string} namespace
   */
  within(namespace) {
    return new LocalReader(this.#store, { namespace });
  }

  /**
   * Returns the prompt-ready text about a user; empty when nothing is known.
   *
   * @param {string} userId
   * @param {{ maxTokens?: number }} [options] The budget, up to 200.
   */
  text(userId, options) {
    return this.foreword(userId, options).text;
  }

  /**
   * Returns the text within a budget, with its cuts and freshness.
   *
   * @param {string} userId
   * @param {{ maxTokens?: number }} [options]
   * @returns {GetForewordResponse}
   */
  foreword(userId, { maxTokens = 0 } = {}) {
    const row = this.#row("forewords", userId);
    const found = row ? fromBinary(GetForewordResponseSchema, row.subarray(HEADER_BYTES)) : defaultForeword();
    found.freshness = row ? freshnessOf(row, this.#store.now()) : Freshness.DEFAULT;
    cutToBudget(found, maxTokens);
    return found;
  }

  /**
   * Returns the profile of a user and how current it is.
   *
   * @param {string} userId
   * @returns {GetProfileResponse}
   */
  profile(userId) {
    const row = this.#row("profiles", userId);
    if (!row) {
      const profile = defaultProfile(userId, this.#namespace);
      return create(GetProfileResponseSchema, { profile, freshness: Freshness.DEFAULT });
    }
    const found = fromBinary(GetProfileResponseSchema, row.subarray(HEADER_BYTES));
    found.freshness = freshnessOf(row, this.#store.now());
    if (found.freshness === Freshness.DEFAULT && found.profile) {
      Object.assign(found.profile, { userId, namespace: this.#namespace });
    }
    return found;
  }

  /**
   * Returns when the scheduler last showed life; undefined when there is no store, or it never did. Profiles age
   * visibly without it: their freshness goes to stale, then to expired.
   */
  schedulerSeen() {
    const seen = this.#store.read(
      () => false,
      (get) => get("meta", Buffer.from("scheduler_seen_ms")),
    );
    return seen && new Date(Number(seen.readBigUInt64BE()));
  }

  /** Looks for a store that has appeared or was replaced; every read does so by itself, once in five seconds. */
  upkeep() {
    this.#store.upkeep();
  }

  /** Releases the store; reads after it find none. */
  close() {
    this.#store.close();
  }

  /**
   * Returns what a user is answered from: their row, or that of the default; undefined when even that is the built-in
   * one.
   *
   * @param {Kind} kind
   * @param {string} userId
   */
  #row(kind, userId) {
    const namespace = this.#namespace;
    const user = { userId, namespace, key: userKey(userId, namespace) };
    let asks = false;
    const row = this.#store.read(
      (get) => get("controls", user.key) !== undefined,
      (get, isErased) => {
        const own = isErased ? undefined : userRow(get, kind, user);
        asks = !isErased && asksForRefresh(own);
        return own ?? defaultRow(get, kind, namespace);
      },
    );
    if (asks) this.#store.tell(user.key);
    return row;
  }
}
