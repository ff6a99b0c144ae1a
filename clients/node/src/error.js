import { BinaryReader } from "@bufbuild/protobuf/wire";
import { status } from "@grpc/grpc-js";

/**
 * Every error of this package.
 *
 * Reasons of a sidecar are those of docs/errors.md, without their prefix; of a call that no sidecar answered the gRPC
 * code's name, such as UNAVAILABLE; of a LocalReader FIELD_INVALID, STORE_CORRUPT, STORE_VERSION (a newer Foreword
 * wrote the store) and STORE_UNUSABLE.
 */
export class ForewordError extends Error {
  name = "ForewordError";

  /**
   * @param {string} reason Why. @param {string} message What is wrong, in one sentence. @param {{ field?: string,
   * hint?: string, fromSidecar?: boolean, cause?: unknown }} [more] The field at fault, what to do about it, and
   *     whether a sidecar answered, and refused.
   */
  constructor(reason, message, { field = "", hint = "", fromSidecar = false, cause } = {}) {
    super(hint ? `${message} (${hint})` : message, { cause });
    this.reason = reason;
    this.field = field;
    this.hint = hint;
    this.fromSidecar = fromSidecar;
  }
}

/**
 * @param {string} field
 * @param {string} found
 * @param {string} allowed
 */
export function fieldError(field, found, allowed) {
  return new ForewordError("FIELD_INVALID", `${field}: found ${found}; allowed: ${allowed}`, { field });
}

/**
 * Puts a failed call into our words.
 *
 * @param {string} target
 * @param {import("@grpc/grpc-js").ServiceError} error
 */
export function serviceError(target, error) {
  const [details] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const info = details instanceof Uint8Array ? errorInfo(details) : undefined;
  if (info?.domain === "foreword") {
    const { field, hint } = info.metadata;
    return new ForewordError(info.reason, error.details, { field, hint, fromSidecar: true, cause: error });
  }
  const reason = status[error.code] ?? "UNKNOWN";
  if (error.code === status.UNAVAILABLE) {
    const hint = "start one with `foreword up`; it says where it serves";
    return new ForewordError(reason, `no sidecar answers at ${target}: ${error.details}`, { hint, cause: error });
  }
  if (error.code === status.DEADLINE_EXCEEDED) {
    return new ForewordError(reason, `the sidecar at ${target} did not answer in time`, { cause: error });
  }
  return new ForewordError(reason, error.details ?? String(error), { cause: error });
}

/**
 * Returns the google.rpc.ErrorInfo in a google.rpc.Status. By hand: of Google's messages it is the only one we need.
 *
 * @param {Uint8Array} bytes
 */
function errorInfo(bytes) {
  for (const any of fields(bytes, 3)) {
    const type = texts(any, 1)[0];
    if (!type?.endsWith("/google.rpc.ErrorInfo")) continue;
    const info = fields(any, 2)[0] ?? new Uint8Array();
    const pairs = fields(info, 3).map((entry) => [texts(entry, 1)[0], texts(entry, 2)[0] ?? ""]);
    /** @type {Record<string, string>} */
    const metadata = Object.fromEntries(pairs);
    return { reason: texts(info, 1)[0] ?? "", domain: texts(info, 2)[0], metadata };
  }
  return undefined;
}

/**
 * Returns the values of a field that is a text, bytes or a message.
 *
 * @param {Uint8Array} bytes
 * @param {number} number
 */
function fields(bytes, number) {
  const reader = new BinaryReader(bytes);
  const found = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === number) found.push(reader.bytes());
    else reader.skip(wireType, field);
  }
  return found;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} number
 */
function texts(bytes, number) {
  return fields(bytes, number).map((value) => new TextDecoder().decode(value));
}
