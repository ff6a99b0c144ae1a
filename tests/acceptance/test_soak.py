"""The long run of `clients/soak.py`, for seconds: its oracle can refuse, and a program that reads passes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "clients"))
from soak_oracle import FOLLOW_SECONDS, FRESHNESS, Answer, Oracle, expected

CLIENTS = Path(__file__).parents[2] / "clients"
USER = 3


def _oracle() -> Oracle:
    """Return one in whose eyes version 1 was in force from 0 s, 2 from 10 s, and again 1, by a swap, from 20 s."""
    oracle = Oracle()
    for begun in (0, 10):
        oracle.end_write(oracle.begin_write([USER], begun), begun + 1)
    oracle.begin_swap({USER: 1}, 20)
    oracle.end_swap({USER: 1}, 21)
    return oracle


@pytest.mark.parametrize(
    ("version", "began", "ended"),
    [(1, 0, 1), (1, 10.5, 12), (1, 9, 15), (2, 9, 10.5), (2, 12, 13), (1, 21, 22)],
)
def test_what_was_in_force_during_a_read_is_right(version: int, began: float, ended: float) -> None:
    """While a version is written both it and the former are right, and so is what a swap has brought back."""
    assert _oracle().fault("map", USER, expected(USER, version), began, ended) == ""


@pytest.mark.parametrize(("version", "began", "ended"), [(1, 12, 13), (2, 8, 9), (1, 18, 19)])
def test_what_was_not_in_force_is_wrong(version: int, began: float, ended: float) -> None:
    """A version is refused once its successor is there, and before its own time."""
    assert "was not in force" in _oracle().fault("map", USER, expected(USER, version), began, ended)


@pytest.mark.parametrize("path", list(FOLLOW_SECONDS))
def test_a_swap_is_followed_in_time(path: str) -> None:
    """What a swap replaced is right until the path's bound, and wrong after it."""
    oracle, bound = _oracle(), 21 + FOLLOW_SECONDS[path]
    assert oracle.fault(path, USER, expected(USER, 2), bound - 1, bound) == ""
    assert "was not in force" in oracle.fault(path, USER, expected(USER, 2), bound + 0.1, bound + 1)


def test_what_is_torn_nobodys_or_of_another_freshness_is_wrong() -> None:
    """An answer is held to every byte of the version that it names, and to its freshness."""
    oracle, right = _oracle(), expected(USER, 1)
    other = FRESHNESS[(FRESHNESS.index(right.freshness) + 1) % len(FRESHNESS)]
    for wrong, said in (
        (right._replace(size=right.size - 1), "torn"),
        (right._replace(sha256=expected(USER, 2).sha256), "torn"),
        (expected(USER + 1, 1), "torn"),
        (right._replace(freshness=other), "is called"),
        (Answer("FRESHNESS_DEFAULT", "", 0, ""), "no version"),
    ):
        assert said in oracle.fault("map", USER, wrong, 0, 1)


@pytest.mark.slow
def test_a_program_reads_right_while_all_goes_wrong() -> None:
    """Python's program reads for some seconds, with swaps and kills between, and nothing that it is told is wrong."""
    command = [
        sys.executable,
        str(CLIENTS / "soak.py"),
        "--minutes",
        "0.15",
        "--languages",
        "python",
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    for path in ("grpc", "map"):
        assert f"| python | {path} | " in done.stdout
    assert "swaps 0" not in done.stdout
    assert not done.stdout.rstrip().endswith("kills:")
