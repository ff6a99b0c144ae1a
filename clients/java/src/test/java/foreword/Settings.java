package foreword;

import org.junit.jupiter.api.Assumptions;

/** What clients/run_tests.py says. */
final class Settings {
  private Settings() {}

  /** Returns a setting; without it the test is skipped. */
  static String get(String name) {
    String value = System.getenv(name);
    Assumptions.assumeTrue(value != null, name + " is not set: run `make test-clients`");
    return value;
  }
}
