import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { GetForewordResponseSchema, GetProfileResponseSchema } from "../gen/foreword/v1/profile_service_pb.js";
import { BRIEF } from "../src/budget.js";
import { ForewordError, LocalReader } from "../src/local.js";
import { setting, skip } from "./settings.js";
import { taking } from "./taking.js";

/**
 * @typedef {{ name: string, store: string, call: string, user_id: string, namespace: string, max_tokens: number,
 * now_ms: number, response: string,
 *     reason?: string, field?: string }} Case
 * @typedef {{ name: string, store: string, reads: Case[], datagrams: string[] }} Telling
 */

/** @type {{ brief_frames: Record<string, number>, cases: Case[], tellings: Telling[] }} */
const vectors = skip
  ? { brief_frames: {}, cases: [], tellings: [] }
  : JSON.parse(readFileSync(setting("FOREWORD_VECTORS"), "utf8"));

test("each read is answered with the message of the vectors, or refused for their reason", { skip }, async (t) => {
  assert.ok(vectors.cases.length);
  for (const one of vectors.cases) await t.test(`${one.call} ${one.name}`, () => check(one));
});

test("reads tell of the users of the vectors, in their order, and of nobody else", { skip }, async (t) => {
  assert.ok(vectors.tellings.length);
  for (const one of vectors.tellings) await t.test(one.name, () => checkTelling(one));
});

test("the brief frames have the sizes of the vectors", { skip }, () => {
  const sizes = Object.values(BRIEF).map(({ text, tokens }) => [text, tokens]);
  assert.deepEqual(Object.fromEntries(sizes), vectors.brief_frames);
});

/** @param {Case} one */
function check(one) {
  const read = () => {
    const reader = new LocalReader(join(setting("FOREWORD_VECTOR_STORES"), one.store), { now: () => one.now_ms });
    try {
      return answer(reader, one);
    } finally {
      reader.close();
    }
  };
  if (one.reason) {
    assert.throws(read, (error) => {
      assert.ok(error instanceof ForewordError, String(error));
      assert.deepEqual([error.reason, error.field], [one.reason, one.field ?? ""]);
      return true;
    });
    return;
  }
  const schema = one.call === "profile" ? GetProfileResponseSchema : GetForewordResponseSchema;
  assert.deepEqual(read(), fromBinary(schema, Buffer.from(one.response, "hex")));
}

/**
 * @param {LocalReader} reader
 * @param {Case} one
 */
function answer(reader, one) {
  const ours = reader.within(one.namespace);
  if (one.call === "profile") return ours.profile(one.user_id);
  return ours.foreword(one.user_id, { maxTokens: one.max_tokens });
}

/** @param {Telling} one */
async function checkTelling(one) {
  const directory = join(setting("FOREWORD_VECTOR_STORES"), one.store);
  mkdirSync(directory, { recursive: true });
  const taken = taking(directory);
  let nowMs = 0;
  const reader = new LocalReader(directory, { now: () => nowMs });
  for (const each of one.reads) {
    nowMs = each.now_ms;
    try {
      answer(reader, each);
    } catch (exc) {
      // One that is refused tells of nobody.
      assert.ok(exc instanceof ForewordError, String(exc));
    }
  }
  reader.close();
  assert.deepEqual(await taken.all(), one.datagrams);
}
