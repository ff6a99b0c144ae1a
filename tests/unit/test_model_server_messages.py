"""The model server's Messages API, spoken to over HTTP as any client would."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from model_servers import RunningModelServer, params, running_model_server
from waiting import until

from foreword.clock import ManualClock

LONG = "These words are the same for every user. " * 800


def cached(text: str = LONG) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]


def test_a_refresh_prompt_is_answered_with_operations_that_cite_its_events(
    model_server: RunningModelServer,
) -> None:
    """What recurs in the events becomes a goal in their words, and equal prompts get equal answers."""
    status, message, headers = model_server.post(params())
    again = model_server.post(params())[1]
    assert status == 200
    assert headers["request-id"].startswith("req_")
    assert int(headers["anthropic-ratelimit-requests-remaining"]) > 0
    assert message["stop_reason"] == "end_turn"
    operations = json.loads(message["content"][0]["text"])["operations"]
    goals = [one for one in operations if one["op"] == "add_goal"]
    assert goals == [
        {"op": "add_goal", "statement": "Work on connection pool recovery", "events": ["e1", "e2"]}
    ]
    assert again["content"] == message["content"]


def test_a_prompt_without_blocks_gets_a_plain_text(model_server: RunningModelServer) -> None:
    """Whatever is no refresh prompt gets a short text rather than operations."""
    text = model_server.post(params("Good morning!"))[1]["content"][0]["text"]
    assert "operations" not in text
    assert text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"temperature": 0.5}, "temperature"),
        ({"messages": []}, "messages: at least one"),
        ({"model": ""}, "model"),
        ({"surprise": 1}, "surprise: Extra inputs"),
        ({"messages": [{"role": "assistant", "content": "I"}]}, "first message"),
        (
            {
                "output_config": {
                    "format": {"type": "json_schema", "schema": {"type": "string", "maxLength": 3}}
                }
            },
            "maxLength",
        ),
        ({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}, "additional"),
    ],
)
def test_what_the_api_refuses_is_refused(
    model_server: RunningModelServer, change: dict[str, Any], said: str
) -> None:
    """A request that breaks the API's rules gets 400 in its envelope, and costs nothing."""
    body = {name: value for name, value in params(**change).items() if value is not None}
    status, answer, _ = model_server.post(body)
    assert status == 400
    assert answer["type"] == "error"
    assert answer["error"]["type"] == "invalid_request_error"
    assert said in answer["error"]["message"]
    assert model_server.count()["tokens"] == []
    assert model_server.count()["outcomes"] == {"refused": 1}


def test_a_key_is_asked_for_when_there_is_one() -> None:
    """A server with a key answers 401 to every other, as `x-api-key` and as bearer."""
    with running_model_server(key="right") as server:
        assert server.post(params(), x_api_key="wrong")[0] == 401
        assert server.post(params())[1]["error"]["type"] == "authentication_error"
        assert server.post(params(), x_api_key="right")[0] == 200
        assert server.post(params(), authorization="Bearer right")[0] == 200


def test_a_long_prefix_is_written_to_the_cache_once_and_then_read() -> None:
    """The first call pays for the cache, the next reads it for five minutes, and after that it is written again."""
    clock = ManualClock()
    with running_model_server(clock) as server:
        usages = []
        for wait_ms in (0, 1, 299_000, 299_000, 301_000):
            clock.advance(wait_ms)
            usages.append(server.post(params(system=cached()))[1]["usage"])
    written = [usage["cache_creation_input_tokens"] for usage in usages]
    read = [usage["cache_read_input_tokens"] for usage in usages]
    assert written[0] > 4096
    assert written == [written[0], 0, 0, 0, written[0]]
    assert read == [0, written[0], written[0], written[0], 0]
    assert len({usage["input_tokens"] for usage in usages}) == 1


def test_a_short_prefix_is_never_cached_and_only_usage_says_so(model_server: RunningModelServer) -> None:
    """Below the model's minimum, which differs by model, `cache_control` does nothing."""
    system = cached("Some words again. " * 300)
    small = [model_server.post(params(system=system))[1]["usage"] for _ in range(2)]
    other = [model_server.post(params(system=system, model="claude-opus-5"))[1]["usage"] for _ in range(2)]
    assert {usage["cache_creation_input_tokens"] + usage["cache_read_input_tokens"] for usage in small} == {0}
    assert other[0]["cache_creation_input_tokens"] == other[1]["cache_read_input_tokens"] > 512


def test_an_answer_stops_at_max_tokens(model_server: RunningModelServer) -> None:
    """A longer answer is cut off there, says so, and costs that many tokens."""
    message = model_server.post(params(max_tokens=20))[1]
    assert message["stop_reason"] == "max_tokens"
    assert message["usage"]["output_tokens"] == 20


def test_tokens_can_be_counted_beforehand(model_server: RunningModelServer) -> None:
    """`count_tokens` says what the message then reads, and is itself not counted."""
    body = {name: value for name, value in params().items() if name != "max_tokens"}
    counted = model_server.post(body, "/v1/messages/count_tokens")[1]["input_tokens"]
    assert model_server.count()["tokens"] == []
    assert model_server.post(params())[1]["usage"]["input_tokens"] == counted


def test_more_requests_than_a_minute_has_are_refused_until_there_is_room() -> None:
    """The headers count down, the first beyond the limit gets 429 with `retry-after`, and room comes with time."""
    clock = ManualClock()
    with running_model_server(clock, requests_per_minute=3) as server:
        seen = [server.post(params()) for _ in range(4)]
        clock.advance(20_000)
        later = server.post(params())[0]
    left = [headers["anthropic-ratelimit-requests-remaining"] for _, _, headers in seen]
    assert left == ["2", "1", "0", "0"]
    assert [status for status, _, _ in seen] == [200, 200, 200, 429]
    assert seen[3][2]["retry-after"] == "20"
    assert later == 200


def test_who_leaves_before_the_answer_pays_for_it_all_the_same() -> None:
    """A call whose client gives up is counted when it is asked, and found unheard when the answer comes."""
    with running_model_server(latency_seconds=0.3) as server:
        with pytest.raises(TimeoutError):
            server.post(params(), patience_seconds=0.1)
        until(lambda: [row["calls"] for row in server.count()["tokens"]] == [1], "the call to be counted")
        until(lambda: server.count()["outcomes"] == {"unheard": 1}, "the answer to find nobody")


def test_a_server_stops_at_once_while_calls_are_under_way() -> None:
    """Stopping breaks calls off, as an outage does; nobody waits for an answer that takes a minute."""
    with running_model_server(latency_seconds=60.0) as server, ThreadPoolExecutor() as pool:
        asked = pool.submit(server.post, params())
        until(lambda: server.count()["tokens"], "the call to be under way")
        server.stop()
        with pytest.raises(OSError, match=r"."):
            asked.result(10)
