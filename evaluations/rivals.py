"""Other caches of answers, each run for real in an environment of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from evaluations.question_pairs import Pair
from evaluations.rival_process import ENVIRONMENT, answers_of, is_installed, python_of

__all__ = ["ENVIRONMENT", "NOTE", "RIVALS", "absent", "served_by"]

RIVALS = {
    f"{name}, {embedding}": (cache, embedding)
    for name, cache in (("GPTCache", "gptcache"), ("RedisVL", "redisvl"))
    for embedding in ("wordllama", "minilm")
}
NOTE = (
    "GPTCache (0.8 of its search distance) and RedisVL (distance 0.1, on a Redis with its search module) are as they "
    "come, but for the embedding: no package has the weights of their own (paraphrase-albert, langcache-embed), so "
    "each runs with wordllama, and with all-MiniLM-L6-v2."
)
_RUNNER = Path(__file__).with_name("rival_runner.py")


def absent(environment: Path) -> str:
    """Return what to say where there is no such environment; empty when there is one."""
    if is_installed(environment):
        return ""
    return f"GPTCache and RedisVL are left out: {environment} is no environment with them (make rivals)."


def served_by(
    rival: str, environment: Path, pairs: Sequence[Pair], on_pair: Callable[[int, int], object]
) -> list[bool]:
    """Return for each pair whether a rival serves it.

    Args:
        rival: One of `RIVALS`.
        environment: The virtual environment that it is in.
        pairs: The pairs.
        on_pair: Told how many are done, and of how many.

    Raises:
        ForewordError: It does not run; with the last that it said.
    """
    command = [str(python_of(environment)), str(_RUNNER), *RIVALS[rival]]
    asked = ([pair.asked, pair.stored] for pair in pairs)
    return answers_of(rival, command, asked, lambda done: on_pair(done, len(pairs)))
