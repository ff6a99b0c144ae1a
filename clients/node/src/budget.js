import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { ForewordCutSchema, ForewordPartSchema } from "../gen/foreword/v1/profile_pb.js";

/**
 * @typedef {import("../gen/foreword/v1/profile_service_pb.js").GetForewordResponse} GetForewordResponse
 * @typedef {import("../gen/foreword/v1/profile_pb.js").ForewordPart} ForewordPart
 * @typedef {{ text: string, tokens: number }} Frame
 */

// Over a text that was fitted into a small budget, with their sizes in tokens.
const GENERAL = "General, not about this user";
/** @type {{ own: Frame, general: Frame }} */
export const BRIEF = {
  own: { text: "User data (may be outdated):", tokens: 11 },
  general: { text: `${GENERAL}:`, tokens: 9 },
};
const TOKENS_MAX = 200;
const FRAME_SHARE_MAX = 0.25;

/**
 * Fits a text into a budget: of its parts those that go in, one too long left out, under the brief frame where its
 * own takes over a quarter. Of the first part stands as much as goes in, at one of the cuts within it.
 *
 * @param {GetForewordResponse} served
 * @param {number} maxTokens More than 200 means 200, and so does 0.
 */
export function cutToBudget(served, maxTokens) {
  const budget = Math.min(maxTokens || TOKENS_MAX, TOKENS_MAX);
  if (served.tokenCount <= budget) return;
  if (served.parts.length) fit(served, budget);
  else endAtACut(served, budget);
  served.etag = createHash("sha256").update(served.text).digest("hex").slice(0, 16);
}

/**
 * Ends a text without parts, of an older row, at the last of its cuts within the budget.
 *
 * @param {GetForewordResponse} served
 * @param {number} budget
 */
function endAtACut(served, budget) {
  served.cuts = served.cuts.filter((cut) => cut.tokenCount <= budget);
  const last = served.cuts.at(-1);
  served.text = firstBytes(served.text, last?.byteEnd ?? 0);
  served.tokenCount = last?.tokenCount ?? 0;
}

/**
 * @param {GetForewordResponse} served
 * @param {number} budget
 */
function fit(served, budget) {
  const text = served.text.split("\n", 1)[0] ?? "";
  const tokens = served.parts.reduce((left, part) => left - part.tokenCount, served.tokenCount);
  const beginnings = beginningsOf(served, { text, tokens });
  const brief = text.startsWith(GENERAL) ? BRIEF.general : BRIEF.own;
  const frame = tokens <= FRAME_SHARE_MAX * budget ? { text, tokens } : brief;
  served.parts = fitting(served.parts, beginnings, budget - frame.tokens);
  served.cuts = cutsOf(frame, served.parts, beginnings);
  served.text = served.parts.length ? [frame.text, ...served.parts.map((part) => part.text)].join("\n") : "";
  served.tokenCount = served.cuts.at(-1)?.tokenCount ?? 0;
}

/**
 * Returns the first part up to each of the cuts within it.
 *
 * @param {GetForewordResponse} served
 * @param {Frame} frame
 */
function beginningsOf(served, frame) {
  const { kind, text } = /** @type {ForewordPart} */ (served.parts[0]);
  const start = Buffer.byteLength(frame.text) + 1;
  const end = start + Buffer.byteLength(text);
  return served.cuts
    .filter((cut) => cut.byteEnd < end)
    .map((cut) =>
      create(ForewordPartSchema, {
        kind,
        text: firstBytes(text, cut.byteEnd - start),
        tokenCount: cut.tokenCount - frame.tokens,
      }),
    );
}

/**
 * Returns the parts that go in, in their order; in the place of the first perhaps its beginning.
 *
 * @param {ForewordPart[]} parts
 * @param {ForewordPart[]} beginnings
 * @param {number} room
 */
function fitting(parts, beginnings, room) {
  const found = [];
  for (const [place, part] of parts.entries()) {
    const candidates = place ? [part] : [part, ...[...beginnings].reverse()];
    const taken = candidates.find((each) => each.tokenCount <= room);
    if (!taken) continue;
    found.push(taken);
    room -= taken.tokenCount;
  }
  return found;
}

/**
 * Returns where a text of these parts may end.
 *
 * @param {Frame} frame
 * @param {ForewordPart[]} parts
 * @param {ForewordPart[]} beginnings
 */
function cutsOf(frame, parts, beginnings) {
  let byteEnd = Buffer.byteLength(frame.text);
  let tokenCount = frame.tokens;
  const first = parts[0]?.text;
  const within = beginnings
    .filter(({ text }) => first !== undefined && text !== first && first.startsWith(text))
    .map((part) => ({
      byteEnd: byteEnd + 1 + Buffer.byteLength(part.text),
      tokenCount: tokenCount + part.tokenCount,
    }));
  const behind = parts.map((part) => ({
    byteEnd: (byteEnd += 1 + Buffer.byteLength(part.text)),
    tokenCount: (tokenCount += part.tokenCount),
  }));
  return [...within, ...behind].map((cut) => create(ForewordCutSchema, cut));
}

/**
 * @param {string} text
 * @param {number} count
 */
function firstBytes(text, count) {
  return Buffer.from(text).toString("utf8", 0, count);
}
