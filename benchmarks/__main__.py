"""Run benchmarks by name, or all of them; keep each table in benchmarks/results."""

from __future__ import annotations

import importlib
import sys

from foreword.errors import ForewordError

NAMES = (
    "read_path",
    "local_read",
    "defaults",
    "rpc",
    "streams",
    "native",
    "rivals",
    "load",
    "flat",
    "telemetry",
    "access",
    "mcp_calls",
    "client_import",
    "ingest",
    "json_event",
    "refresh",
    "policy",
    "exploration",
    "growth",
    "retention",
    "history",
    "prompt",
    "trigger",
    "backfill",
    "due_scale",
    "plan_check",
    "rewrite",
    "names",
    "tokens",
    "near",
    "model_batches",
    "model_faults",
    "model_calls",
    "model_trigger",
    "answers_scale",
    "answers_latency",
    "answers_cost",
    "answers_flight",
    "ranking_latency",
    "ranking_models",
    "ranking_simulation",
    "ui_pages",
    "integrations",
    "first_use",
)


def main(arguments: list[str]) -> int:
    """Run the named benchmarks; exit code 2 for an unknown name, 1 when one named lacks what it needs.

    When all are run, one that lacks something (a library, the data) is left out, and says so.
    """
    unknown = [name for name in arguments if name not in NAMES]
    if unknown:
        print(f"no benchmark named {unknown[0]}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in arguments or NAMES:
        try:
            table = importlib.import_module(f"benchmarks.{name}").run()
        except ForewordError as exc:
            print(f"{name} is left out: {exc}", file=sys.stderr)
            if arguments:
                return 1
            continue
        table.keep()
        print(table.markdown(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
