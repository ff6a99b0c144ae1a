// Reads one user's foreword from the sidecar.
//
//   node client.js ann unix:/path/to/foreword.sock
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const [user = "ann", address = "127.0.0.1:7464"] = process.argv.slice(2);
const protos = process.env.FOREWORD_PROTO ?? fileURLToPath(new URL("../../proto", import.meta.url));

const definition = loader.loadSync("foreword/v1/profile_service.proto", {
  includeDirs: [protos], keepCase: true, enums: String, longs: Number, defaults: true,
});
const { ProfileService } = grpc.loadPackageDefinition(definition).foreword.v1;
const client = new ProfileService(address, grpc.credentials.createInsecure());

// An agent should rather go without a foreword than wait for one.
const options = { deadline: Date.now() + 1000 };
client.GetForeword({ user_id: user, max_tokens: 120 }, options, (error, foreword) => {
  if (error) {
    console.error(error.details);
    process.exitCode = 1;
  } else {
    console.log(`${foreword.freshness} revision ${foreword.revision}, ${foreword.token_count} tokens`);
    console.log(foreword.text);
  }
  client.close();
});
