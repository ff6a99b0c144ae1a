// Records what a user did, reads their foreword from the sidecar, and, given a store, in process.
//
//   node example.js
import { Client } from "foreword";
import { LocalReader } from "foreword/local";

const client = new Client(process.env.FOREWORD_TARGET);

// With an id of your own, sending an event again is harmless: it counts once.
const { refused } = await client.record([{ eventId: "node-1", userId: "ann", type: "read", topics: ["tests"] }]);
for (const { field, message } of refused) console.error(field, message);
console.log(await client.text("ann", { maxTokens: 120 })); // never an error
client.close();

const reader = new LocalReader(process.env.FOREWORD_STORE ?? "var/foreword");
console.log("in process:", reader.text("ada"));
reader.close();
