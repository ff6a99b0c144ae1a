"""What the model server proposes of a user, from prompts as the agent builds them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from model_servers import RunningModelServer, params
from one_refresh import CONFIG, event, make_input, run

from foreword.model_server.schema_values import SchemaValues
from foreword.v1 import event_pb2, profile_pb2
from scheduler.agent.prompt import Prompt, answer_schema, build_prompt
from scheduler.agent.refresh import draft

TEXTS = (
    "Retry the connection pool recovery on timeouts",
    "Log connection pool recovery",
    "Close sockets when the worker stops",
    "Tests for connection pool recovery",
    "Update changelog",
    "Update changelog",
)


def commits(texts: Sequence[str] = TEXTS) -> list[event_pb2.Event]:
    return [
        event(number, 20 - number, ["celery/worker", "python"], type="commit", text=text)
        for number, text in enumerate(texts)
    ]


def prompt_of(
    events: Sequence[event_pb2.Event], previous: profile_pb2.Profile | None = None, **fields: Any
) -> Prompt:
    given = make_input(events, previous, new=[] if previous else None)
    findings = draft(given, CONFIG).findings
    assert findings is not None
    return build_prompt(findings, given, config=CONFIG, model="m", **fields)


def answered(server: RunningModelServer, prompt: Prompt) -> dict[str, Any]:
    schema = {"type": "json_schema", "schema": prompt.request.schema}
    message = server.post(params(prompt.request.prompt, output_config={"format": schema}))[1]
    read: dict[str, Any] = json.loads(message["content"][0]["text"])
    return read


def test_a_goal_is_what_recurs_in_the_new_events(model_server: RunningModelServer) -> None:
    """A phrase of several different events becomes a goal that cites them; what is said twice the same does not."""
    prompt = prompt_of(commits())
    operations = answered(model_server, prompt)["operations"]
    goals = [one for one in operations if one["op"] == "add_goal"]
    assert [goal["statement"] for goal in goals] == ["Work on connection pool recovery"]
    cited = [TEXTS[int(name.removeprefix("e")) - 1] for name in goals[0]["events"]]
    assert all("connection pool recovery" in text for text in cited)
    assert len(cited) == 3


def test_operations_keep_to_the_schema_of_the_prompt(model_server: RunningModelServer) -> None:
    """Every answer is allowed by the schema it was asked with, and cites events of the prompt alone."""
    prompt = prompt_of(commits())
    schema = answer_schema()
    found = answered(model_server, prompt)
    names = {f"e{number}" for number in range(1, len(prompt.event_ids) + 1)}
    assert SchemaValues(schema, [], lambda options: options[0]).allows(found, schema)
    assert {name for one in found["operations"] for name in one["events"]} <= names


def test_nothing_is_proposed_when_nothing_is_new(model_server: RunningModelServer) -> None:
    """Events that a model has read before lead to nothing."""
    profile = run(commits()).profile
    assert answered(model_server, prompt_of(commits(), profile, unseen=frozenset()))["operations"] == []


def test_a_goal_that_is_held_is_not_proposed_again(model_server: RunningModelServer) -> None:
    """The same prompt with the goal in it leads to no second one."""
    profile = run(commits()).profile
    goal = profile.self_model.goals.add(goal_id="ab12", statement="Work on connection pool recovery")
    goal.valid_from.FromMilliseconds(1)
    operations = answered(model_server, prompt_of(commits(), profile))["operations"]
    assert [one for one in operations if one["op"] == "add_goal"] == []


def test_a_product_is_filled_from_the_aggregates_as_its_schema_allows(
    model_server: RunningModelServer,
) -> None:
    """Enums, patterns and bounds, also those that a client wrote into descriptions, are kept."""
    tags = {"type": "string", "description": "{pattern: ^[a-z_]+$, maxLength: 12}"}
    product = {
        "type": "object",
        "additionalProperties": False,
        "required": ["topic", "tags", "boost", "since"],
        "properties": {
            "topic": {"type": "string", "enum": ["rust", "python"]},
            "tags": {"type": "array", "items": tags, "description": "Filters.\n\n{maxItems: 1}"},
            "boost": {"type": "number", "description": "{minimum: 1, maximum: 2}"},
            "since": {"type": "string", "format": "date-time"},
        },
    }
    prompt = prompt_of(commits(), product_schema=product)
    made = answered(model_server, prompt)["product"]
    assert made["topic"] == "python"
    assert made["tags"] in (["python"], ["celery_worke"])
    assert 1 <= made["boost"] <= 2
    assert made["since"].endswith("Z")
