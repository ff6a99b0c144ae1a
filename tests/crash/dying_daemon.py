"""A daemon that kills itself at a named moment of a deletion: `python dying_daemon.py CONFIG DAEMON POINT`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

# Run as a script, which pytest's path is not set for.
sys.path.append(str(Path(__file__).parents[1]))
from crash.store_writer import KillPoints

from foreword.cli import main
from foreword.store import ActivityTransaction, ProfileTransaction, activity_writer
from scheduler.attempt import Refresher
from scheduler.attempt_writer import AttemptWriter
from scheduler.runner import Runner
from sidecar.refresh_wait import RefreshWait


class Moment(NamedTuple):
    """Where a daemon dies: when a function is called, before it has done anything."""

    owner: Any
    function: str


# In the order of a deletion's life.
ANSWERING = {
    "deletion begun": Moment(ActivityTransaction, "delete"),
    "events set aside, the trigger not added": Moment(activity_writer, "uncount_events"),
    "deleted, not answered": Moment(RefreshWait, "until"),
}
COUNTING = {
    "trigger met": Moment(ProfileTransaction, "put_trigger_cursor"),
    "trigger taken": Moment(Refresher, "run"),
    "counted anew": Moment(AttemptWriter, "write"),
    "profile put, the state not": Moment(ProfileTransaction, "drop_revisions"),
    "population not put": Moment(ProfileTransaction, "put_population"),
    "written": Moment(Runner, "_give_back"),
}
CLEARING = {"taken in, what was set aside kept": Moment(ActivityTransaction, "drop_deleted")}


def run(config: str, daemon: str, point: str) -> int:
    """Run a daemon until it comes to the point."""
    moment = (ANSWERING | COUNTING | CLEARING)[point]
    KillPoints(f"{point}:1").around(moment.owner, moment.function, point)
    return main(["--config", config, daemon])


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
