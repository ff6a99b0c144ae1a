import { existsSync } from "node:fs";
import { join } from "node:path";
import { DATA_FILE, Environment } from "./environment.js";
import { ForewordError } from "./error.js";
import { ReadNotes, canTell } from "./read_notes.js";

// How often a missing store is looked for, and a replaced one noticed.
const UPKEEP_MS = 5000;
// A restore puts its two files in place one after the other, within milliseconds; whoever looks in between looks again.
const LOOKS_MAX = 3;
const PROFILES = "profiles.lmdb";
const ACTIVITY = "activity.lmdb";
const RESTORE_MARK = "restore.pending";

/** What the readers of all namespaces share. */
export class Store {
  #directory;
  #notes;
  #upkeepDueMs = 0;
  /** @type {Map<string, Environment>} */
  #open = new Map();

  /**
   * @param {string} directory
   * @param {() => number} now
   * @param {boolean} tellsReads
   */
  constructor(directory, now, tellsReads) {
    this.#directory = directory;
    this.#notes = tellsReads && canTell ? new ReadNotes(directory) : undefined;
    this.now = now;
    try {
      this.upkeep();
    } catch (exc) {
      this.close();
      throw exc;
    }
  }

  /**
   * Looks into activity.lmdb for an erasure, then into profiles.lmdb: in this order, since an erasure that is over
   * has left no profile, and no row of its own.
   *
   * @template T
   * @param {(get: import("./environment.js").Get) => boolean} isErased
   * @param {(get: import("./environment.js").Get, isErased: boolean) => T} look
   */
  read(isErased, look) {
    if (performance.now() >= this.#upkeepDueMs) this.upkeep();
    const erased = this.#open.get(ACTIVITY)?.read(isErased) ?? false;
    return this.#open.get(PROFILES)?.read((get) => look(get, erased));
  }

  get tellsReads() {
    return this.#notes !== undefined;
  }

  /**
   * Has a user refreshed of whom an event was ever accepted.
   *
   * @param {Buffer} key
   */
  tell(key) {
    try {
      const isKnown = this.#notes && this.#open.get(ACTIVITY)?.read((get) => get("users", key) !== undefined);
      if (isKnown) this.#notes?.tell(key, this.now());
    } catch {
      // The read is answered all the same.
    }
  }

  upkeep() {
    if (this.#upkeepDueMs === Infinity) return;
    // Said at every call until the store can be used again; served meanwhile, nobody would be known.
    this.#upkeepDueMs = 0;
    this.#look();
    this.#upkeepDueMs = performance.now() + UPKEEP_MS;
  }

  /** Follows both environments, but for the time of a restore. */
  #look() {
    for (let look = 0; look < LOOKS_MAX; look++) {
      if (this.#isRestoring()) {
        if (look === 0) {
          this.#keepThroughRestore();
          return;
        }
        // It is looked at again because it may be of two stores.
        this.#letGo();
        throw this.#interrupted();
      }
      // Activity first: no profile is served before erasures can be looked up.
      this.#follow(ACTIVITY, ["controls", "users"]);
      this.#follow(PROFILES, ["profiles", "forewords", "watermarks", "defaults"]);
      if (this.#isRestoring()) {
        // It may have begun between the two.
        this.#letGo();
        throw this.#interrupted();
      }
      if (!this.#isOutdated(ACTIVITY) && !this.#isOutdated(PROFILES)) return;
    }
    if ([...this.#open.values()].some((open) => open.wasReplaced())) {
      this.#letGo();
      throw new ForewordError("STORE_UNUSABLE", `${this.#directory}: its files were replaced while they were opened`);
    }
  }

  /**
   * Whether another file has taken the place of the one that was opened, or the place that was empty.
   *
   * @param {string} name
   */
  #isOutdated(name) {
    const isThere = existsSync(join(this.#directory, name, DATA_FILE));
    const open = this.#open.get(name);
    return open ? !isThere || open.wasReplaced() : isThere;
  }

  #isRestoring() {
    return existsSync(join(this.#directory, RESTORE_MARK));
  }

  /**
   * Keeps both environments while a restore replaces them one by one: of two that do not belong together, one may have
   * a user whose erasure only the other knows of.
   */
  #keepThroughRestore() {
    if (!this.#open.has(PROFILES)) throw this.#interrupted();
    for (const open of this.#open.values()) {
      if (!open.wasReplaced()) open.upkeep();
    }
  }

  #interrupted() {
    const hint = "wait for its end; if it was interrupted, run `foreword store restore` again";
    const message = `a restore into ${this.#directory} is under way, or was interrupted`;
    return new ForewordError("STORE_UNUSABLE", message, { hint });
  }

  /**
   * Opens an environment that has appeared or was replaced, and gives up one that is gone.
   *
   * @param {string} name
   * @param {string[]} databases
   */
  #follow(name, databases) {
    const open = this.#open.get(name);
    if (open && !open.wasReplaced() && !open.isGone()) {
      open.upkeep();
      return;
    }
    this.#open.delete(name);
    open?.close();
    const found = Environment.open(join(this.#directory, name), databases);
    if (found) this.#open.set(name, found);
  }

  close() {
    this.#upkeepDueMs = Infinity;
    this.#letGo();
  }

  #letGo() {
    for (const open of this.#open.values()) open.close();
    this.#open.clear();
  }
}
