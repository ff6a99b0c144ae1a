// An agent of the AI SDK that knows its user, with and without Foreword, beside a running sidecar.
//
//   foreword dev model-server &
//   ANTHROPIC_BASE_URL=http://127.0.0.1:7465/v1 ANTHROPIC_API_KEY=none node example-ai.js
//
// Without ANTHROPIC_BASE_URL it asks the Messages API itself, and takes your key.
import { createAnthropic } from "@ai-sdk/anthropic";
import { generateText, wrapLanguageModel } from "ai";
import { Personalization } from "foreword";
import { forewordMiddleware } from "foreword/ai";

const foreword = new Personalization(process.env.FOREWORD_TARGET ?? "127.0.0.1:7464");
const bare = createAnthropic({ baseURL: process.env.ANTHROPIC_BASE_URL })("claude-haiku-4-5");
const knowing = wrapLanguageModel({ model: bare, middleware: forewordMiddleware(foreword) });

const asked = { system: "You are the support agent of a library.", prompt: "What shall I read next?" };
for (const model of [bare, knowing]) {
  const providerOptions = { foreword: { userId: "ada", sessionId: "visit-1" } };
  const { text, usage } = await generateText({ model, ...asked, providerOptions });
  console.log(`${usage.inputTokens} tokens read: ${text}`);
}
console.log(await foreword.block({ userId: "ada" }));
await foreword.close();
