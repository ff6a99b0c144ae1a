"""SIGKILL of a prewarming at each moment: each question is paid for once, and the account is the server's count."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from model_servers import RunningModelServer, running_model_server

from foreword.cli import main
from foreword.clock import SystemClock
from foreword.config import Tiering
from tiering.cache import Cache
from tiering.prewarming import PrewarmPoint

# More than are stored in one transaction.
QUESTIONS = [f"How do I export report {number} as CSV?" for number in range(40)]


def prewarm_arguments(folder: Path, server: RunningModelServer) -> list[str]:
    config = folder / "foreword.toml"
    config.write_text(
        f'[store]\ndirectory = "{folder}/store"\n[tiering]\nprovider = "anthropic"\n'
        f'[agent]\nbase_url = "{server.url}"\nbatch_poll_seconds = 0.02\nbatch_grace_seconds = 0.2\n'
    )
    (folder / "questions.txt").write_text("\n".join(QUESTIONS))
    return ["--config", str(config), "--json", "answer", "prewarm", str(folder / "questions.txt"), "--yes"]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("point", PrewarmPoint)
def test_killed_at_a_moment_each_question_is_paid_for_once(
    tmp_path: Path, point: PrewarmPoint, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next run of the same command finds what the killed one left, and both have asked each question once."""
    with running_model_server() as server:
        arguments = prewarm_arguments(tmp_path, server)
        script = Path(__file__).with_name("dying_prewarming.py")
        killed = subprocess.run(
            [sys.executable, script, point.name, "1", *arguments], check=False, timeout=60
        )
        assert killed.returncode == -signal.SIGKILL
        assert main(arguments) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["to_ask"] == 0
        assert main(arguments) == 0
        assert json.loads(capsys.readouterr().out)["left_out"] == {"fresh": len(QUESTIONS)}
        count = server.count()
    assert count["batches"]["rows"] == {"succeeded": len(QUESTIONS)}
    cache = Cache.open(tmp_path / "store" / "answers", Tiering(), SystemClock())
    (cost,) = cache.accounts.totals().costs
    assert (cost.calls, cost.micro_usd > 0) == (len(QUESTIONS), True)
    cache.close()
