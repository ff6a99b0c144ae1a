"""Programs in five languages read the same users, through gRPC and through the map, while all goes wrong around them.

    python clients/soak.py --minutes 10 [--languages go rust] [--seed 7]

Profiles are rewritten all the while; every 20 seconds, in a short run thrice, an older dataset takes the place of
the present one; sidecar and native front are killed at random. An oracle judges each answer: it must be, whole and with
its true freshness, what was in force between the beginning and the end of the read. While no sidecar answers, gRPC may
answer with an error; the map may not. Ends with 1 when an answer was wrong. A language whose tools are missing is
skipped by name.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import soak_oracle
from soak_oracle import Answer, Oracle

from foreword import keys
from foreword.client import Foreword
from foreword.clock import SystemClock
from foreword.errors import ServiceError
from foreword.store import ProfileWriter
from foreword.store.check import check_store
from foreword.store.dataset import Versions, make_dataset
from foreword.v1.refresh_pb2 import RefreshState

CLIENTS = Path(__file__).parent.resolve()
PATHS = ("grpc", "map")
USERS = 20
BATCH_USERS = 5
SWAP_SECONDS = 20.0
# Between two kills: long enough for both daemons to serve again, and for some hundreds of reads.
QUIET_SECONDS = (1.0, 5.0)
# Between two writes, and two reads of a program: all of them share what cores there are.
PAUSE_SECONDS = 0.005
START_SECONDS_MAX = 60.0
# A call ends after 2 seconds; a program that says nothing for so long hangs.
SILENT_SECONDS_MAX = 30.0
DAY_MS = 86_400_000
MAP_BYTES = 1 << 28

# Of each language: the tool that must be there, what builds its program, and what runs it, from its folder.
BUILDS: dict[str, list[str]] = {
    "python": [],
    "go": ["go", "build", "-o", "{folder}/soak-go", "./soak"],
    "node": [],
    "rust": ["cargo", "build", "--quiet", "--locked", "--example", "soak"],
    "java": [
        *("mvn", "--quiet", "--batch-mode", "test-compile", "dependency:build-classpath"),
        "-Dmdep.outputFile=target/soak.classpath",
    ],
}
PROGRAMS: dict[str, list[str]] = {
    "python": [sys.executable, str(CLIENTS / "soak_reader.py")],
    "go": ["{folder}/soak-go"],
    "node": ["node", "soak.js"],
    "rust": ["target/debug/examples/soak"],
    "java": ["java", "-cp", "target/classes:target/test-classes:{classpath}", "foreword.Soak"],
}


class Program:
    """A language's program: asked a line, it answers one."""

    def __init__(self, language: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.language = language
        self._process = subprocess.Popen(
            _command(PROGRAMS[language], language, folder),
            cwd=_place(language),
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / f"{language}.log").open("ab"),
            text=True,
        )

    def ask(self, path: str, user: int) -> list[str]:
        """Return the fields of an answer; none when the program has ended, or was ended because it hung."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        hung = threading.Timer(SILENT_SECONDS_MAX, self._process.kill)
        hung.start()
        try:
            self._process.stdin.write(f"{path} user-{user}\n")
            self._process.stdin.flush()
            return self._process.stdout.readline().rstrip("\n").split("\t")
        except BrokenPipeError:
            return [""]
        finally:
            hung.cancel()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


class Daemons:
    """A sidecar, with its native front where that is installed."""

    def __init__(self, folder: Path) -> None:
        self.address = f"unix:{folder}/s"
        self.store = folder / "store"
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("FOREWORD_")
        }
        self.kills: Counter[str] = Counter()
        self._log = (folder / "sidecar.log").open("ab")
        self._client = Foreword(self.address, raises=True)
        self._sidecar = self._started()
        self.front = self._front()

    def kill(self, which: str) -> None:
        """Kill the sidecar, its front, or both, and wait until both serve again."""
        front = self.front
        if which != "front":
            self._sidecar.kill()
            self._sidecar.wait()
        if which != "sidecar":
            with suppress(ProcessLookupError):
                os.kill(front, signal.SIGKILL)
        if which != "front":
            self._sidecar = self._started()
        self.kills[which] += 1
        self.front = self._front(front if which != "sidecar" else 0)

    def close(self) -> None:
        """Stop them."""
        self._client.close()
        self._sidecar.terminate()
        self._sidecar.wait(START_SECONDS_MAX)

    def _started(self) -> subprocess.Popen[bytes]:
        settings = {
            "FOREWORD_STORE__DIRECTORY": str(self.store),
            "FOREWORD_SIDECAR__LISTEN": f'["{self.address}"]',
        }
        command = [sys.executable, "-m", "foreword", "sidecar"]
        return subprocess.Popen(command, env=self.environment | settings, stderr=self._log)

    def _front(self, former: int = 0) -> int:
        """Wait until the sidecar serves, by another front than the former; return its process, 0 without one."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            with suppress(ServiceError):
                front = self._client.status().front
                if not front.is_native and not former:
                    return 0
                if front.is_native and front.process_id != former:
                    return int(front.process_id)
            time.sleep(PAUSE_SECONDS)
        sys.exit(f"no sidecar serves at {self.address} within {START_SECONDS_MAX:.0f} s")


class Soak:
    """A store that is rewritten and swapped, and the programs that read it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.oracle = Oracle()
        self.swaps = 0
        self.reads: Counter[tuple[str, str]] = Counter()
        self.unavailable: Counter[tuple[str, str]] = Counter()
        self.wrong: dict[tuple[str, str], list[str]] = {}
        self.store = folder / "store"
        self._folder = folder
        self._dice = random.Random(seed)
        self._over = threading.Event()
        # By dataset, which versions are in it.
        self._sets: dict[str, dict[int, int]] = {}
        self._failed: list[BaseException] = []

    def run(self, languages: list[str], seconds: float) -> Counter[str]:
        """Let everything go on for so long; return how often who was killed."""
        writer = self._opened()
        self._put(writer, range(USERS))
        daemons = Daemons(self._folder)
        environment = daemons.environment | {
            "FOREWORD_TARGET": daemons.address,
            "FOREWORD_STORE": str(self.store),
        }
        programs = [Program(language, self._folder, environment) for language in languages]
        threads = [threading.Thread(target=self._read, args=(program,)) for program in programs]
        threads.append(threading.Thread(target=self._write, args=(writer, min(SWAP_SECONDS, seconds / 3))))
        for thread in threads:
            thread.start()
        end = time.monotonic() + seconds
        try:
            while (left := end - time.monotonic()) > 0 and not self._failed:
                self._over.wait(min(left, self._dice.uniform(*QUIET_SECONDS)))
                daemons.kill(self._dice.choice(("sidecar", "front", "both")) if daemons.front else "sidecar")
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
            for program in programs:
                program.close()
            daemons.close()
        if self._failed:
            raise self._failed[0]
        return daemons.kills

    def _read(self, program: Program) -> None:
        dice = random.Random(program.language)
        while not self._over.wait(PAUSE_SECONDS):
            user = dice.randrange(USERS)
            for path in PATHS:
                began = time.monotonic()
                said = program.ask(path, user)
                self._judge((program.language, path), user, said, began)
                if said == [""]:
                    return

    def _judge(self, reader: tuple[str, str], user: int, said: list[str], began: float) -> None:
        _, path = reader
        ended = time.monotonic()
        self.reads[reader] += 1
        fault = ""
        if said == [""]:
            fault = f"user-{user}: no answer after {ended - began:.1f} s; the program ended, or hung"
        elif said[0] == "error" and path == "grpc" and said[1] in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}:
            self.unavailable[reader] += 1
        elif said[0] == "error":
            fault = f"user-{user}: {' '.join(said[1:])}"
        else:
            answer = Answer(said[0], said[1], int(said[2]), said[3])
            fault = self.oracle.fault(path, user, answer, began, ended)
        if fault:
            self.wrong.setdefault(reader, []).append(fault)

    def _write(self, writer: ProfileWriter, swap_seconds: float) -> None:
        try:
            while not self._over.is_set():
                file = self._folder / f"{self.swaps}.tar"
                self._rewrite(writer, swap_seconds / 2)
                make_dataset(self.store, file)
                earlier = self.oracle.in_force
                self._rewrite(writer, swap_seconds / 2)
                if not self._over.is_set():
                    writer.close()
                    self._swap(file, earlier)
                    writer = self._opened()
                file.unlink()
        except BaseException as exc:
            # Raised again by `run`, once the others have ended.
            self._failed.append(exc)
        finally:
            writer.close()

    def _rewrite(self, writer: ProfileWriter, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._over.wait(PAUSE_SECONDS):
            self._put(writer, sorted(self._dice.sample(range(USERS), BATCH_USERS)))

    def _swap(self, file: Path, earlier: dict[int, int]) -> None:
        """Put a dataset in force: the file of half a period ago or, every other time, the one that was before."""
        versions = Versions(self.store)
        former = versions.in_force.former
        taken = self._sets[former] if self.swaps % 2 and former in self._sets else earlier
        self.oracle.begin_swap(taken, time.monotonic())
        if taken is earlier:
            self._sets[versions.install(file, is_forced=True).manifest.name] = earlier
        else:
            versions.use(former)
        self.oracle.end_swap(taken, time.monotonic())
        versions.prune(3)
        self.swaps += 1

    def _opened(self) -> ProfileWriter:
        return ProfileWriter(self.store, map_size_bytes=MAP_BYTES)

    def _put(self, writer: ProfileWriter, users: list[int] | range) -> None:
        written = self.oracle.begin_write(users, time.monotonic())
        now_ms = SystemClock().now_ms()
        with writer.begin() as txn:
            for user, version in written.items():
                stale, expired = soak_oracle.ages(version)
                profile = soak_oracle.profile(user, version)
                key = keys.user_key(profile.user_id)
                revision = txn.put_profile(
                    key,
                    profile,
                    profile.foreword,
                    computed_at_ms=now_ms - DAY_MS,
                    stale_after_ms=now_ms - 1 if stale else now_ms + DAY_MS,
                    expired_after_ms=now_ms - 1 if expired else now_ms + DAY_MS,
                    refresh_on_open=False,
                )
                txn.schedule(key, RefreshState(revision=revision))
        self.oracle.end_write(written, time.monotonic())


def build(languages: list[str], folder: Path) -> dict[str, str]:
    """Build the programs of languages; return why one is left out, by language."""
    skipped = {}
    for language in languages:
        command = _command(BUILDS[language] or PROGRAMS[language], language, folder)
        if shutil.which(command[0]) is None:
            skipped[language] = f"skipped, {command[0]} not installed"
        elif language == "node" and not (CLIENTS / "node" / "node_modules" / "lmdb").exists():
            skipped[language] = "skipped, not built; `make test-clients` does it"
        elif BUILDS[language]:
            _build(language, command)
    return skipped


def _build(language: str, command: list[str]) -> None:
    done = subprocess.run(
        command,
        cwd=_place(language),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"clients/{language}: {' '.join(command)}\n{done.stdout}")


def _command(command: list[str], language: str, folder: Path) -> list[str]:
    classpath = CLIENTS / language / "target" / "soak.classpath"
    filled = {"{folder}": str(folder), "{classpath}": classpath.read_text() if classpath.exists() else ""}
    for name, value in filled.items():
        command = [part.replace(name, value) for part in command]
    return command


def _place(language: str) -> Path:
    return CLIENTS if language == "python" else CLIENTS / language


def main() -> int:
    """Run it; print what it came to as a table of Markdown."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--languages", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fw-"))
    try:
        skipped = build(options.languages, folder)
        soak = Soak(folder, options.seed)
        languages = [language for language in options.languages if language not in skipped]
        kills = soak.run(languages, options.minutes * 60)
        faults = [str(fault) for fault in check_store(soak.store)]
        _print(soak, kills, skipped)
        for language in sorted({language for language, _ in soak.wrong}):
            print((folder / f"{language}.log").read_text()[-2000:])
    finally:
        shutil.rmtree(folder)
    for fault in faults:
        print(f"the store: {fault}")
    return 1 if soak.wrong or faults else 0


def _print(soak: Soak, kills: Mapping[str, int], skipped: Mapping[str, str]) -> None:
    print("| language | path | reads | unavailable | wrong |\n|---|---|--:|--:|--:|")
    for language, path in sorted(soak.reads):
        reader = (language, path)
        counts = (soak.reads[reader], soak.unavailable[reader], len(soak.wrong.get(reader, [])))
        print(f"| {language} | {path} | {' | '.join(f'{count:,}' for count in counts)} |")
    killed = ", ".join(f"{which} {count}" for which, count in sorted(kills.items()))
    print(f"\nversions {soak.oracle.versions:,}, swaps {soak.swaps}, kills: {killed}")
    for language, why in skipped.items():
        print(f"clients/{language}: {why}")
    for (language, path), faults in soak.wrong.items():
        for fault in faults[:5]:
            print(f"wrong: {language} {path} {fault}")


if __name__ == "__main__":
    sys.exit(main())
