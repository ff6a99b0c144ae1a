// Telling the sidecar of a user who was read in process and is refreshed when read: a datagram, sent and forgotten.
// Node has no datagrams on unix sockets; the package `unix-dgram` has, where it is installed.
import { closeSync, constants, openSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

/**
 * @typedef {object} Socket
 * @property {(bytes: Buffer, start: number, length: number, path: string, done: (exc?: Error) => void) => void} send
 * @property {(path: string) => void} bind
 * @property {() => void} close
 *
 * @typedef {{ createSocket: (type: "unix_dgram", take?: (bytes: Buffer) => void) => Socket }} UnixDgram
 */

const SOCKET = "read_notes.sock";
// As Python's reader: a user who is read again within it is not told of again, and beyond so many users a read tells
// nothing until the next begins. The sidecar keeps to its own, longer pause.
const AGAIN_MS = 1000;
const TOLD_MAX = 10_000;
// What a socket's address holds on Linux, and on macOS.
const ADDRESS_BYTES_MAX = 103;

// It waits in the main thread's event loop, whichever thread has loaded it.
/** @type {UnixDgram | undefined} */
const unixDgram = isMainThread ? installed("unix-dgram") : undefined;

/** Whether the sidecar can be told. */
export const canTell = unixDgram !== undefined;

/** Tells of users, each at most once a second. A read never waits for it; where it fails, a later read tells. */
export class ReadNotes {
  #directory;
  /** @type {Set<string>} */
  #told = new Set();
  #toldSinceMs = 0;

  /** @param {string} directory The store's folder. */
  constructor(directory) {
    this.#directory = directory;
  }

  /**
   * Tells of a user of whom an event was accepted; tens of microseconds, at most once a second.
   *
   * @param {Buffer} key
   * @param {number} nowMs
   */
  tell(key, nowMs) {
    const pastMs = nowMs - this.#toldSinceMs;
    // A clock that was set back begins anew as well.
    if (!(pastMs >= 0 && pastMs < AGAIN_MS)) {
      this.#told.clear();
      this.#toldSinceMs = nowMs;
    }
    const user = key.toString("latin1");
    if (this.#told.has(user) || this.#told.size >= TOLD_MAX) return;
    this.#told.add(user);
    try {
      withAddress(this.#directory, (address) => send(key, address));
    } catch {
      // No store's folder, or no descriptor left: nobody is told.
    }
  }
}

/**
 * Sends by a socket for each datagram: one that is kept would keep the process from ending.
 *
 * @param {Buffer} key
 * @param {string} address
 */
function send(key, address) {
  const socket = unixDgram?.createSocket("unix_dgram");
  // No sidecar, none that has room, or none that is ours: all of that is its to say.
  socket?.send(key, 0, key.length, address, () => {});
  socket?.close();
}

/**
 * Runs a function on the address of a store's socket, also of one whose path is longer than an address may be.
 *
 * @param {string} directory
 * @param {(address: string) => void} run
 */
export function withAddress(directory, run) {
  const address = join(directory, SOCKET);
  if (Buffer.byteLength(address) <= ADDRESS_BYTES_MAX) {
    run(address);
    return;
  }
  const folder = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    run(`/proc/self/fd/${folder}/${SOCKET}`);
  } finally {
    closeSync(folder);
  }
}

/** @param {string} name */
function installed(name) {
  try {
    return createRequire(import.meta.url)(name);
  } catch {
    return undefined;
  }
}
