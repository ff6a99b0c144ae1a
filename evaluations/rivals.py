"""Other caches of answers, each run for real in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from evaluations.question_pairs import Pair
from foreword.errors import ForewordError

ENVIRONMENT = Path(".venv-rivals")
"""Where `make rivals` puts them."""
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
    if _python(environment).is_file():
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
    served: list[bool] = []
    # It fails without a library rather than bring one by itself, which GPTCache would.
    environ = os.environ | {"PIP_NO_INDEX": "1", "HF_HUB_OFFLINE": "1"}
    command = [str(_python(environment)), str(_RUNNER), *RIVALS[rival]]
    with tempfile.TemporaryFile("w+") as asked, tempfile.TemporaryFile("w+") as said:
        asked.writelines(json.dumps([pair.asked, pair.stored]) + "\n" for pair in pairs)
        asked.seek(0)
        with subprocess.Popen(
            command, stdin=asked, stdout=subprocess.PIPE, stderr=said, env=environ, text=True
        ) as process:
            for line in process.stdout or ():
                served.append(line == "true\n")
                on_pair(len(served), len(pairs))
        if process.returncode or len(served) != len(pairs):
            said.seek(0)
            last = said.read().strip().rpartition("\n")[2]
            raise ForewordError(f"{rival} does not run: {last or 'it ended early'}", hint="make rivals")
    return served


def _python(environment: Path) -> Path:
    return environment / "bin" / "python"
