// Reads for clients/soak.py: `grpc USER` or `map USER` comes in, a line goes out.
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { Client, ForewordError, Freshness } from "foreword";
import { LocalReader } from "foreword/local";

const client = new Client(process.env.FOREWORD_TARGET, { raises: true });
const reader = new LocalReader(process.env.FOREWORD_STORE ?? "var/foreword");

for await (const line of createInterface({ input: process.stdin })) {
  const [path, user = ""] = line.split(" ");
  try {
    const { freshness, profile } = path === "grpc" ? await client.profile(user) : reader.profile(user);
    const summary = profile?.semanticSummary ?? "";
    const digest = createHash("sha256").update(summary).digest("hex");
    say(`FRESHNESS_${Freshness[freshness]}`, summary.slice(0, 24), summary.length, digest);
  } catch (exc) {
    if (!(exc instanceof ForewordError)) throw exc;
    say("error", exc.reason, exc.message.replace(/\s+/g, " "));
  }
}
client.close();
reader.close();

/** @param {(string | number)[]} fields */
function say(...fields) {
  process.stdout.write(`${fields.join("\t")}\n`);
}
