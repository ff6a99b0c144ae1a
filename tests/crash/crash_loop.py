"""Kills the real daemons at random moments under load and compares the store with what they acknowledged.

    python tests/crash/crash_loop.py --rounds 200

Each round sends events over gRPC and reads profiles back until a chosen number of answers came, then kills the
sidecar, the scheduler or both with SIGKILL, looks through the whole store, compares it with the oracle, and starts
the killed anew. The oracle lives in this process only: ids of acknowledged events, and revisions that were served.
Prints one JSON object; the exit code is 1 when anything was lost or found wrong.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import grpc

from foreword import keys
from foreword.store import ActivityReader, ProfileReader
from foreword.store.check import check_store
from foreword.v1.activity_service_pb2 import RecordEventsRequest
from foreword.v1.activity_service_pb2_grpc import ActivityServiceStub
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_service_pb2 import GetProfileRequest
from foreword.v1.profile_service_pb2_grpc import ProfileServiceStub

# Run as a script, which pytest's path is not set for.
sys.path.append(str(Path(__file__).parents[1]))
from waiting import let_pass, until

USERS = [f"user{number}" for number in range(30)]
TOPICS = ("trains", "bread", "chess", "maps", "moss")
BATCH_EVENTS = 20
STEPS_MAX = 40
IN_FLIGHT_MAX = 6
# About as long as a few commits and a few refreshes take.
KILL_SECONDS_MAX = 0.05
START_SECONDS = 60.0
CALL_SECONDS = 10.0
UP = {"sidecar": b"serving on", "scheduler": b"the scheduler runs on"}

CONFIG = """
[store]
directory = "{store}"
profiles_map_size_bytes = 1073741824
activity_map_size_bytes = 1073741824
[sidecar]
listen = ["unix:{socket}"]
maintenance_seconds = 0.5
[scheduler]
sweep_seconds = 0.2
review_seconds = 2
"""


class Daemon:
    """One of the two daemons, as a process."""

    def __init__(self, name: str, config: Path) -> None:
        self.name = name
        self._config = config
        self._log = config.with_name(f"{name}.log")
        self._process: subprocess.Popen[bytes] | None = None
        self._said_before = 0

    def start(self) -> None:
        """Start it."""
        self._spawn([sys.executable, "-m", "foreword", "--config", str(self._config), self.name])

    def start_dying(self, point: str) -> None:
        """Start one that kills itself at a point."""
        script = str(Path(__file__).with_name("dying_daemon.py"))
        self._spawn([sys.executable, script, str(self._config), self.name, point])

    def wait_until_up(self) -> None:
        """Wait until it says that it works: earlier, the interpreter itself may still be starting."""
        until(
            lambda: UP[self.name] in self._log.read_bytes()[self._said_before :],
            lambda: f"the {self.name} to start; it said: {self.log()}",
            seconds=START_SECONDS,
        )

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def wait_for_death(self) -> None:
        """Wait until it has killed itself."""
        assert self._process is not None
        code = self._process.wait(START_SECONDS)
        assert code == -signal.SIGKILL, (code, self.log())

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(CALL_SECONDS * 6)

    def log(self) -> str:
        """Return the end of what it logged."""
        return self._log.read_text()[-2000:]

    def _spawn(self, command: list[str]) -> None:
        with self._log.open("ab") as log:
            self._said_before = log.tell()
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)


class Oracle:
    """What the daemons acknowledged, kept outside the store."""

    def __init__(self) -> None:
        self.events: dict[str, set[str]] = {user: set() for user in USERS}
        self.revisions: dict[str, int] = {}

    def losses(self, directory: Path) -> list[str]:
        """Return what the store lacks."""
        with ExitStack() as stack:
            activity = ActivityReader(directory)
            stack.callback(activity.close)
            profiles = ProfileReader(directory)
            stack.callback(profiles.close)
            lost = []
            for user, ids in self.events.items():
                stored = {event.event.event_id for event in activity.events(keys.user_key(user))}
                lost += [f"event {user} {event_id}" for event_id in sorted(ids - stored)]
            for user, revision in self.revisions.items():
                found = profiles.profile(keys.user_key(user))
                if found is None or found.profile.revision < revision:
                    lost.append(f"profile {user} {revision}")
            return lost


class Client:
    """Sends events and reads profiles, and tells the oracle what was answered."""

    def __init__(self, socket: Path, oracle: Oracle, choose: random.Random) -> None:
        options = [("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200)]
        self.channel = grpc.insecure_channel(f"unix:{socket}", options=options)
        self._record = ActivityServiceStub(self.channel).RecordEvents
        self._get = ProfileServiceStub(self.channel).GetProfile
        self._oracle = oracle
        self._choose = choose
        self._number = 0
        self._in_flight: list[tuple[RecordEventsRequest, grpc.Future]] = []
        self._unanswered: list[RecordEventsRequest] = []
        self.counts: Counter[str] = Counter()

    def send(self) -> None:
        """Have one more batch under way, and wait for the oldest when there are many.

        A batch left unanswered by a kill is sent again, as a client would.
        """
        self._begin(self._unanswered.pop() if self._unanswered else self._batch())
        if len(self._in_flight) >= IN_FLIGHT_MAX:
            self._end(*self._in_flight.pop(0))

    def finish(self) -> None:
        """Wait for the end of all that is under way."""
        while self._in_flight:
            self._end(*self._in_flight.pop(0))

    def answered(self) -> bool:
        """Send one batch and return whether it was answered."""
        before = self.counts["batches answered"]
        self.send()
        self.finish()
        return self.counts["batches answered"] > before

    def _begin(self, request: RecordEventsRequest) -> None:
        self._in_flight.append((request, self._record.future(request, timeout=CALL_SECONDS)))

    def _end(self, request: RecordEventsRequest, call: grpc.Future) -> None:
        try:
            answer = call.result()
        except grpc.RpcError as exc:
            if exc.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            self.counts["calls without an answer"] += 1
            self._unanswered.append(request)
            return
        if answer.accepted_count + answer.duplicate_count != len(request.events):
            raise AssertionError(f"events were refused: {answer}")
        self.counts["batches answered"] += 1
        self.counts["events acknowledged"] += len(request.events)
        self.counts["events written though their answer was cut off"] += answer.duplicate_count
        for event in request.events:
            self._oracle.events[event.user_id].add(event.event_id)

    def read(self) -> None:
        """Read a profile.

        Raises:
            grpc.RpcError: No answer came.
        """
        user = self._choose.choice(USERS)
        revision = self._get(GetProfileRequest(user_id=user), timeout=CALL_SECONDS).profile.revision
        self.counts["profiles read"] += 1
        if revision:
            self.counts["revisions served"] += revision > self._oracle.revisions.get(user, 0)
            if revision < self._oracle.revisions.get(user, 0):
                raise AssertionError(f"{user} went back from {self._oracle.revisions[user]} to {revision}")
            self._oracle.revisions[user] = revision

    def _batch(self) -> RecordEventsRequest:
        events = []
        for _ in range(BATCH_EVENTS):
            self._number += 1
            # Ends of sessions make the scheduler write all the time.
            kind = self._choose.choice(["view", "read", "like", "session.end"])
            user, topic = self._choose.choice(USERS), self._choose.choice(TOPICS)
            event = Event(event_id=f"e{self._number}", user_id=user, type=kind, topics=[topic])
            event.time.FromMilliseconds(time.time_ns() // 1_000_000)
            events.append(event)
        return RecordEventsRequest(events=events)


class CrashLoop:
    """Both daemons, a client, and the rounds."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.store = directory / "store"
        socket = directory / "s.sock"
        config = directory / "foreword.toml"
        config.write_text(CONFIG.format(store=self.store, socket=socket))
        self._choose = random.Random(seed)
        self.oracle = Oracle()
        self.client = Client(socket, self.oracle, self._choose)
        self.sidecar, self.scheduler = Daemon("sidecar", config), Daemon("scheduler", config)
        self.kills: Counter[str] = Counter()
        self.start_seconds: list[float] = []

    def run(self, rounds: int) -> list[str]:
        """Run rounds; return what was lost or wrong."""
        for daemon in (self.sidecar, self.scheduler):
            daemon.start()
        try:
            self._wait_until_serving()
            self._wait_for_a_revision()
            wrong: list[str] = []
            for number in range(rounds):
                wrong += [f"round {number}: {what}" for what in self._round()]
            for daemon in (self.sidecar, self.scheduler):
                daemon.wait_until_up()
            wrong += [
                f"{d.name} ended with {code}" for d in (self.sidecar, self.scheduler) if (code := d.stop())
            ]
            return wrong + self._wrong()
        finally:
            self.client.channel.close()
            self.sidecar.kill()
            self.scheduler.kill()

    def _round(self) -> list[str]:
        victims = self._choose.choice([[self.sidecar], [self.scheduler], [self.sidecar, self.scheduler]])
        self._load(self._choose.randint(1, STEPS_MAX), victims)
        wrong = self._wrong()
        for victim in victims:
            self.kills[victim.name] += 1
            victim.start()
        if self.sidecar in victims:
            self._wait_until_serving()
        return wrong

    def _load(self, steps: int, victims: list[Daemon]) -> None:
        """Send and read so many times, then kill while batches are under way, at no moment in particular."""
        for _ in range(steps):
            self._choose.choice([self.client.send, self.client.read])()
        self.client.send()
        let_pass(self._choose.uniform(0, KILL_SECONDS_MAX))
        for victim in victims:
            victim.kill()
        self.client.finish()

    def _wrong(self) -> list[str]:
        problems = [f"{p.store} {p.key}: {p.what}" for p in check_store(self.store)]
        return problems + [f"lost {what}" for what in self.oracle.losses(self.store)]

    def _wait_until_serving(self) -> None:
        began = time.monotonic()
        until(
            self.client.answered,
            lambda: f"the sidecar to serve; it said: {self.sidecar.log()}",
            seconds=START_SECONDS,
        )
        self.start_seconds.append(time.monotonic() - began)

    def _wait_for_a_revision(self) -> None:
        until(
            self._is_a_revision_read,
            lambda: f"the scheduler to write; it said: {self.scheduler.log()}",
            seconds=START_SECONDS,
        )

    def _is_a_revision_read(self) -> bool:
        self.client.answered()
        self.client.read()
        return bool(self.oracle.revisions)

    def figures(self) -> dict[str, object]:
        """Return what happened, in numbers."""
        times = sorted(self.start_seconds)
        return {
            "kills": dict(self.kills),
            **self.client.counts,
            "highest revision": max(self.oracle.revisions.values(), default=0),
            "seconds until serving, median": round(times[len(times) // 2], 2),
            "seconds until serving, most": round(times[-1], 2),
        }


def main() -> int:
    """Run the loop as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        began = time.monotonic()
        loop = CrashLoop(Path(directory), arguments.seed)
        wrong = loop.run(arguments.rounds)
        seconds = round(time.monotonic() - began)
    figures = {
        "rounds": arguments.rounds,
        "seed": arguments.seed,
        "seconds": seconds,
        **loop.figures(),
        "wrong": wrong,
    }
    print(json.dumps(figures, indent=2))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
