import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, Feedback, ForewordError, Freshness } from "../src/client.js";
import { setting, skip } from "./settings.js";

test("every method is answered by a running sidecar, over a unix socket too", { skip }, async () => {
  const client = new Client(setting("FOREWORD_UNIX_TARGET"), { raises: true });
  try {
    const recorded = await client.within("acme").record([{ userId: "noder", type: "read", topics: ["tests"] }]);
    assert.equal(recorded.acceptedCount, 1);
    const found = await client.foreword("ada", { maxTokens: 40, sessionId: "s1" });
    assert.ok(found.text);
    assert.ok(found.tokenCount <= 40);
    const many = await client.profiles([...Array.from({ length: 1000 }, (_, place) => `nobody-${place}`), "ada"]);
    assert.equal(many.length, 1001);
    assert.equal(many.at(-1)?.profile?.userId, "ada");
    assert.ok((await client.status()).version);
    const ranking = await client.rank("ada", [{ actionId: "verbose" }, { actionId: "concise" }]);
    assert.ok(ranking.isRanked);
    assert.equal(ranking.order.length, 2);
    const said = await client.feedback({ decisionId: ranking.decisionId, feedback: Feedback.REJECT });
    assert.ok(said.accepted);
    const others = { decisionId: ranking.decisionId, userId: "bob", feedback: Feedback.ACCEPT };
    await assert.rejects(client.feedback(others), { reason: "FIELD_INVALID", field: "user_id" });
  } finally {
    client.close();
  }
});

test("a refused call names reason and field, a refused event among kept ones its place", { skip }, async () => {
  const client = new Client(setting("FOREWORD_TARGET"), { raises: true });
  try {
    await assert.rejects(client.profile(""), (error) => {
      assert.ok(error instanceof ForewordError);
      assert.deepEqual([error.reason, error.field, error.fromSidecar], ["FIELD_INVALID", "user_id", true]);
      return true;
    });
    const { refused } = await client.record([{ userId: "noder", type: "read" }, { type: "read" }]);
    assert.deepEqual(refused.map(({ index }) => index), [1]);
  } finally {
    client.close();
  }
});

test("without a sidecar reads answer as if nothing were known, and at once from the second call on", async () => {
  /** @type {string[]} */
  const reasons = [];
  const client = new Client("unix:/nonexistent/foreword.sock", { onError: ({ reason }) => reasons.push(reason) });
  try {
    const found = await client.profile("ada");
    assert.equal(found.freshness, Freshness.UNSPECIFIED);
    assert.ok(found.profile?.isDefault);
    const started = performance.now();
    const ranking = await client.rank("ada", [{ actionId: "one" }]);
    assert.deepEqual(ranking, { order: [{ actionId: "one" }], isRanked: false, decisionId: "" });
    assert.equal(await client.text("ada"), "");
    assert.deepEqual((await client.record([{ userId: "ada" }])).refused.map(({ index }) => index), [0]);
    await client.feedback({ decisionId: ranking.decisionId });
    assert.ok(performance.now() - started < 200);
    await assert.rejects(client.status(), { reason: "UNAVAILABLE" });
    assert.deepEqual(reasons, Array.from({ length: 4 }, () => "UNAVAILABLE"));
  } finally {
    client.close();
  }
});
