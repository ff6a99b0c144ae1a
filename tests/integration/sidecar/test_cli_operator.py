"""`foreword status` and `foreword users`, in this process, against a sidecar that serves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from foreword import keys
from foreword.cli import main, status
from foreword.cli.settings import Settings
from foreword.v1.model_work_pb2 import ModelOutcome, ModelState
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshState

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def population(running: Any) -> Any:
    """A sidecar whose scheduler lives, with ten expired users, the last of whom fails, and one fresh tenant's user."""
    with running.profiles.begin() as txn:
        txn.put_scheduler_seen(running.now_ms)
    for number in range(10):
        running.put(f"u{number}", stale_after_ms=1, expired_after_ms=2)
    with running.profiles.begin() as txn:
        for number in range(9):
            txn.schedule(
                keys.user_key(f"u{number}"), RefreshState(revision=number + 1, due_ms=running.now_ms)
            )
        failed = RefreshOutcome.REFRESH_OUTCOME_FAILED
        txn.schedule(keys.user_key("u9"), RefreshState(outcome=failed, failures=3, error="too\nlarge"))
    return running


def run(running: Any, *arguments: str) -> int:
    """Run a command against the sidecar."""
    return main([*arguments, "--address", running.address])


def test_users_are_a_table(population: Any, capsys: Captured) -> None:
    """`users` prints a line a user; a column that nobody fills is left out, and no text breaks a line."""
    assert run(population, "users", "--freshness", "expired", "--freshness", "stale") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["user", "segment", "freshness", "revision", "computed", "due", "failure"]
    assert [line.split()[:4] for line in lines[1:3]] == [
        ["u0", "active", "expired", "1"], ["u1", "active", "expired", "2"]
    ]  # fmt: skip
    assert lines[10].endswith(r"not planned           3 times: 'too\nlarge'")
    assert len(lines) == 11
    assert run(population, "users", "--begins", "u9", "--json") == 0
    assert [user["user_id"] for user in json.loads(capsys.readouterr().out)["users"]] == ["u9"]
    assert run(population, "users", "--failed", "--segment", "dormant") == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "No such user\n")


def test_users_show_what_models_made_of_them(population: Any, capsys: Captured) -> None:
    """Once a model was asked about somebody, `users` says with what end, whether it is in force, and when next."""
    now, applied = population.now_ms, ModelOutcome.MODEL_OUTCOME_APPLIED
    asked = ModelState(outcome=applied, asked_ms=now, revision=1, due_ms=now + 1000)
    with population.profiles.begin() as txn:
        txn.model.schedule(keys.user_key("u0"), asked)
        asked.due_ms = 0
        txn.model.schedule(keys.user_key("u1"), asked)
    assert run(population, "users", "--limit", "3") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[-1] == "model"
    assert lines[1].endswith("applied 2023-11-14T22:13:20Z, in force, next 2023-11-14T22:13:21Z")
    assert lines[2].endswith("applied 2023-11-14T22:13:20Z, in revision 1")
    assert lines[3].split()[0] == "u2"


def test_users_are_paged(population: Any, capsys: Captured) -> None:
    """--limit ends a list, and says how it goes on; as JSON the token stands beside the users."""
    assert run(population, "users", "--limit", "4") == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 5
    token = printed.err.split("--page-token ")[1].strip()
    assert run(population, "users", "--page-token", token, "--json", "--limit", "1000") == 0
    rest = json.loads(capsys.readouterr().out)
    assert [user["user_id"] for user in rest["users"]] == [f"u{number}" for number in range(4, 10)]
    assert rest["next_page_token"] == ""
    assert rest["users"][-1]["error"] == "too\nlarge"


@pytest.mark.parametrize(
    "arguments", [["--page-token", "nonsense"], ["--limit", "0"], ["--segment", "x"], ["--freshness", "old"]]
)
def test_wrong_filters_are_wrong_usage(population: Any, capsys: Captured, arguments: list[str]) -> None:
    """What cannot be asked for ends with 2 and says what can."""
    assert run(population, "users", *arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_status_names_the_way_to_the_expired(population: Any, capsys: Captured) -> None:
    """Where the status counts expired users it says how to see who they are."""
    assert run(population, "status") == 0
    assert "foreword users --freshness expired" in capsys.readouterr().out


def test_check_tells_well_from_ill_by_exit_code(population: Any, capsys: Captured) -> None:
    """With problems `status` ends with 0 and `status --check` with 1, both as a table and as JSON."""
    assert run(population, "status", "--check") == 0
    population.clock.advance(90_000)
    assert run(population, "status") == 0
    assert run(population, "status", "--check") == 1
    capsys.readouterr()
    assert run(population, "status", "--check", "--json") == 1
    assert "not shown life" in json.loads(capsys.readouterr().out)["problems"][0]["message"]


def test_check_and_watch_exclude_each_other(population: Any, capsys: Captured) -> None:
    """--check ends at once and --watch never does, so both together are wrong usage."""
    assert run(population, "status", "--check", "--watch") == 2
    assert "choose one" in capsys.readouterr().err


def test_watch_goes_on_when_the_sidecar_goes(population: Any, capsys: Captured) -> None:
    """--watch prints the state at each turn, says so while no sidecar answers, and ends well with Ctrl-C."""
    turns = iter([lambda: None, population.stop, None])

    def pause(seconds: float) -> None:
        assert seconds == 5
        turn = next(turns)
        if turn is None:
            raise KeyboardInterrupt
        turn()

    settings = Settings(address=population.address, as_json=True)
    assert status._watch(settings, 5, pause) == 0
    printed = capsys.readouterr()
    assert [json.loads(line)["version"] for line in printed.out.splitlines()] == ["0.1.0"] * 2
    assert "no sidecar answers" in json.loads(printed.err)["error"]["message"]
