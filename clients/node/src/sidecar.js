import { setTimeout as sleep } from "node:timers/promises";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client as Connection, Metadata, credentials as kinds } from "@grpc/grpc-js";
import { serviceError } from "./error.js";
import { checkTarget } from "./token.js";

/**
 * @typedef {import("@bufbuild/protobuf").DescMethodUnary} Method
 * @typedef {import("@grpc/grpc-js").ServiceError} ServiceError
 */

/**
 * @template {Method} M
 * @typedef {import("@bufbuild/protobuf").MessageInitShape<M["input"]>} RequestOf
 */

/**
 * @template {Method} M
 * @typedef {import("@bufbuild/protobuf").MessageShape<M["output"]>} ResponseOf
 */

// After which waits a call that finds nobody is made again. A sidecar that restarts is back within a second, most
// often within half of one. Each call may be made again: reads change nothing, and events and feedback count once by
// their id.
const WAITS_MS = [50, 100, 200];
const CHANNEL_OPTIONS = {
  // 1,000 profiles of 20 KB are larger than gRPC's own limit of 4 MB; the sidecar is trusted.
  "grpc.max_receive_message_length": -1,
  // Whether a call is made again is decided below.
  "grpc.enable_retries": 0,
  // A proxy set for the internet must not be asked for loopback.
  "grpc.enable_http_proxy": 0,
  // gRPC's own waits, a second to two minutes, are made for the internet, not for a process next door.
  "grpc.initial_reconnect_backoff_ms": 50,
  "grpc.min_reconnect_backoff_ms": 50,
  "grpc.max_reconnect_backoff_ms": 500,
};

/**
 * The connection to a sidecar. It is patient once: after waiting in vain calls are made a single time, which fails
 * within milliseconds, until one is answered.
 */
export class Sidecar {
  #target;
  #connection;
  #token;
  #isGone = false;

  /**
   * @param {string} target
   * @param {import("@grpc/grpc-js").ChannelCredentials} [credentials]
   * @param {import("./token.js").Token} [token]
   */
  constructor(target, credentials = kinds.createInsecure(), token = undefined) {
    if (token !== undefined) checkTarget(target, !credentials._isSecure());
    this.#token = token;
    this.#target = target;
    this.#connection = new Connection(target, credentials, CHANNEL_OPTIONS);
  }

  /**
   * Makes a call until somebody is there to answer.
   *
   * @template {Method} M
   * @param {M} method
   * @param {RequestOf<M>} request
   * @param {number} timeoutMs
   * @returns {Promise<ResponseOf<M>>}
   */
  async call(method, request, timeoutMs) {
    const deadline = Date.now() + timeoutMs;
    const waits = this.#isGone ? [] : [...WAITS_MS];
    for (;;) {
      try {
        const response = await this.#once(method, request, deadline);
        this.#isGone = false;
        return response;
      } catch (exc) {
        const error = serviceError(this.#target, /** @type {ServiceError} */ (exc));
        const isPassing = error.reason === (error.fromSidecar ? "DRAINING" : "UNAVAILABLE");
        const wait = waits.shift();
        if (!isPassing || wait === undefined || Date.now() + wait >= deadline) {
          this.#isGone = isPassing;
          throw error;
        }
        await sleep(wait);
      }
    }
  }

  /**
   * @template {Method} M
   * @param {M} method
   * @param {RequestOf<M>} request
   * @param {number} deadline
   * @returns {Promise<ResponseOf<M>>}
   */
  #once(method, request, deadline) {
    const { input, output } = method;
    return new Promise((resolve, reject) => {
      this.#connection.makeUnaryRequest(
        `/${method.parent.typeName}/${method.name}`,
        (/** @type {RequestOf<M>} */ value) => Buffer.from(toBinary(input, create(input, value))),
        (bytes) => /** @type {ResponseOf<M>} */ (fromBinary(output, bytes)),
        request,
        this.#metadata(),
        { deadline },
        (error, response) => (error ? reject(error) : resolve(/** @type {ResponseOf<M>} */ (response))),
      );
    });
  }

  /** Returns what a call carries. */
  #metadata() {
    const metadata = new Metadata();
    const token = typeof this.#token === "function" ? this.#token() : this.#token;
    if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
    return metadata;
  }

  close() {
    this.#connection.close();
  }
}
