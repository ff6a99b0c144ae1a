"""Reads through the native front while profiles are rewritten and added, and either process is killed at random.

An oracle beside the store knows each version of each profile: what is read must be, whole, a version that was in force
between the beginning and the end of the call. Run by `test_kill_native.py`; longer by hand:

    python tests/crash/native_crash_loop.py --kills 200
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

import grpc

sys.path.append(str(Path(__file__).parents[1]))
from waiting import let_pass, until

from foreword import keys
from foreword.store import ProfileWriter
from foreword.store.check import check_store
from foreword.v1.operator_service_pb2 import GetStatusRequest, GetStatusResponse
from foreword.v1.profile_pb2 import Profile
from foreword.v1.profile_service_pb2 import GetProfileRequest, GetProfileResponse
from foreword.v1.refresh_pb2 import RefreshState

NOW_MS = 1_700_000_000_000
READERS = 3
BATCH_USERS = 20
USERS_MAX = 5000
# Between two kills: long enough for both processes to serve again, and for some hundreds of reads.
QUIET_SECONDS = (0.1, 0.8)
VICTIMS = ("front", "sidecar", "both")
CALL_SECONDS = 20
RECOVER_SECONDS = 60


class Oracle:
    """Which versions of a user's profile may be served."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.committed: list[int] = []

    @staticmethod
    def profile(user: int, version: int) -> Profile:
        """Return the profile of a version: each has a size of its own, up to several pages."""
        size = (user * 37 + version * 101) % 12_000
        return Profile(user_id=f"user-{user}", semantic_summary=f"{user}:{version}:" + "x" * size)


class Loop:
    """A sidecar with its front, readers, a writer, and somebody who kills."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.store = folder / "store"
        self.address = f"unix:{folder}/s"
        self.oracle = Oracle()
        self.wrong: list[str] = []
        self.kills: Counter[str] = Counter()
        self.reads = self.unavailable = self.versions = 0
        self._dice = random.Random(seed)
        self._over = threading.Event()
        self._sidecar: subprocess.Popen[bytes] | None = None
        self._log = (folder / "sidecar.log").open("ab")

    def run(self, kills: int) -> None:
        """Kill so often, and let the rest go on meanwhile."""
        writing = threading.Thread(target=self._write)
        writing.start()
        until(lambda: len(self.oracle.committed) >= BATCH_USERS, "the first profiles")
        self._start()
        reading = [threading.Thread(target=self._read, args=(number,)) for number in range(READERS)]
        for thread in reading:
            thread.start()
        try:
            for number in range(kills):
                let_pass(self._dice.uniform(*QUIET_SECONDS))
                self._kill(VICTIMS[number % len(VICTIMS)])
        finally:
            self._over.set()
            for thread in (*reading, writing):
                thread.join()
            if self._sidecar is not None:
                self._sidecar.terminate()
                self._sidecar.wait(RECOVER_SECONDS)

    def _start(self) -> None:
        environment = {
            **os.environ,
            "FOREWORD_STORE__DIRECTORY": str(self.store),
            "FOREWORD_SIDECAR__LISTEN": f'["{self.address}"]',
        }
        command = [sys.executable, "-m", "foreword", "sidecar"]
        self._sidecar = subprocess.Popen(command, env=environment, stderr=self._log)

    def _kill(self, which: str) -> None:
        front = self._front()
        assert self._sidecar is not None
        if which != "front":
            self._sidecar.kill()
            self._sidecar.wait()
        if which != "sidecar":
            with suppress(ProcessLookupError):
                os.kill(front, signal.SIGKILL)
        if which != "front":
            self._start()
        self.kills[which] += 1
        self._front()

    def _front(self) -> int:
        """Return the front's process, once sidecar and front both serve."""
        return int(until(self._asked_front, "sidecar and front", seconds=RECOVER_SECONDS))

    def _asked_front(self) -> int:
        with suppress(grpc.RpcError), grpc.insecure_channel(self.address) as channel:
            ask = channel.unary_unary("/foreword.v1.OperatorService/GetStatus")
            status = GetStatusResponse.FromString(
                ask(GetStatusRequest().SerializeToString(), timeout=CALL_SECONDS)
            )
            assert status.front.is_native, status.front.reason
            return status.front.process_id
        return 0

    def _write(self) -> None:
        writer = ProfileWriter(self.store, map_size_bytes=1 << 30)
        dice = random.Random(self._dice.random())
        while not self._over.is_set():
            known = len(self.oracle.committed)
            users = [dice.randrange(known) for _ in range(BATCH_USERS)] if known else []
            users = sorted({*users, *range(known, min(known + BATCH_USERS, USERS_MAX))})
            self._put(writer, users)
            let_pass(0.002)
        writer.close()

    def _put(self, writer: ProfileWriter, users: list[int]) -> None:
        begun = self.oracle.begun
        begun += [0] * (max(users) + 1 - len(begun))
        for user in users:
            begun[user] += 1
        with writer.begin() as txn:
            for user in users:
                profile = Oracle.profile(user, begun[user])
                key = keys.user_key(profile.user_id)
                revision = txn.put_profile(
                    key,
                    profile,
                    profile.foreword,
                    computed_at_ms=NOW_MS,
                    stale_after_ms=NOW_MS * 2,
                    expired_after_ms=NOW_MS * 2,
                    refresh_on_open=False,
                )
                txn.schedule(key, RefreshState(revision=revision))
        committed = self.oracle.committed
        committed += [0] * (len(begun) - len(committed))
        for user in users:
            committed[user] = begun[user]
        self.versions += len(users)

    def _read(self, number: int) -> None:
        dice = random.Random(number)
        with grpc.insecure_channel(self.address, [("grpc.max_reconnect_backoff_ms", 50)]) as channel:
            ask = channel.unary_unary("/foreword.v1.ProfileService/GetProfile")
            while not self._over.is_set():
                user = dice.randrange(len(self.oracle.committed))
                least = self.oracle.committed[user]
                request = GetProfileRequest(user_id=f"user-{user}").SerializeToString()
                try:
                    answer = ask(request, timeout=CALL_SECONDS, wait_for_ready=True)
                except grpc.RpcError as exc:
                    if exc.code() != grpc.StatusCode.UNAVAILABLE:
                        self.wrong.append(f"user-{user}: {exc.code()} {exc.details()}")
                    self.unavailable += 1
                    continue
                self._judge(user, least, answer, self.oracle.begun[user])
                self.reads += 1

    def _judge(self, user: int, least: int, answer: bytes, most: int) -> None:
        profile = GetProfileResponse.FromString(answer).profile
        try:
            version = int(profile.semantic_summary.split(":")[1])
        except (IndexError, ValueError):
            self.wrong.append(f"user-{user}: {profile.semantic_summary[:40]!r} is no version")
            return
        if not least <= version <= most:
            self.wrong.append(f"user-{user}: version {version} is none of {least} to {most}")
        expected = Oracle.profile(user, version)
        if (profile.user_id, profile.semantic_summary) != (expected.user_id, expected.semantic_summary):
            self.wrong.append(f"user-{user}: version {version} is torn")


def main() -> int:
    """Run the loop; print what it came to as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fw") as folder:
        loop = Loop(Path(folder), options.seed)
        loop.run(options.kills)
        wrong = loop.wrong + [str(fault) for fault in check_store(loop.store)]
        print(
            json.dumps(
                {
                    "reads": loop.reads,
                    "versions": loop.versions,
                    "kills": dict(loop.kills),
                    "unavailable": loop.unavailable,
                    "wrong": wrong[:20],
                }
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
