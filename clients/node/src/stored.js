import { fromBinary } from "@bufbuild/protobuf";
import { GetProfileResponseSchema } from "../gen/foreword/v1/profile_service_pb.js";
import { RefreshStateSchema } from "../gen/foreword/v1/refresh_pb.js";
import { corrupt } from "./environment.js";
import { HEADER_BYTES, NUMBERS_OFFSET, isInPlace, isIntact, namespaceKey } from "./row.js";

/**
 * @typedef {import("./environment.js").Get} Get
 * @typedef {"profiles" | "forewords"} Kind
 * @typedef {{ userId: string, namespace: string, key: Buffer }} User
 */

/**
 * Returns a user's row, undefined for one who has none in any database.
 *
 * @param {Get} get @param {Kind} kind @param {User} user @throws {import("./error.js").ForewordError} It is damaged,
 * or gone while the user's other rows are there: neither may be taken for a user nobody knows.
 */
export function userRow(get, kind, user) {
  const row = get(kind, user.key);
  if (!row) {
    if (wasWritten(get, kind, user)) throw rowError(user, `is gone from ${kind}, where it was written`);
    return undefined;
  }
  if (isInPlace(kind, user.key, row) || (isIntact(kind, user.key, row) && isOwn(get, kind, user, row))) return row;
  throw rowError(user, "is damaged, or of a newer format");
}

/**
 * Tells whether an intact row of format 1 is the user's, which its checksum does not say.
 *
 * @param {Get} get
 * @param {Kind} kind
 * @param {User} user
 * @param {Buffer} row
 * @returns {boolean}
 */
function isOwn(get, kind, user, row) {
  if (kind === "profiles") {
    const profile = parsed(() => fromBinary(GetProfileResponseSchema, row.subarray(HEADER_BYTES)))?.profile;
    return profile?.userId === user.userId && profile.namespace === user.namespace;
  }
  // A foreword names nobody; the profile beside it does, and has the same header but for the checksum.
  const profile = get("profiles", user.key);
  const numbers = (/** @type {Buffer} */ each) => each.subarray(NUMBERS_OFFSET, HEADER_BYTES);
  if (!profile || profile.length < HEADER_BYTES || !numbers(profile).equals(numbers(row))) return false;
  return (
    isInPlace("profiles", user.key, profile) ||
    (isIntact("profiles", user.key, profile) && isOwn(get, "profiles", user, profile))
  );
}

/**
 * Tells whether other rows of a user without this one say that there was one.
 *
 * @param {Get} get
 * @param {Kind} kind
 * @param {User} user
 */
function wasWritten(get, kind, user) {
  if (get(kind === "profiles" ? "forewords" : "profiles", user.key)) return true;
  const row = get("watermarks", user.key);
  if (!row) return false;
  const state = parsed(() => fromBinary(RefreshStateSchema, row));
  return !state || state.revision > 0n;
}

/**
 * Returns what users of a namespace without a row are answered from: the namespace's default, else that of all;
 * undefined where neither is stored and sound.
 *
 * @param {Get} get
 * @param {Kind} kind
 * @param {string} namespace
 */
export function defaultRow(get, kind, namespace) {
  const prefix = namespaceKey(namespace);
  const keys = [0, 1].map((place) => Buffer.concat([prefix, Buffer.of(place)]));
  const rows = keys.map((key) => get("defaults", key));
  // Both or none: the two say the same.
  if (keys.every((key, place) => isInPlace("defaults", key, rows[place]))) return rows[kind === "profiles" ? 0 : 1];
  const name = Buffer.from(kind === "profiles" ? "default_profile" : "default_foreword");
  const row = get("meta", name);
  return isIntact("meta", name, row) ? row : undefined;
}

/**
 * @template T
 * @param {() => T} parse
 */
function parsed(parse) {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

/**
 * @param {User} user
 * @param {string} what
 */
function rowError({ userId, namespace }, what) {
  const names = `${JSON.stringify(userId)} in namespace ${JSON.stringify(namespace)}`;
  return corrupt(`the stored row of user ${names} ${what}`);
}
