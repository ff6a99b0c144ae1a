import assert from "node:assert/strict";
import { test } from "node:test";
import * as ai7 from "ai";
import * as ai6 from "ai-6";
import { createAnthropic as anthropic7 } from "@ai-sdk/anthropic";
import { createAnthropic as anthropic6 } from "anthropic-for-ai-6";
import { MockLanguageModelV4 } from "ai/test";
import { MockLanguageModelV3 } from "ai-6/test";
import { OperatorService } from "../gen/foreword/v1/operator_service_pb.js";
import { forewordMiddleware } from "../src/ai.js";
import { Client, Personalization } from "../src/client.js";
import { setting, skip } from "./settings.js";

const SYSTEM = "You are the assistant of a documentation site.";
const target = setting("FOREWORD_TARGET");
// Far more than anything takes here; the default is for users who wait.
const patient = { timeoutMs: 20_000 };

/**
 * Both majors of the SDK, of which only one has the types here.
 *
 * @type {{ name: string, sdk: typeof ai7, provider: typeof anthropic7, Mock: typeof MockLanguageModelV4 }[]}
 */
const MAJORS = [
  { name: "ai 7", sdk: ai7, provider: anthropic7, Mock: MockLanguageModelV4 },
  /** @type {any} */ ({ name: "ai 6", sdk: ai6, provider: anthropic6, Mock: MockLanguageModelV3 }),
];
/** @type {any} */
const USAGE = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
/** @type {any} */
const STOP = { unified: "stop", raw: "stop" };

/** @param {string} userId */
const named = (userId) => ({ foreword: { userId, namespace: "ai", sessionId: "visit" } });

/**
 * Returns the foreword of a user once they were refreshed.
 *
 * @param {string} userId
 */
async function refreshed(userId) {
  const client = new Client(target, { raises: true, namespace: "ai", timeoutMs: 20_000 });
  try {
    await client.call(OperatorService.method.refreshUser, { userId, namespace: "ai", wait: { seconds: 10n } });
    return await client.text(userId);
  } finally {
    client.close();
  }
}

for (const { name, sdk, provider, Mock } of MAJORS) {
  const { generateText, streamText, wrapLanguageModel, jsonSchema, tool, stepCountIs } = sdk;
  const quick = name.replace(" ", "-");

  /** Returns a model that answers, with what it was asked. */
  const mock = () =>
    new Mock({
      doGenerate: async () => ({ content: [{ type: "text", text: "Yes." }], finishReason: STOP, usage: USAGE, warnings: [] }),
    });

  test(`${name}: the model server is sent the foreword behind the system prompt`, { skip }, async () => {
    const foreword = new Personalization(target, patient);
    /** @type {any[]} */
    const sent = [];
    /** @type {typeof fetch} */
    const sending = (url, init) => {
      sent.push(JSON.parse(String(init?.body)));
      return fetch(url, init);
    };
    const baseURL = `${setting("FOREWORD_MODEL_URL")}/v1`;
    const bare = provider({ baseURL, apiKey: "none", fetch: sending })("claude-haiku-4-5");
    const model = wrapLanguageModel({ model: bare, middleware: forewordMiddleware(foreword, { marksCache: true }) });
    try {
      const block = await foreword.block({ userId: "ada" });
      assert.match(block, /tests/);
      const providerOptions = { foreword: { userId: "ada" } };
      const done = await generateText({ model, system: SYSTEM, prompt: "Hello", providerOptions });
      assert.ok(done.text);
      const expected = { type: "text", text: block, cache_control: { type: "ephemeral" } };
      assert.deepEqual(sent[0].system, [{ type: "text", text: SYSTEM }, expected]);
      assert.ok(!JSON.stringify(sent).includes("userId"));
      const streamed = streamText({ model, system: SYSTEM, prompt: "Hello", providerOptions });
      assert.equal(await streamed.text, done.text);
      assert.deepEqual(sent[1].system, sent[0].system);
    } finally {
      await foreword.close();
    }
  });

  test(`${name}: requests and calls of tools are recorded, each once, after the model has answered`, { skip }, async () => {
    const foreword = new Personalization(target, { ...patient, topics: (text) => (text.includes("chess") ? ["chess"] : []) });
    const steps = [
      { type: "tool-call", toolCallId: "1", toolName: "search", input: "{}" },
      { type: "tool-call", toolCallId: "2", toolName: "broken", input: "{}" },
      { type: "text", text: "Done." },
    ];
    let failures = 1;
    const looping = new Mock({
      doGenerate: async () => {
        if (failures-- > 0) throw Object.assign(new Error("overloaded"), { isRetryable: true });
        const part = /** @type {any} */ (steps.shift());
        const unified = part.type === "text" ? "stop" : "tool-calls";
        return { content: [part], finishReason: { ...STOP, unified }, usage: USAGE, warnings: [] };
      },
    });
    const model = wrapLanguageModel({ model: looping, middleware: forewordMiddleware(foreword) });
    /** @type {any} */
    const inputSchema = jsonSchema({ type: "object", properties: {} });
    const tools = {
      search: tool({ inputSchema, execute: async () => "found" }),
      broken: tool({ inputSchema, execute: /** @type {() => Promise<string>} */ (async () => assert.fail("no")) }),
    };
    const userId = `toolish-${quick}`;
    const asked = { model, system: SYSTEM, tools, stopWhen: stepCountIs(5), providerOptions: named(userId) };
    try {
      await assert.rejects(generateText({ ...asked, prompt: "chess?", maxRetries: 0 }), /overloaded/);
      const done = await generateText({ ...asked, prompt: "chess?" });
      assert.equal(done.text, "Done.");
      for (let turn = 0; turn < 3; turn += 1) {
        const answering = wrapLanguageModel({ model: mock(), middleware: forewordMiddleware(foreword) });
        await generateText({ model: answering, prompt: "more chess", providerOptions: named(userId) });
      }
      assert.ok(await foreword.flush(20_000));
      assert.match(await refreshed(userId), /chess/);
      const client = new Client(target, { raises: true });
      const { beliefs } = await client.call(OperatorService.method.explainBelief, { userId, namespace: "ai" });
      client.close();
      const chess = beliefs.find(({ beliefId }) => beliefId === "chess");
      assert.equal(chess?.evidenceCount, 4);
      assert.deepEqual(new Set(chess.evidence.map(({ event }) => event?.sessionId)), new Set(["visit"]));
    } finally {
      await foreword.close();
    }
  });

  test(`${name}: what corrects the answer before it is said by the next foreword`, { skip }, async () => {
    const foreword = new Personalization(target, patient);
    const model = wrapLanguageModel({ model: mock(), middleware: forewordMiddleware(foreword) });
    const userId = `corrector-${quick}`;
    /** @type {any[]} */
    const messages = [];
    try {
      for (const content of ["How do I pay?", "And abroad?", "And by card?", "Shorter, please"]) {
        messages.push({ role: "user", content });
        const { text } = await generateText({ model, messages, providerOptions: named(userId) });
        messages.push({ role: "assistant", content: text });
      }
      assert.ok(await foreword.flush(20_000));
      assert.match(await refreshed(userId), /short answers/);
    } finally {
      await foreword.close();
    }
  });

  test(`${name}: without a sidecar or a user the model is called as if nothing were there`, async () => {
    const foreword = new Personalization("unix:/nonexistent/foreword.sock", { onError: () => {} });
    const [bare, without] = [mock(), mock()];
    const model = wrapLanguageModel({ model: without, middleware: forewordMiddleware(foreword) });
    const messages = [{ role: /** @type {const} */ ("user"), content: "Hello" }];
    for (const providerOptions of [named("ada"), undefined, { foreword: { userId: 7 } }, { other: { a: 1 } }]) {
      const { foreword: _, ...others } = /** @type {any} */ (providerOptions ?? {});
      const asked = { system: SYSTEM, messages };
      await generateText({ ...asked, model: bare, providerOptions: providerOptions && others });
      await generateText({ ...asked, model, providerOptions: /** @type {any} */ (providerOptions) });
      const [expected, found] = [bare, without].map(({ doGenerateCalls }) => doGenerateCalls.at(-1));
      assert.deepEqual(found?.prompt, expected?.prompt);
      assert.deepEqual(found?.providerOptions, expected?.providerOptions);
    }
    const broken = new Mock({
      doGenerate: async () => {
        throw new Error("the model's own");
      },
    });
    const failing = wrapLanguageModel({ model: broken, middleware: forewordMiddleware(foreword) });
    await assert.rejects(generateText({ model: failing, prompt: "x", maxRetries: 0 }), /the model's own/);
  });

  test(`${name}: an agent of one user needs no name in a call, and gets one block`, { skip }, async () => {
    const foreword = new Personalization(target, { ...patient, records: false });
    const inner = mock();
    const once = forewordMiddleware(foreword, { user: { userId: "ada" } });
    const model = wrapLanguageModel({ model: inner, middleware: [once, once] });
    try {
      await generateText({ model, prompt: "Hello" });
      const roles = inner.doGenerateCalls[0]?.prompt.map(({ role }) => role);
      assert.deepEqual(roles, ["system", "user"]);
      assert.equal(inner.doGenerateCalls[0]?.prompt[0]?.content, await foreword.block({ userId: "ada" }));
    } finally {
      await foreword.close();
    }
  });
}
