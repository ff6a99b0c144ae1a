"""What a model is told of one user: the blocks, what stands in them, and what they may take."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from one_refresh import CONFIG, event, make_input, run

from foreword.config import Config
from foreword.tokens import count_tokens
from foreword.v1 import event_pb2
from scheduler.agent.prompt import PROMPT_VERSION, Prompt, answer_schema, build_prompt
from scheduler.agent.refresh import RefreshInput, draft

_BLOCK = re.compile(r"<([a-z]+)>\n((?:\{.*\}\n)+)</\1>\n")


def prompt_of(refresh_input: RefreshInput, config: Config = CONFIG, **fields: Any) -> Prompt:
    findings = draft(refresh_input, config).findings
    assert findings is not None
    return build_prompt(findings, refresh_input, config=config, model="m", **fields)


def blocks(prompt: Prompt) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each block; fails when anything stands outside of them."""
    text = prompt.request.prompt
    found = list(_BLOCK.finditer(text))
    assert "".join(match[0] for match in found) == text
    return {match[1]: [json.loads(line) for line in match[2].splitlines()] for match in found}


def commits(count: int) -> list[event_pb2.Event]:
    areas = ["celery/worker", "celery/app", "t/unit"]
    return [
        event(
            number,
            27 - number * 27 / count,
            [areas[number % 3], "python"],
            type="commit",
            item_id=f"celery/file_{number % 40}.py",
            text=f"Fix the consumer loop after failure {number % 17}",
            attributes={"repo": "celery"},
        )
        for number in range(count)
    ]


def test_a_prompt_holds_the_blocks_in_their_order() -> None:
    """Counts, then what is believed, then events; an empty block is left out."""
    profile = run(commits(60)).profile
    goal = profile.self_model.goals.add(goal_id="ab12", statement="Moving queues to Postgres")
    goal.valid_from.FromMilliseconds(1)
    found = blocks(prompt_of(make_input(commits(60), profile, new=[])))
    assert list(found) == ["aggregates", "beliefs", "goals", "expertise", "preferences", "events"]
    assert found["goals"] == [{"id": "ab12", "statement": "Moving queues to Postgres"}]
    belief = found["beliefs"][0]
    assert set(belief) == {"id", "subject", "statement", "confidence", "events"}
    assert list(blocks(prompt_of(make_input(commits(5))))) == ["aggregates", "events"]


def test_only_what_holds_is_shown() -> None:
    """Closed beliefs and goals are no part of a prompt: nothing can be proposed about them."""
    profile = run(commits(60)).profile
    for belief in profile.self_model.beliefs:
        belief.valid_to.FromMilliseconds(2)
    goal = profile.self_model.goals.add(goal_id="ab12", statement="Moving queues to Postgres")
    goal.valid_to.FromMilliseconds(2)
    found = blocks(prompt_of(make_input(commits(60), profile, new=[])))
    assert "beliefs" not in found
    assert "goals" not in found


def test_numbers_stand_for_events_oldest_first() -> None:
    """e1 is the oldest event of the prompt, and `event_ids` says which each number is."""
    prompt = prompt_of(make_input(commits(30)))
    rows = blocks(prompt)["events"]
    assert [row["id"] for row in rows] == [f"e{number}" for number in range(1, len(rows) + 1)]
    assert len(prompt.event_ids) == len(rows)
    by_id = {made.event_id: made for made in commits(30)}
    assert [by_id[event_id].text for event_id in prompt.event_ids] == [row["text"] for row in rows]
    times = [by_id[event_id].time.ToMilliseconds() for event_id in prompt.event_ids]
    assert times == sorted(times)


@pytest.mark.parametrize("tokens_max", [500, 1000, 3000, 20_000])
@pytest.mark.parametrize("count", [4, 40, 4000])
def test_a_prompt_keeps_to_its_tokens(tokens_max: int, count: int) -> None:
    """However many events there are, at most `agent.prompt_tokens_max` are taken, and no less than can be."""
    config = Config(agent={"prompt_tokens_max": tokens_max})  # type: ignore[arg-type]
    prompt = prompt_of(make_input(commits(count)), config)
    tokens = count_tokens(prompt.request.prompt)
    assert tokens <= tokens_max
    assert prompt.tokens > tokens
    assert len(prompt.event_ids) == count or tokens > 0.6 * tokens_max


def test_what_a_model_has_read_is_background() -> None:
    """Events older than the model's watermark come only while new ones are few, marked as seen."""
    made = commits(100)
    few = prompt_of(make_input(made), unseen={made[-1].event_id, made[-2].event_id})
    rows = blocks(few)["events"]
    assert [row.get("seen", False) for row in rows] == [True] * (len(rows) - 2) + [False] * 2
    assert len(rows) == 20
    many = prompt_of(make_input(made), unseen={item.event_id for item in made[50:]})
    assert not any("seen" in row for row in blocks(many)["events"])


def test_what_the_user_said_goes_before_what_they_did() -> None:
    """One correction among a thousand commits is in the prompt, with all of its text."""
    text = "No, shorter. " * 30
    made = [*commits(1000), event(5000, 26, ["celery/app"], type="correction", text=text)]
    (row,) = [row for row in blocks(prompt_of(make_input(made)))["events"] if row["type"] == "correction"]
    assert row["text"] == text.strip()


def test_sensitive_words_are_not_told() -> None:
    """A topic, item, value or text that names what no foreword may name does not leave the machine."""
    made = [
        *commits(20),
        event(
            500,
            1,
            ["depression", "reading"],
            item_id="cancer",
            text="My salary",
            attributes={"domain": "abortion"},
        ),
    ]
    prompt = prompt_of(make_input(made))
    assert blocks(prompt)["events"][-1] == {
        "id": "e21",
        "day": blocks(prompt)["events"][-1]["day"],
        "type": "read",
        "topics": ["reading"],
    }
    assert not re.search("depression|cancer|salary|abortion", prompt.request.prompt)


def test_the_same_user_gives_the_same_prompt() -> None:
    """Neither the order in which events are read nor anything else of one run shows in the bytes."""
    made = commits(300)
    one, other = make_input(made), make_input(list(reversed(made)))
    assert prompt_of(one) == prompt_of(other)


def test_a_schema_is_one_that_every_provider_takes() -> None:
    """All objects are closed and all fields required; bounds are none of a schema's business."""

    def walk(schema: Any) -> None:
        if isinstance(schema, dict):
            if schema.get("type") == "object":
                assert schema["additionalProperties"] is False
                assert schema["required"] == list(schema["properties"])
            assert not schema.keys() & {"minimum", "maximum", "maxItems", "minLength", "maxLength", "oneOf"}
            for inner in schema.values():
                walk(inner)
        elif isinstance(schema, list):
            for inner in schema:
                walk(inner)

    product = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    walk(answer_schema())
    walk(answer_schema(product))
    assert answer_schema(product)["required"] == ["operations", "product"]
    assert PROMPT_VERSION


def test_a_secret_among_attributes_is_not_remembered() -> None:
    """An attribute whose name or value says that it is personal is in no text and no memory, let alone in a prompt."""
    secrets = {"password": "swordfish", "reply_to": "anna@example.com", "mobile": "030 901820"}
    made = [event(number, number, ["celery"], type="commit", attributes=secrets) for number in range(8)]
    profile = run(made).profile
    for secret in secrets.values():
        assert secret not in str(profile)
        assert secret not in prompt_of(make_input(made)).request.prompt


def test_a_trend_is_one_of_many_events() -> None:
    """A topic of the last days that was rare before rises, one that was common falls, and the others say nothing."""
    before = [event(number, 20, ["celery", "python"], type="commit") for number in range(40)]
    lately = [event(100 + number, 1, ["kombu", "python"], type="commit") for number in range(12)]
    rows = blocks(prompt_of(make_input([*before, *lately])))["aggregates"]
    trends = {row["topic"]: row.get("trend") for row in rows if "topic" in row}
    assert trends == {"python": None, "celery": "falling", "kombu": "rising"}
    few = blocks(prompt_of(make_input([*before, *lately[:2]])))["aggregates"]
    assert not any("trend" in row for row in few)


def test_what_nearly_all_events_carry_is_said_once() -> None:
    """An attribute of all events stands in the aggregates alone, and numbers that nobody can read stand nowhere."""
    made = [
        event(
            number,
            number / 4,
            ["celery"],
            attributes={"repo": "celery", "files": "3", "tool": f"t{number % 3}"},
        )
        for number in range(30)
    ]
    found = blocks(prompt_of(make_input(made)))
    assert {"attribute": "repo", "value": "celery", "events": 30, "share": 1.0} in found["aggregates"]
    assert {name for row in found["events"] for name, _ in row["attributes"]} == {"tool"}
