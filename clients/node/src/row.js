// A stored row is a header of 40 bytes, then the message that answers a call but for its freshness.
// docs/store-format.md has all of it.
import { Freshness } from "../gen/foreword/v1/freshness_pb.js";
import { crc32c } from "./crc32c.js";
import { fieldError } from "./error.js";

export const HEADER_BYTES = 40;
// The header from revision to expired_after_ms begins here; before it stands the checksum.
export const NUMBERS_OFFSET = 8;
const CHECKSUM_OFFSET = 4;
const STALE_OFFSET = 24;
const EXPIRED_OFFSET = 32;
const FORMER_ROW_VERSION = 1;
const ROW_VERSION = 2;
const FLAG_ON_OPEN = 0x01;
const FLAG_DEFAULT = 0x02;
const USER_ID_BYTES_MAX = 256;
const NAMESPACE_BYTES_MAX = 64;

/**
 * Returns len(namespace) ‖ namespace ‖ len(userId) - 1 ‖ userId.
 *
 * @param {string} userId
 * @param {string} namespace
 */
export function userKey(userId, namespace) {
  const user = utf8("user_id", userId);
  if (user.length < 1 || user.length > USER_ID_BYTES_MAX) {
    throw fieldError("user_id", `${user.length} bytes`, "1 to 256 bytes of UTF-8");
  }
  return Buffer.concat([namespaceKey(namespace), Buffer.of(user.length - 1), user]);
}

/**
 * Returns what the keys of a namespace begin with.
 *
 * @param {string} namespace
 */
export function namespaceKey(namespace) {
  const space = utf8("namespace", namespace);
  if (space.length > NAMESPACE_BYTES_MAX) {
    throw fieldError("namespace", `${space.length} bytes`, "at most 64 bytes of UTF-8");
  }
  return Buffer.concat([Buffer.of(space.length), space]);
}

/**
 * @param {string} field
 * @param {string} text
 */
function utf8(field, text) {
  if (typeof text !== "string") throw fieldError(field, typeof text, "text");
  const bytes = Buffer.from(text);
  if (bytes.toString() !== text) throw fieldError(field, "a lone surrogate", "text that UTF-8 can hold");
  return bytes;
}

/**
 * Tells whether a row of format 2 is as it was written, and written for this place.
 *
 * @param {string} database
 * @param {Uint8Array} key
 * @param {Buffer | undefined} row
 */
export function isInPlace(database, key, row) {
  if (!row || row.length < HEADER_BYTES || row[0] !== ROW_VERSION) return false;
  return checksumOf(row, Buffer.from(database), key) === row.readUInt32LE(CHECKSUM_OFFSET);
}

/**
 * Tells the same; of a row of format 1, whose checksum says nothing of the place, only that it is as it was written.
 *
 * @param {string} database
 * @param {Uint8Array} key
 * @param {Buffer | undefined} row
 */
export function isIntact(database, key, row) {
  if (!row || row.length < HEADER_BYTES || row[0] !== FORMER_ROW_VERSION) return isInPlace(database, key, row);
  return checksumOf(row) === row.readUInt32LE(CHECKSUM_OFFSET);
}

/**
 * @param {Buffer} row
 * @param {...Uint8Array} place
 */
function checksumOf(row, ...place) {
  return crc32c(...place, row.subarray(0, CHECKSUM_OFFSET), row.subarray(NUMBERS_OFFSET));
}

/**
 * Returns how current a sound row is at a time.
 *
 * @param {Buffer} row
 * @param {number} nowMs
 */
export function freshnessOf(row, nowMs) {
  if (/** @type {number} */ (row[1]) & FLAG_DEFAULT) return Freshness.DEFAULT;
  if (nowMs < row.readBigInt64LE(STALE_OFFSET)) return Freshness.FRESH;
  return nowMs < row.readBigInt64LE(EXPIRED_OFFSET) ? Freshness.STALE : Freshness.EXPIRED;
}

/**
 * Tells whether reading this sound row, or its absence, asks for a refresh of the user.
 *
 * @param {Buffer | undefined} row
 */
export function asksForRefresh(row) {
  return row === undefined || (/** @type {number} */ (row[1]) & (FLAG_DEFAULT | FLAG_ON_OPEN)) !== 0;
}
