import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { withAddress } from "../src/read_notes.js";

const LAST = "the last one";

/** @type {import("../src/read_notes.js").UnixDgram} */
const unixDgram = createRequire(import.meta.url)("unix-dgram");

/**
 * Takes what is told in a store's folder, as a sidecar does. `some` returns what came so far, in hexadecimal; `all` too,
 * and gives the socket up.
 *
 * @param {string} directory
 */
export function taking(directory) {
  /** @type {string[]} */
  const told = [];
  let end = () => {};
  const socket = unixDgram.createSocket("unix_dgram", (bytes) => {
    if (bytes.toString() === LAST) end();
    else told.push(bytes.toString("hex"));
  });
  withAddress(directory, (address) => socket.bind(address));
  return {
    async some() {
      /** @type {Promise<void>} */
      const ended = new Promise((resolve) => (end = resolve));
      sendUntilRoom(directory, socket);
      await ended;
      return [...told];
    },
    async all() {
      const found = await this.some();
      socket.close();
      rmSync(join(directory, "read_notes.sock"));
      return found;
    },
  };
}

/**
 * Sends the last one, as soon as the socket has room for it.
 *
 * @param {string} directory
 * @param {import("../src/read_notes.js").Socket} socket
 */
function sendUntilRoom(directory, socket) {
  const again = (/** @type {Error | undefined} */ exc) => exc && setImmediate(sendUntilRoom, directory, socket);
  withAddress(directory, (address) => socket.send(Buffer.from(LAST), 0, LAST.length, address, again));
}
