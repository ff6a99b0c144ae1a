"""Flips random bits in copies of a small store and counts what is then said of its users.

    python tests/crash/bit_flips.py --copies 887 --seed 21

Each copy of profiles.lmdb has some bits flipped, anywhere. A process of its own then reads every user's
profile and foreword, as the sidecar does and as an in-process reader does: a damaged file can end it. Prints one JSON
object; the exit code is 1 when an answer was `silent`: wrong, or "nothing known" of a user of whom something is, while
neither an error nor a problem said so.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import logging
import os
import random
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from foreword import keys
from foreword.clock import ManualClock
from foreword.errors import ForewordError
from foreword.keys import UserKey
from foreword.local import LocalReader
from foreword.problems import Problems
from foreword.store import ProfileWriter
from foreword.store.check import Fault
from foreword.store.check.portion import Position, Progress, inspect_portion
from foreword.store.responses import foreword_response, profile_response
from foreword.v1.profile_pb2 import Foreword, ForewordCut, Profile
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshOutcome, RefreshState
from sidecar.profiles import Profiles

USERS = [f"user{number}" for number in range(24)]
NOW_MS = 1_700_000_000_000
FLIPS_MAX = 8
# A child takes a few milliseconds; one that reads on for this long reads in a circle, and says where.
HANG_SECONDS = 30.0

Answers = dict[tuple[str, str], bytes]


def make_store(directory: Path) -> None:
    """Write every user three times, each time in a commit of its own."""
    writer = ProfileWriter(directory, map_size_bytes=1 << 26)
    for turn in range(3):
        with writer.begin() as txn:
            for user_id in USERS:
                _put(txn, user_id, turn)
    with writer.begin() as txn:
        txn.put_defaults(Profile(is_default=True), Foreword())
    writer.close()


def _put(txn, user_id: str, turn: int) -> None:
    user = keys.user_key(user_id)
    text = f"Text {turn} of {user_id}, as long as a foreword is: {'reads about tests; ' * 30}"
    foreword = Foreword(
        text=text, token_count=90, cuts=[ForewordCut(byte_end=len(text), token_count=90)], tokenizer="t"
    )
    revision = txn.put_profile(
        user,
        Profile(user_id=user_id, segment=1, foreword=foreword, semantic_summary="x" * 900),
        foreword,
        computed_at_ms=NOW_MS,
        stale_after_ms=NOW_MS + 1000,
        expired_after_ms=NOW_MS + 2000,
        refresh_on_open=False,
    )
    txn.schedule(user, RefreshState(revision=revision, due_ms=NOW_MS + revision))
    txn.append_ledger(
        LedgerEntry(user_key=user, revision=revision, outcome=RefreshOutcome.REFRESH_OUTCOME_WRITTEN)
    )


# -- reading, in a process of its own ---------------------------------------------------------------------------


def local_answers(directory: Path) -> Iterator[tuple[tuple[str, str], bytes | None]]:
    """Yield what an in-process reader answers: bytes, or None for an error in words."""
    try:
        reader = LocalReader(directory, clock=ManualClock(NOW_MS))
    except ForewordError:
        for user_id in USERS:
            yield ("profile", user_id), None
            yield ("foreword", user_id), None
        return
    for user_id in USERS:
        for kind, read in (("profile", reader.profile_response), ("foreword", reader.foreword_response)):
            yield (kind, user_id), _said(read, user_id)


def _said(read: Callable[[str], bytes], user_id: str) -> bytes | None:
    try:
        return read(user_id)
    except ForewordError:
        return None


def sidecar_answers(directory: Path) -> tuple[Answers, bool]:
    """Return what the sidecar answers, and whether it lists a problem after that."""
    problems = Problems(ManualClock(NOW_MS), logging.getLogger("flips"))
    profiles = Profiles(directory, readers_max=64, problems=problems)
    answers: Answers = {}
    for user_id in USERS:
        user = UserKey(keys.user_key(user_id))
        row = profiles.profile_row(user)
        answers["profile", user_id] = (
            profiles.default_profile_response(user_id, "") if row is None else profile_response(row, NOW_MS)
        )
        text = profiles.foreword_row(user)
        answers["foreword", user_id] = (
            profiles.default_foreword_response("") if text is None else foreword_response(text, NOW_MS)
        )
    return answers, bool(problems.listed())


def judge(directory: Path, right: Answers) -> Counter[str]:
    """Return what became of the answers from a damaged copy."""
    counts: Counter[str] = Counter()
    for (kind, user_id), answer in local_answers(directory):
        counts[f"local {kind} {_verdict(answer, right[kind, user_id], told=answer is None)}"] += 1
    answers, told = sidecar_answers(directory)
    for (kind, user_id), answer in answers.items():
        counts[f"sidecar {kind} {_verdict(answer, right[kind, user_id], told=told)}"] += 1
    if answers != right:
        # Without anyone's reading: what the sidecar's look through the store would say by itself.
        counts[f"copy with wrong answers, scrub {'finds' if scrub_finds(directory) else 'silent'}"] += 1
    return counts


def scrub_finds(directory: Path) -> bool:
    """Return whether a look through all portions of the copy finds anything."""
    path, position = directory / "profiles.lmdb", Position()
    while position is not None:
        for said in inspect_portion(path, position, 50):
            if isinstance(said, Fault):
                return True
            if isinstance(said, Progress):
                position = said.position
    return False


def _verdict(answer: bytes | None, right: bytes, *, told: bool) -> str:
    if answer == right:
        return "right"
    if told:
        return "told"
    # A default answer and an empty text are both much shorter than what is known.
    return "silent default" if answer is not None and len(answer) < len(right) // 2 else "silent wrong"


def in_a_child(work: Callable[[], Counter[str]]) -> Counter[str]:
    """Run `work` in a forked child; one that a signal ended counts as `ended`."""
    # Nothing here starts a thread, whose locks would stay held in the child.
    assert threading.active_count() == 1, threading.enumerate()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
            logging.disable()
            os.write(writing, json.dumps(work()).encode())
            os._exit(0)
        except BaseException as exc:
            os.write(writing, json.dumps({f"raised {type(exc).__name__}": 1}).encode())
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as stream:
        said = stream.read()
    _, status = os.waitpid(child, 0)
    return Counter({"ended by a signal": 1}) if os.WIFSIGNALED(status) else Counter(json.loads(said))


def run(copies: int, seed: int, folder: Path, flips_max: int = FLIPS_MAX) -> Counter[str]:
    """Damage `copies` copies of a store one after the other, and add up what their readers were told."""
    dice = random.Random(seed)
    sound = folder / "sound"
    make_store(sound)
    right = dict(right_answers(sound))
    good = (sound / "profiles.lmdb" / "data.mdb").read_bytes()
    place = folder / "copy" / "profiles.lmdb"
    place.mkdir(parents=True)
    total: Counter[str] = Counter()
    for _ in range(copies):
        bad = bytearray(good)
        for _ in range(dice.randint(1, flips_max)):
            bad[dice.randrange(len(bad))] ^= 1 << dice.randrange(8)
        (place / "data.mdb").write_bytes(bad)
        total += in_a_child(lambda: judge(folder / "copy", right))
    return total


def right_answers(directory: Path) -> list[tuple[tuple[str, str], bytes]]:
    """Return the answers of a sound store."""
    said: list[tuple[tuple[str, str], bytes]] = []
    reader = LocalReader(directory, clock=ManualClock(NOW_MS))
    for user_id in USERS:
        said.append((("profile", user_id), reader.profile_response(user_id)))
        said.append((("foreword", user_id), reader.foreword_response(user_id)))
    reader.close()
    return said


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--copies", type=int, default=887)
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--flips", type=int, default=FLIPS_MAX, help="most bits flipped in one copy")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        total = run(options.copies, options.seed, Path(folder), options.flips)
    print(
        json.dumps({"copies": options.copies, "seed": options.seed, **dict(sorted(total.items()))}, indent=1)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
