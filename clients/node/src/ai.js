import { isBlock } from "./block.js";
import { Personalization, isNamed } from "./personalization.js";

/**
 * @typedef {import("ai").LanguageModelMiddleware} LanguageModelMiddleware
 * @typedef {import("./personalization.js").User} User
 * @typedef {Parameters<NonNullable<LanguageModelMiddleware["transformParams"]>>[0]["params"]} CallOptions
 * @typedef {CallOptions["prompt"]} Prompt
 */

/**
 * Returns a middleware for the AI SDK's `wrapLanguageModel`, which puts the user's foreword behind the system prompt, and
 * records requests, corrections and calls of tools once the model has answered. Without a sidecar, or a user, the model
 * is called as if it were not there.
 *
 * The user is named with each call, `providerOptions: { foreword: { userId: "ada", sessionId } }`, which goes to no
 * provider; or here, for an agent of one user.
 *
 * @param {Personalization | string} [foreword] Where the sidecar serves, or a Personalization with more options.
 * @param {object} [options]
 * @param {User} [options.user] The user of calls that name none.
 * @param {boolean} [options.marksCache] Whether the foreword is marked as a point of its own for Anthropic's cache; else
 *   that is left to what is marked behind it.
 * @returns {LanguageModelMiddleware}
 */
export function forewordMiddleware(foreword, { user, marksCache = false } = {}) {
  const personalization = foreword instanceof Personalization ? foreword : new Personalization(foreword);
  /** @type {WeakMap<CallOptions, User>} */
  const users = new WeakMap();
  /** @param {CallOptions} params */
  const record = (params) => recordLast(personalization, users.get(params), params.prompt);
  return {
    // What both majors of the SDK that we are tried with know.
    specificationVersion: "v3",
    async transformParams({ params }) {
      const found = { ...params };
      const who = namedBy(params) ?? user;
      if (params.providerOptions?.foreword) {
        const { foreword: _, ...others } = params.providerOptions;
        found.providerOptions = others;
      }
      if (isNamed(who)) users.set(found, who);
      const block = await personalization.block(who);
      if (block) found.prompt = withBlock(params.prompt, block, marksCache);
      return found;
    },
    async wrapGenerate({ doGenerate, params }) {
      const result = await doGenerate();
      record(params);
      return result;
    },
    async wrapStream({ doStream, params }) {
      const { stream, ...rest } = await doStream();
      const recording = new TransformStream({ flush: () => record(params) });
      return { stream: stream.pipeThrough(recording), ...rest };
    },
  };
}

/**
 * @param {CallOptions} params
 * @returns {User | undefined}
 */
function namedBy({ providerOptions }) {
  const named = /** @type {User | undefined} */ (/** @type {unknown} */ (providerOptions?.foreword));
  return isNamed(named) ? named : undefined;
}

/**
 * Returns a prompt with the block behind its first system messages: what stands before it is the same for all users.
 *
 * @param {Prompt} prompt
 * @param {string} block
 * @param {boolean} marksCache
 * @returns {Prompt}
 */
function withBlock(prompt, block, marksCache) {
  const first = prompt.findIndex(({ role }) => role !== "system");
  const place = first < 0 ? prompt.length : first;
  const before = prompt.slice(0, place);
  if (before.some(({ content }) => typeof content === "string" && isBlock(content))) return prompt;
  const marked = marksCache ? { providerOptions: { anthropic: { cacheControl: { type: "ephemeral" } } } } : {};
  return [...before, { role: "system", content: block, ...marked }, ...prompt.slice(place)];
}

/**
 * Records what a call was about: its last message, for what stands before it was that of an earlier call.
 *
 * @param {Personalization} personalization
 * @param {User | undefined} user
 * @param {Prompt} prompt
 */
function recordLast(personalization, user, prompt) {
  const last = prompt.at(-1);
  if (last?.role === "user") {
    const text = textOf(last);
    const answer = [...prompt].reverse().find(({ role }) => role === "assistant");
    if (text) personalization.request(user, text, textOf(answer));
  }
  if (last?.role === "tool") {
    for (const part of last.content) {
      if (part.type !== "tool-result" || part.output.type === "execution-denied") continue;
      personalization.toolCall(user, part.toolName, part.output.type.startsWith("error") ? "ToolError" : undefined);
    }
  }
}

/**
 * Returns the words of a message of the user or of the agent.
 *
 * @param {Prompt[number] | undefined} message
 */
function textOf(message) {
  if (message?.role !== "user" && message?.role !== "assistant") return "";
  /** @type {{ type: string, text?: unknown }[]} */
  const parts = message.content;
  return parts.map(({ type, text }) => (type === "text" ? text : "")).join("\n").trim();
}
