/**
 * Returns what clients/run_tests.py says. Without it a test of the daemons cannot run, and its file is skipped.
 *
 * @param {string} name
 */
export function setting(name) {
  return process.env[name] ?? "";
}

/** Why the tests beside daemons are skipped, for node:test; false where they run. */
export const skip = process.env.FOREWORD_TARGET ? false : "run `make test-clients`";
