import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { GetForewordResponseSchema, GetProfileResponseSchema } from "../gen/foreword/v1/profile_service_pb.js";
import { BRIEF } from "../src/budget.js";
import { ForewordError, LocalReader } from "../src/local.js";
import { setting, skip } from "./settings.js";

/**
 * @typedef {{ name: string, store: string, call: string, user_id: string, namespace: string, max_tokens: number,
 * now_ms: number, response: string,
 *     reason?: string, field?: string }} Case
 */

/** @type {{ brief_frames: Record<string, number>, cases: Case[] }} */
const vectors = skip ? { brief_frames: {}, cases: [] } : JSON.parse(readFileSync(setting("FOREWORD_VECTORS"), "utf8"));

test("each read is answered with the message of the vectors, or refused for their reason", { skip }, async (t) => {
  assert.ok(vectors.cases.length);
  for (const one of vectors.cases) await t.test(`${one.call} ${one.name}`, () => check(one));
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
      const ours = reader.within(one.namespace);
      if (one.call === "profile") return ours.profile(one.user_id);
      return ours.foreword(one.user_id, { maxTokens: one.max_tokens });
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
