import { create } from "@bufbuild/protobuf";
import { Depth, Length, ProfileSchema } from "../gen/foreword/v1/profile_pb.js";
import { GetForewordResponseSchema } from "../gen/foreword/v1/profile_service_pb.js";

const tokenizer = "foreword-upper-bound-2";

/**
 * Returns what is served of a user nobody knows where no default is stored: nothing is claimed.
 *
 * @param {string} userId
 * @param {string} namespace
 */
export function defaultProfile(userId, namespace) {
  return create(ProfileSchema, {
    userId,
    namespace,
    foreword: { tokenizer, cuts: [{}] },
    presentation: { depth: Depth.STANDARD, tone: "neutral", length: Length.MEDIUM },
    isDefault: true,
  });
}

/** Returns the text of it, which is empty. */
export function defaultForeword() {
  return create(GetForewordResponseSchema, { etag: "e3b0c44298fc1c14", tokenizer, cuts: [{}] });
}
