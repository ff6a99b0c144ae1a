// Records what a user did, and reads their foreword from the sidecar.
//
//   node client.js ann unix:/path/to/foreword.sock
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import { ErrorInfo } from "nice-grpc-error-details";
import { Status } from "nice-grpc-error-details/lib/proto/google/rpc/status.js";

const [user = "ann", address = "127.0.0.1:7464"] = process.argv.slice(2);

const { ProfileService, ActivityService } = loadServices();
const profiles = new ProfileService(address, grpc.credentials.createInsecure());
const activity = new ActivityService(address, grpc.credentials.createInsecure());
const recordEvents = promisify(activity.RecordEvents.bind(activity));
const getForeword = promisify(profiles.GetForeword.bind(profiles));

try {
  // With an id of your own, sending an event again is harmless: it counts once.
  const event = { event_id: "node-1", user_id: user, type: "read", topics: ["tests"] };
  const { refused } = await recordEvents({ events: [event] }, soon());
  for (const { reason, field, message } of refused) console.error(`${reason}: ${field} ${message}`);

  const foreword = await getForeword({ user_id: user, max_tokens: 120 }, soon());
  console.log(`${foreword.freshness} revision ${foreword.revision}, ${foreword.token_count} tokens`);
  console.log(foreword.text);
} catch (error) {
  console.error(`${reasonOf(error)}: ${error.details ?? error}`);
  process.exitCode = 1;
} finally {
  profiles.close();
  activity.close();
}

// An application should rather go without a foreword than wait for one.
function soon() {
  return { deadline: Date.now() + 1000 };
}

// Returns why the sidecar refused a call, by the name that a refused event has too. An error holds it without the
// prefix: FIELD_INVALID for ERROR_REASON_FIELD_INVALID. Unspecified when no sidecar answered.
function reasonOf(error) {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const details = bytes ? Status.decode(bytes).details : [];
  const info = details.find(({ typeUrl }) => typeUrl.endsWith("/google.rpc.ErrorInfo"));
  return `ERROR_REASON_${info ? ErrorInfo.decode(info.value).reason : "UNSPECIFIED"}`;
}

// Foreword's proto folder: as named, or copied beside this file, or where a checkout has it.
function loadServices() {
  const places = [process.env.FOREWORD_PROTO, `${import.meta.dirname}/proto`, `${import.meta.dirname}/../../proto`];
  const protos = places.filter(Boolean).map((place) => resolve(place)).find(existsSync);
  if (!protos) {
    console.error("copy Foreword's folder proto beside client.js, or name it with FOREWORD_PROTO");
    process.exit(1);
  }
  const definition = loader.loadSync(
    ["profile_service", "activity_service"].map((name) => `foreword/v1/${name}.proto`),
    { includeDirs: [protos], keepCase: true, enums: String, longs: Number, defaults: true },
  );
  return grpc.loadPackageDefinition(definition).foreword.v1;
}
