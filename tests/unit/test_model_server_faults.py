"""The faults of the model server: each as it is described, and none that spoils the count."""

from __future__ import annotations

import http.client
import json
import time
from pathlib import Path
from typing import Any

import pytest
from model_servers import REFRESH_PROMPT, RunningModelServer, params, running_model_server

from foreword.errors import FieldError
from foreword.model_server.fault_plan import FaultPlan, read_header, read_rule, read_script
from foreword.model_server.faults import FAULTS

BELIEFS = """<beliefs>
{"id":"3fa9c1d2e4f5","subject":"celery/worker","statement":"Often works in \\"celery/worker\\".","confidence":0.8}
</beliefs>
<goals>
{"id":"0123456789ab","statement":"Work on releases"}
</goals>
"""
ANSWER_FAULTS = sorted(name for name, fault in FAULTS.items() if fault.kind == "answer")


def operations(message: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(message["content"][0]["text"])["operations"]
    return found


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("rate-limited", 429, "rate_limit_error"),
        ("overloaded", 529, "overloaded_error"),
        ("server-error", 500, "api_error"),
        ("unavailable", 503, "api_error"),
    ],
)
def test_an_error_costs_nothing_and_is_over_after_its_times(
    model_server: RunningModelServer, fault: str, status: int, kind: str
) -> None:
    """A rule with `times` hits so many calls; an error has the API's envelope and is in no count of tokens."""
    model_server.faults(fault, times=2)
    seen = [model_server.post(params()) for _ in range(3)]
    assert [one[0] for one in seen] == [status, status, 200]
    assert seen[0][1]["error"]["type"] == kind
    count = model_server.count()
    assert count["tokens"][0]["calls"] == 1
    assert count["faults"] == {fault: 2}


def test_a_rate_limit_says_how_long_to_wait(model_server: RunningModelServer) -> None:
    """`wait_seconds` is what `retry-after` says, however long."""
    model_server.faults("rate-limited", times=1, wait_seconds=7200)
    assert model_server.post(params())[2]["retry-after"] == "7200"


@pytest.mark.parametrize("fault", ["dropped-before-headers", "dropped-mid-body", "truncated-body"])
def test_an_answer_that_is_lost_on_its_way_is_counted(model_server: RunningModelServer, fault: str) -> None:
    """The model has worked: what it read and wrote is in the count though nobody can read the answer."""
    usage = model_server.post(params())[1]["usage"]
    with pytest.raises((OSError, http.client.HTTPException, json.JSONDecodeError)):
        model_server.post(params(), x_fault=fault)
    (counted,) = model_server.count()["tokens"]
    assert counted["input_tokens"] == 2 * usage["input_tokens"]
    assert counted["output_tokens"] == 2 * usage["output_tokens"]
    assert model_server.count()["outcomes"] == {"answered": 1, "unheard": 1}


def test_a_slow_answer_comes_later(model_server: RunningModelServer) -> None:
    """An answer waits as long as its fault says, and is whole."""
    started = time.monotonic()
    status, message, _ = model_server.post(params(), x_fault="slow; wait_seconds=0.3")
    assert time.monotonic() - started >= 0.3
    assert status == 200
    assert operations(message)


@pytest.mark.parametrize("fault", ANSWER_FAULTS)
def test_the_count_equals_the_usages_sent_whatever_the_model_says(
    model_server: RunningModelServer, fault: str
) -> None:
    """Every fault in what the model says is answered with 200 and a usage that is what was counted."""
    model_server.faults(fault, times=1)
    usages = [model_server.post(params(BELIEFS + REFRESH_PROMPT))[1]["usage"] for _ in range(2)]
    (counted,) = model_server.count()["tokens"]
    assert counted["output_tokens"] == sum(usage["output_tokens"] for usage in usages)
    assert counted["input_tokens"] == sum(usage["input_tokens"] for usage in usages)
    assert model_server.count()["faults"] == {fault: 1}


def test_answers_are_spoiled_as_described(model_server: RunningModelServer) -> None:
    """Each fault in what the model says is what its name promises."""

    def spoiled(fault: str) -> dict[str, Any]:
        return model_server.post(params(BELIEFS + REFRESH_PROMPT), x_fault=fault)[1]

    assert spoiled("refusal")["stop_reason"] == "refusal"
    assert spoiled("refusal")["content"] == []
    assert spoiled("max-tokens")["stop_reason"] == "max_tokens"
    assert spoiled("cut-answer")["stop_reason"] == "end_turn"
    with pytest.raises(json.JSONDecodeError):
        operations(spoiled("cut-answer"))
    assert "operations" not in json.loads(spoiled("wrong-schema")["content"][0]["text"])
    known_events = {"e1", "e2"}
    assert not known_events & set(operations(spoiled("invented-events"))[0]["events"])
    assert all(one["id"] not in BELIEFS for one in operations(spoiled("invented-beliefs")))
    assert all("https://" in one["statement"] for one in operations(spoiled("injected-text")))
    assert [one["op"] for one in operations(spoiled("emptied"))] == ["close_belief", "close_goal"]
    assert "Warteschlange" in operations(spoiled("wrong-language"))[0]["statement"]
    huge = model_server.post(params(max_tokens=100_000), x_fault="huge-answer")[1]
    assert len(operations(huge)[0]["statement"]) > 50_000


def test_a_repair_gets_the_former_answer_without_what_was_wrong(model_server: RunningModelServer) -> None:
    """Operations that the errors name are left out; an answer that cannot be read is answered anew."""
    good = model_server.post(params())[1]["content"][0]["text"]

    def repaired(former: str, errors: str) -> list[dict[str, Any]]:
        turns = [
            {"role": "user", "content": REFRESH_PROMPT},
            {"role": "assistant", "content": former},
            {"role": "user", "content": errors},
        ]
        return operations(model_server.post(params(messages=turns))[1])

    whole = json.loads(good)["operations"]
    assert repaired(good, "operations[0].statement: found nothing; allowed: a text") == whole[1:]
    assert repaired(good[:50], "The answer is no JSON") == whole


def test_rules_of_one_kind_follow_each_other_and_keep_to_their_path() -> None:
    """The first rule that fits is put in until it is done; a path keeps a rule to where it belongs."""
    plan = FaultPlan(
        0,
        [
            read_rule({"fault": "none", "times": 1}),
            read_rule({"fault": "overloaded", "times": 2, "path": "/v1/messages/batches"}),
            read_rule({"fault": "unavailable", "times": 1}),
        ],
    )
    names = [plan.take("call", path, 0) for path in ("/v1/messages", "/v1/messages", "/v1/messages/batches")]
    assert [fault.name if fault else "" for fault in names] == ["none", "unavailable", "overloaded"]
    assert plan.take("call", "/v1/messages", 0) is None


def test_a_rule_is_over_after_its_seconds_and_hits_its_share() -> None:
    """`seconds` count from the first request; `share` is drawn by the seed, so that two runs are alike."""
    plan = FaultPlan(0, [read_rule({"fault": "overloaded", "seconds": 10})])
    assert [plan.take("call", "", now_ms) is not None for now_ms in (5_000, 14_999, 15_000)] == [
        True,
        True,
        False,
    ]
    runs = []
    for _ in range(2):
        drawn = FaultPlan(3, [read_rule({"fault": "overloaded", "share": 0.25})])
        runs.append([drawn.take("call", "", 0) is not None for _ in range(1000)])
    assert runs[0] == runs[1]
    assert 200 < sum(runs[0]) < 300


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"fault": "unheard-of"},
        {"fault": "slow", "share": 2},
        {"fault": "slow", "often": 1},
        {"fault": "refusal", "wait_seconds": 1},
    ],
)
def test_a_rule_that_is_none_is_refused(model_server: RunningModelServer, rule: dict[str, Any]) -> None:
    """A mistake in a rule is named where it is given, and no rule is put in force."""
    with pytest.raises(FieldError):
        read_rule(rule)
    assert model_server.post({"faults": [rule]}, "/faults")[0] == 400
    assert model_server.post(params())[0] == 200


def test_a_script_is_read_as_toml_and_as_json(tmp_path: Any) -> None:
    """Both forms give the same rules, and a header the same faults."""
    toml, as_json = tmp_path / "faults.toml", tmp_path / "faults.json"
    toml.write_text('[[faults]]\nfault = "slow"\nwait_seconds = 2\n[[faults]]\nfault = "overloaded"\n')
    as_json.write_text('[{"fault": "slow", "wait_seconds": 2}, {"fault": "overloaded"}]')
    assert read_script(toml) == read_script(as_json) == read_header("slow; wait_seconds=2, overloaded")


def test_nonsense_has_the_right_shape_and_is_the_same_for_the_same_seed() -> None:
    """A very small model's answers are valid by the schema; ids are known ones and invented ones."""
    one = {
        "type": "object",
        "additionalProperties": False,
        "required": ["op", "id", "events"],
        "properties": {
            "op": {"type": "string", "enum": ["close_belief"]},
            "id": {"type": "string"},
            "events": {"type": "array", "items": {"type": "string"}},
        },
    }
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["operations"],
        "properties": {"operations": {"type": "array", "items": {"anyOf": [one]}}},
    }
    wanted = {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    prompts = [f"{BELIEFS}{REFRESH_PROMPT}\n{number}" for number in range(30)]
    runs = []
    for _ in range(2):
        with running_model_server(is_nonsense=True, seed=4) as server:
            runs.append([operations(server.post(params(prompt, **wanted))[1]) for prompt in prompts])
    ids = {one["id"] for run in runs[0] for one in run}
    assert runs[0] == runs[1]
    assert {"3fa9c1d2e4f5", "0123456789ab"} < ids
    assert {one["op"] for run in runs[0] for one in run} == {"close_belief"}


def test_the_docs_list_every_fault() -> None:
    """The table in docs/model-server.md is the table of faults, word for word."""
    document = (Path(__file__).parents[2] / "docs" / "model-server.md").read_text("utf-8")
    rows = [
        f"| `{fault.name}` | {fault.kind} | {fault.meaning} |"
        + (" |" if fault.wait_seconds is None else f" {fault.wait_seconds:g} |")
        for fault in FAULTS.values()
    ]
    assert "\n".join(rows) in document
