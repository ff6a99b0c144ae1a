import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { ActivityService, RecordEventsResponseSchema } from "../gen/foreword/v1/activity_service_pb.js";
import { EventSchema } from "../gen/foreword/v1/event_pb.js";
import { OperatorService } from "../gen/foreword/v1/operator_service_pb.js";
import { ErrorReason } from "../gen/foreword/v1/error_reason_pb.js";
import {
  GetForewordResponseSchema,
  GetProfileResponseSchema,
  ProfileService,
} from "../gen/foreword/v1/profile_service_pb.js";
import { RankingService, RecordFeedbackResponseSchema } from "../gen/foreword/v1/ranking_service_pb.js";
import { defaultProfile } from "./defaults.js";
import { ForewordError } from "./error.js";
import { Sidecar } from "./sidecar.js";

export { ForewordError } from "./error.js";
export { tokenFile } from "./token.js";
export { Freshness } from "../gen/foreword/v1/freshness_pb.js";
export { Feedback } from "../gen/foreword/v1/event_pb.js";
export { Personalization } from "./personalization.js";

/**
 * @typedef {import("../gen/foreword/v1/profile_pb.js").Profile} Profile @typedef
 * {import("../gen/foreword/v1/profile_service_pb.js").GetProfileResponse} GetProfileResponse @typedef
 * {import("../gen/foreword/v1/profile_service_pb.js").GetForewordResponse} GetForewordResponse @typedef
 * {import("../gen/foreword/v1/activity_service_pb.js").RecordEventsResponse} RecordEventsResponse @typedef
 * {import("../gen/foreword/v1/ranking_service_pb.js").RankActionsResponse} RankActionsResponse @typedef
 * {import("../gen/foreword/v1/ranking_service_pb.js").RecordFeedbackResponse} RecordFeedbackResponse @typedef
 * {import("../gen/foreword/v1/operator_service_pb.js").GetStatusResponse} GetStatusResponse @typedef
 * {import("@bufbuild/protobuf").MessageInitShape<typeof EventSchema>} EventLike @typedef
 * {import("@bufbuild/protobuf").MessageInitShape<typeof RankingService.method.rankActions.input>} RankRequest
 * @typedef {import("@bufbuild/protobuf").MessageInitShape<typeof RankingService.method.recordFeedback.input>}
 * FeedbackRequest @typedef {import("./sidecar.js").Method} Method
 */

/**
 * @template {Method} M
 * @typedef {import("./sidecar.js").RequestOf<M>} RequestOf
 */

/**
 * @template {Method} M
 * @typedef {import("./sidecar.js").ResponseOf<M>} ResponseOf
 */

/**
 * An order of candidates: as they were given, best first. `isRanked` is false where nobody ranked, and the candidates
 * then stand as they were given;
 * `decisionId` names the order, for `feedback`; `response` is the sidecar's, with scores and propensities.
 *
 * @template T
 * @typedef {{ order: T[], isRanked: boolean, decisionId: string, response?: RankActionsResponse }} Ranking
 */

// Users or events that one call takes.
const BATCH_MAX = 1000;
// An application should rather go without a foreword than wait for one.
const TIMEOUT_MS = 2000;
const WARN_MS = 60_000;

/**
 * Calls a sidecar. It connects at the first call, and again when the sidecar is back.
 *
 * Unless `raises`, a read that fails answers as if nothing were known, and is told to `onError`: a text is empty, a
 * profile is the default one with Freshness.UNSPECIFIED, which no sidecar sends, candidates stand as they were given,
 * and of `record` every event is refused with the cause.
 * `feedback` and `status` always raise.
 */
export class Client {
  #sidecar;
  #options;

  /**
   * @param {string | Sidecar} [target] Where the sidecar serves: `unix:PATH` or `HOST:PORT`. @param {object}
   * [options] @param {string} [options.namespace] The tenant's space of users, and of events that name none. @param
   * {number} [options.timeoutMs] Longest time of one call, repeated tries included. @param {boolean} [options.raises]
   * Whether a failing read rejects its promise with a ForewordError. @param {(error: ForewordError) => void}
   * [options.onError] Is told of failures that are not raised; by default a warning a minute. @param
   * {import("@grpc/grpc-js").ChannelCredentials} [options.credentials] For a sidecar that serves with TLS. @param
   * {import("./token.js").Token} [options.token] For a sidecar that asks who calls: a token, or what returns the one of
   * the moment, such as `tokenFile(path)`.
   */
  constructor(target = "127.0.0.1:7464", options = {}) {
    const { namespace = "", timeoutMs = TIMEOUT_MS, raises = false, onError = warning() } = options;
    this.#options = { namespace, timeoutMs, raises, onError };
    this.#sidecar = target instanceof Sidecar ? target : new Sidecar(target, options.credentials, options.token);
  }

  /**
   * Returns a client on the same connection for users of a namespace.
   *
   * @param {string} namespace
   */
  within(namespace) {
    return new Client(this.#sidecar, { ...this.#options, namespace });
  }

  /**
   * Returns the prompt-ready text about a user; empty when nothing is known.
   *
   * @param {string} userId @param {{ maxTokens?: number, sessionId?: string }} [options] The budget, up to 200, and
   * the session whose newest events are to be named.
   */
  async text(userId, options) {
    return (await this.foreword(userId, options)).text;
  }

  /**
   * Returns the text with its revision, etag, freshness and cuts.
   *
   * @param {string} userId
   * @param {{ maxTokens?: number, sessionId?: string }} [options]
   * @returns {Promise<GetForewordResponse>}
   */
  async foreword(userId, { maxTokens = 0, sessionId = "" } = {}) {
    const request = { userId, namespace: this.#options.namespace, maxTokens, sessionId };
    return this.#read(
      () => this.call(ProfileService.method.getForeword, request),
      () => create(GetForewordResponseSchema),
    );
  }

  /**
   * Returns the profile of a user and how current it is.
   *
   * @param {string} userId
   * @returns {Promise<GetProfileResponse>}
   */
  async profile(userId) {
    return this.#read(
      () => this.call(ProfileService.method.getProfile, { userId, namespace: this.#options.namespace }),
      () => this.#noProfile(userId),
    );
  }

  /**
   * Returns the profiles of any number of users, in order, by calls of 1,000.
   *
   * @param {string[]} userIds
   * @returns {Promise<GetProfileResponse[]>}
   */
  async profiles(userIds) {
    const found = [];
    for (const batch of batches(userIds)) {
      const request = { userIds: batch, namespace: this.#options.namespace };
      const results = await this.#read(
        async () => (await this.call(ProfileService.method.batchGetProfiles, request)).results,
        () => batch.map((userId) => this.#noProfile(userId)),
      );
      found.push(...results);
    }
    return found;
  }

  /**
   * Records events by calls of 1,000, and returns once the kept ones are on disk; those that break a limit are named
   * in `refused`.
   *
   * An event without an id gets one, so that it counts once however often it is sent.
   *
   * @param {EventLike[]} events
   * @returns {Promise<RecordEventsResponse>}
   */
  async record(events) {
    const sum = create(RecordEventsResponseSchema);
    let start = 0;
    for (const batch of batches(events)) {
      const named = batch.map((event) => this.#named(event));
      const response = await this.#read(
        () => this.call(ActivityService.method.recordEvents, { events: named }),
        (error) => noneRecorded(named, error),
      );
      sum.acceptedCount += response.acceptedCount;
      sum.duplicateCount += response.duplicateCount;
      for (const refused of response.refused) {
        refused.index += start;
        sum.refused.push(refused);
      }
      start += batch.length;
    }
    return sum;
  }

  /**
   * Returns candidates in the order in which they suit a user now.
   *
   * @template {import("@bufbuild/protobuf").MessageInitShape<typeof
   * import("../gen/foreword/v1/ranking_pb.js").CandidateSchema>} T @param {string} userId @param {T[]} candidates
   * @param {Omit<RankRequest, "$typeName" | "userId" | "candidates">} [more] The moment, and how many are wanted.
   * @returns {Promise<Ranking<T>>}
   */
  async rank(userId, candidates, more = {}) {
    const request = { namespace: this.#options.namespace, ...more, userId, candidates };
    const response = await this.#read(
      () => this.call(RankingService.method.rankActions, /** @type {RankRequest} */ (request)),
      () => undefined,
    );
    if (!response?.order.length) {
      return { order: candidates.slice(0, more.limit || undefined), isRanked: false, decisionId: "" };
    }
    const order = response.order.map((place) => /** @type {T} */ (candidates[place]));
    return { order, isRanked: true, decisionId: response.decisionId, response };
  }

  /**
   * Tells what a user said of an action: by the decision of a ranking, or by user and action. Of an order that nobody
   * ranked, which has no decision, nothing is learned and nothing sent. A user beside a decision is whose it must be.
   *
   * @param {FeedbackRequest} said
   * @returns {Promise<RecordFeedbackResponse>}
   */
  async feedback(said) {
    if (!said.decisionId && !said.action && !said.userId) return create(RecordFeedbackResponseSchema);
    const named = { namespace: this.#options.namespace, ...said };
    if (!said.decisionId) named.feedbackId = said.feedbackId || newId();
    return this.call(RankingService.method.recordFeedback, named);
  }

  /**
   * Returns counts, freshness and what is wrong now.
   *
   * @returns {Promise<GetStatusResponse>}
   */
  async status() {
    return this.call(OperatorService.method.getStatus, {});
  }

  /**
   * Makes any call of one answer, such as `UserDataService.method.eraseUser`; it is made again while nobody is there.
   *
   * @template {Method} M
   * @param {M} method
   * @param {RequestOf<M>} request
   * @returns {Promise<ResponseOf<M>>}
   */
  async call(method, request) {
    return this.#sidecar.call(method, request, this.#options.timeoutMs);
  }

  /** Disconnects, this client and those made of it by `within`. */
  close() {
    this.#sidecar.close();
  }

  /**
   * @template T
   * @param {() => Promise<T>} ask
   * @param {(error: ForewordError) => T} otherwise
   */
  async #read(ask, otherwise) {
    try {
      return await ask();
    } catch (error) {
      if (this.#options.raises || !(error instanceof ForewordError)) throw error;
      this.#options.onError(error);
      return otherwise(error);
    }
  }

  /** @param {string} userId */
  #noProfile(userId) {
    return create(GetProfileResponseSchema, { profile: defaultProfile(userId, this.#options.namespace) });
  }

  /** @param {EventLike} event */
  #named(event) {
    const namespace = event.namespace || this.#options.namespace;
    return create(EventSchema, { ...event, eventId: event.eventId || newId(), namespace });
  }
}

/**
 * @param {import("../gen/foreword/v1/event_pb.js").Event[]} events
 * @param {ForewordError} error
 */
function noneRecorded(events, { reason, message }) {
  const known = ErrorReason[/** @type {keyof typeof ErrorReason} */ (reason)] ?? ErrorReason.UNSPECIFIED;
  const refused = events.map(({ eventId }, index) => ({ index, eventId, message, reason: known }));
  return create(RecordEventsResponseSchema, { refused });
}

/**
 * @template T
 * @param {T[]} all
 */
function* batches(all) {
  for (let start = 0; start < all.length; start += BATCH_MAX) yield all.slice(start, start + BATCH_MAX);
}

function newId() {
  return randomBytes(16).toString("hex");
}

/** Returns what warns of failures, at most once a minute. */
function warning() {
  let dueMs = 0;
  return (/** @type {ForewordError} */ error) => {
    if (Date.now() < dueMs) return;
    dueMs = Date.now() + WARN_MS;
    console.warn(`foreword: ${error.message}; answering as if nothing were known`);
  };
}
