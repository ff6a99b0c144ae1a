import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import * as lmdb from "lmdb";
import { ForewordError } from "./error.js";
import { refuseCut } from "./pages.js";

// Of an environment's folder.
export const DATA_FILE = "data.mdb";

// Room for databases that a later Foreword adds.
const DATABASES_MAX = 32;
const SCHEMA_MAX = 2n;
// The 0.9 releases of LMDB end below this patch level; what is above writes and maps another format.
const FORMAT_0_9_PATCH_END = 70;

/** @typedef {(database: string, key: Uint8Array) => Buffer | undefined} Get Returns a row of a database. */

// LMDB forbids a second mapping of one environment in a process: closing either would drop the locks of both.
/** @type {Set<string>} */
const opened = new Set();

/** One open LMDB environment of a store, read while another process writes it. */
export class Environment {
  #root;
  #databases;
  #path;
  #file;

  /**
   * Opens an environment with those of the databases that are made; undefined when nobody has made it yet.
   *
   * @param {string} path
   * @param {string[]} databases
   */
  static open(path, databases) {
    const file = statSync(join(path, DATA_FILE), { throwIfNoEntry: false });
    if (!file?.size) return undefined;
    refuseOtherFormat();
    refuseCut(path);
    path = realpathSync(path);
    if (opened.has(path)) {
      throw new ForewordError("STORE_UNUSABLE", `${path} is open in this process; share the one LocalReader`);
    }
    const root = unusableUnless(path, () =>
      lmdb.open({
        path,
        // A folder: by its extension lmdb would take it for a file.
        noSubdir: false,
        readOnly: true,
        maxDbs: DATABASES_MAX,
        encoding: "binary",
        keyEncoding: "binary",
      }),
    );
    try {
      const opened = openDatabases(path, root, databases);
      if (opened) return new Environment(path, root, opened, file);
    } catch (exc) {
      root.close();
      throw exc;
    }
    root.close();
    return undefined;
  }

  /**
   * @param {string} path
   * @param {lmdb.RootDatabase} root
   * @param {Map<string, lmdb.Database>} databases
   * @param {import("node:fs").Stats} file
   */
  constructor(path, root, databases, file) {
    this.#path = path;
    this.#root = root;
    this.#databases = databases;
    this.#file = file;
    opened.add(path);
  }

  /**
   * Runs a function on one view of the environment, which is the newest.
   *
   * @template T
   * @param {(get: Get) => T} look Must not wait: the view is given up with the turn of the event loop.
   */
  read(look) {
    return unusableUnless(this.#path, () => {
      // Without it lmdb goes on with the view of an earlier read in this turn of the event loop.
      this.#root.resetReadTxn();
      return look((database, key) => this.#databases.get(database)?.getBinary(key));
    });
  }

  /** Tells whether another environment stands in this one's place, by a restore or a compaction. */
  wasReplaced() {
    const file = statSync(join(this.#path, DATA_FILE), { throwIfNoEntry: false });
    return file !== undefined && (file.ino !== this.#file.ino || file.dev !== this.#file.dev);
  }

  /**
   * Tells whether the store has no such environment any more, as after restoring a backup that lacks it. One that a swap
   * has put aside, or whose whole store is out of sight, is not gone.
   */
  isGone() {
    const isAside = !existsSync(this.#path) && existsSync(`${this.#path}.former`);
    return existsSync(dirname(this.#path)) && !isAside && !existsSync(join(this.#path, DATA_FILE));
  }

  /** Refuses to go on with a data file that was cut short, and frees the slots of readers that died. */
  upkeep() {
    refuseCut(this.#path);
    this.#root.readerCheck();
  }

  close() {
    opened.delete(this.#path);
    this.#root.close();
  }
}

/**
 * Returns undefined while the environment's writer has not finished making it.
 *
 * @param {string} path
 * @param {lmdb.RootDatabase} root
 * @param {string[]} names
 */
function openDatabases(path, root, names) {
  const open = (/** @type {string} */ name) => root.openDB({ name, encoding: "binary", keyEncoding: "binary" });
  /** @type {lmdb.Database | undefined} */
  const meta = open("meta");
  if (!meta) return undefined;
  const schema = meta.getBinary(Buffer.from("schema_version"));
  if (schema?.length !== 8) throw corrupt(`${path} is damaged: its row schema_version is gone`);
  if (schema.readBigUInt64BE() > SCHEMA_MAX) {
    const message = `${path} has schema ${schema.readBigUInt64BE()}; this client reads up to ${SCHEMA_MAX}`;
    throw new ForewordError("STORE_VERSION", message, { hint: "update the client" });
  }
  const made = String(meta.getBinary(Buffer.from("databases")) ?? "").split("\n");
  const databases = new Map([["meta", meta]]);
  for (const name of names) {
    /** @type {lmdb.Database | undefined} */
    const database = open(name);
    if (database) databases.set(name, database);
    else if (made.includes(name)) throw corrupt(`${path} is damaged: its database ${name} is gone`);
  }
  return databases;
}

/** Refuses the prebuilt binary of lmdb, which maps another data format, and dies of ours. */
function refuseOtherFormat() {
  const { version } = /** @type {{ version: { patch: number } }} */ (/** @type {unknown} */ (lmdb));
  if (version.patch < FORMAT_0_9_PATCH_END) return;
  const hint = "install it with LMDB_DATA_V1=true npm install lmdb --build-from-source";
  throw new ForewordError("STORE_UNUSABLE", "the package lmdb is built for another data format", { hint });
}

/**
 * Runs a function, and puts what LMDB says into our words.
 *
 * @template T
 * @param {string} path
 * @param {() => T} run
 * @returns {T}
 */
function unusableUnless(path, run) {
  try {
    return run();
  } catch (exc) {
    if (exc instanceof ForewordError) throw exc;
    if (/MDB_(CORRUPTED|PAGE_NOTFOUND|BAD_TXN|INVALID)/.test(String(exc))) throw corrupt(`${path} is damaged`, exc);
    throw new ForewordError("STORE_UNUSABLE", `${path} cannot be used: ${exc}`, { cause: exc });
  }
}

/**
 * @param {string} message
 * @param {unknown} [cause]
 */
export function corrupt(message, cause) {
  const hint = "run `foreword store check`, then restore a backup";
  return new ForewordError("STORE_CORRUPT", message, { hint, cause });
}
