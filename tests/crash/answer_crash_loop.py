"""kill -9 and SIGSTOP of a sidecar that writes cores, beside another one on the same cache, whose askers are answered.

    python tests/crash/answer_crash_loop.py --rounds 50

Each round asks a new question of both at once, so that either may hold the lease, and kills one of them at a random
moment, and starts it again; or stops it for longer than its lease, and lets it go on. Prints JSON; `wrong` is empty
when all went well.
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from model_servers import running_model_server
from waiting import let_pass, until

from foreword.cli.probe import is_serving
from foreword.client import Foreword
from foreword.v1.answer_pb2 import HitKind

ASKERS = 4
LEASE_SECONDS = 1
# A lease that its holder cannot give back lapses; then the model answers, slowly here.
ANSWERED_SECONDS_MAX = 20.0
MODEL_SECONDS = 0.15
_CONFIG = """
[store]
directory = "{folder}/{name}"
profiles_map_size_bytes = 67108864
activity_map_size_bytes = 67108864
[sidecar]
listen = ["unix:{folder}/{name}.sock"]
[agent]
base_url = "{url}"
timeout_seconds = 10
[tiering]
directory = "{folder}/answers"
provider = "anthropic"
askers_min = 1
lease_seconds = {lease}
"""


class Sidecar:
    """A sidecar as a process, which is killed and started again."""

    def __init__(self, folder: Path, name: str, url: str) -> None:
        self._config = folder / f"{name}.toml"
        self._config.write_text(_CONFIG.format(folder=folder, name=name, url=url, lease=LEASE_SECONDS))
        self._log = folder / f"{name}.log"
        self.address = f"unix:{folder}/{name}.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it serves."""
        command = [sys.executable, "-m", "foreword", "sidecar", "--config", str(self._config)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: is_serving(self.address), self._log.read_text)

    def halt(self, number: signal.Signals) -> None:
        """Stop it where it is, or let it go on."""
        if self.process is not None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def ask(address: str, user: str, question: str) -> tuple[str, float, str]:
    """Return the words of an answer, how long it took, and how it was found or why it was not."""
    began = time.monotonic()
    with Foreword(address, raises=False) as client, client.answer(user, question) as answer:
        text = answer.text
        how = f"{answer.error}" if answer.error is not None else HitKind.Name(answer.found.hit)
    return text, time.monotonic() - began, how


def run(rounds: int, seed: int) -> dict[str, Any]:
    """Run so many rounds; return what was seen."""
    draw = random.Random(seed)
    wrong: list[str] = []
    slowest, kept, calls_max = 0.0, 0, 0
    with (
        tempfile.TemporaryDirectory(prefix="fw-crash-") as temporary,
        running_model_server(latency_seconds=MODEL_SECONDS) as server,
    ):
        folder = Path(temporary)
        mortal, other = Sidecar(folder, "mortal", server.url), Sidecar(folder, "other", server.url)
        try:
            mortal.start()
            other.start()
            for number in range(rounds):
                name = "".join(draw.choices("abdefgiklmnoprstu", k=8))
                question = f"What does the {name} setting of a printer do?"
                put = f"# What is part {number}?\n\nIt is a part.\n"
                with Foreword(mortal.address, raises=True) as client:
                    client.put_core(put)
                with ThreadPoolExecutor(2 * ASKERS) as pool:
                    asked = [
                        (sidecar, pool.submit(ask, sidecar.address, f"user-{place}", question))
                        for place in range(ASKERS)
                        for sidecar in (mortal, other)
                    ]
                    let_pass(draw.uniform(0, 2 * MODEL_SECONDS))
                    is_halted = number % 2 == 1
                    if is_halted:
                        mortal.halt(signal.SIGSTOP)
                    else:
                        mortal.kill()
                    for sidecar, future in asked:
                        if sidecar is other:
                            future.result()
                    if is_halted:
                        let_pass(2 * LEASE_SECONDS)
                        mortal.halt(signal.SIGCONT)
                    answers = [(sidecar, future.result()) for sidecar, future in asked]
                for sidecar, (text, seconds, how) in answers:
                    slowest = max(slowest, seconds)
                    if seconds > ANSWERED_SECONDS_MAX:
                        wrong.append(f"round {number}: somebody waited {seconds:.1f} s ({how})")
                    if (sidecar is other or is_halted) and not text:
                        wrong.append(f"round {number}: no answer from one that lived: {how}")
                if not is_halted:
                    mortal.start()
                with Foreword(mortal.address, raises=True) as client:
                    if not client.get_core(question).HasField("core"):
                        wrong.append(f"round {number}: no core is stored")
                    kept += client.get_core(f"What is part {number}?").HasField("core")
            calls_max = sum(row["calls"] for row in server.count()["tokens"])
        finally:
            mortal.halt(signal.SIGCONT)
            mortal.kill()
            other.kill()
    if kept != rounds:
        wrong.append(f"{rounds - kept} of {rounds} acknowledged cores are gone")
    # A call whose caller was killed is made once more.
    if calls_max > 2 * rounds:
        wrong.append(f"{calls_max} calls to the model in {rounds} rounds")
    return {
        "rounds": rounds,
        "seed": seed,
        "answers": rounds * 2 * ASKERS,
        "slowest answer, seconds": round(slowest, 2),
        "calls to the model": calls_max,
        "acknowledged cores kept": kept,
        "wrong": wrong,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.rounds, arguments.seed), indent=2))
