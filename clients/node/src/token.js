import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { fieldError } from "./error.js";

/**
 * What names the caller where the sidecar asks who calls: a token, or what returns the one of the moment.
 *
 * @typedef {string | (() => string)} Token
 */

/**
 * Returns a token that stands in a file, for `new Client(target, { token: tokenFile(path) })`: it is read anew when the
 * file changes; while it is empty or not there, the former stays in force.
 *
 * @param {string} path
 */
export function tokenFile(path) {
  let seen = "";
  let token = "";
  const follow = () => {
    const { mtimeMs, size, ino } = statSync(path);
    const found = `${mtimeMs} ${size} ${ino}`;
    if (found === seen) return;
    const read = readFileSync(path, "utf8").trim();
    if (read === "") throw new Error(`${path} is empty`);
    token = read;
    seen = found;
  };
  return () => {
    try {
      follow();
    } catch (exc) {
      if (token === "") throw exc;
    }
    return token;
  };
}

/**
 * Refuses to send a token to another machine in clear text.
 *
 * @param {string} target
 * @param {boolean} isPlain
 */
export function checkTarget(target, isPlain) {
  if (isPlain && !isLocal(target)) {
    throw fieldError("token", `a token for ${target}, another machine, without TLS`, "credentials beside it");
  }
}

/** @param {string} target */
function isLocal(target) {
  if (target.startsWith("unix:")) return true;
  const host = target.slice(0, target.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
