"""The model server's usage report and its chat completions."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

from model_servers import REFRESH_PROMPT, RunningModelServer, params, running_model_server

from foreword.clock import ManualClock, format_time_ms, parse_time_ms

START_MS = parse_time_ms("2026-11-25T10:00:30Z")


def report(server: RunningModelServer, **query: Any) -> dict[str, Any]:
    names = [(name.replace("__", "[]"), value) for name, value in query.items()]
    path = f"/v1/organizations/usage_report/messages?{urllib.parse.urlencode(names, doseq=True)}"
    read: dict[str, Any] = json.loads(server.get(path))
    return read


def test_the_report_has_the_count_by_minute_and_model_in_pages() -> None:
    """What was answered stands in the minute in which it was asked, and the pages together are the whole count."""
    clock = ManualClock(START_MS)
    with running_model_server(clock) as server:
        usages = []
        for model in ("a", "b", "a"):
            usages.append(server.post(params(model=model))[1]["usage"])
            clock.advance(60_000)
        pages, page = [], None
        while page is not None or not pages:
            query = {"starting_at": format_time_ms(START_MS), "bucket_width": "1m", "limit": 2}
            groups = {"group_by__": ["model", "service_tier"], **({"page": page} if page else {})}
            pages.append(report(server, **query, **groups))
            page = pages[-1]["next_page"]
    buckets = [bucket for found in pages for bucket in found["data"]]
    assert [found["has_more"] for found in pages] == [True, False]
    assert [bucket["starting_at"] for bucket in buckets] == [
        f"2026-11-25T10:0{minute}:00Z" for minute in range(4)
    ]
    rows = [row for bucket in buckets for row in bucket["results"]]
    assert [(row["model"], row["service_tier"]) for row in rows] == [
        ("a", "standard"),
        ("b", "standard"),
        ("a", "standard"),
    ]
    assert [row["output_tokens"] for row in rows] == [usage["output_tokens"] for usage in usages]
    assert [row["uncached_input_tokens"] for row in rows] == [usage["input_tokens"] for usage in usages]


def test_the_report_is_summed_over_what_it_is_not_grouped_by() -> None:
    """Without groups a day is one row of all models, and `models` chooses among them."""
    with running_model_server(ManualClock(START_MS)) as server:
        usages = [server.post(params(model=model))[1]["usage"] for model in ("a", "b")]
        (day,) = report(server, starting_at="2026-11-25T00:00:00Z")["data"]
        (only,) = report(server, starting_at="2026-11-25T00:00:00Z", models__="b")["data"]
    (row,) = day["results"]
    assert row["model"] is None
    assert row["output_tokens"] == sum(usage["output_tokens"] for usage in usages)
    assert only["results"][0]["output_tokens"] == usages[1]["output_tokens"]


def test_a_chat_completion_answers_the_same_question(model_server: RunningModelServer) -> None:
    """Chat completions give the operations that a message gives, under their own names."""
    schema = {"type": "object", "properties": {"operations": {"type": "array", "items": {"type": "object"}}}}
    body = {
        "model": "qwen",
        "temperature": 0,
        "messages": [
            {"role": "system", "content": "Propose."},
            {"role": "user", "content": REFRESH_PROMPT},
        ],
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
    }
    completion = model_server.post(body, "/v1/chat/completions")[1]
    message = model_server.post(params())[1]
    (choice,) = completion["choices"]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["content"] == message["content"][0]["text"]
    counted = {row["model"]: row for row in model_server.count()["tokens"]}
    assert completion["usage"]["prompt_tokens"] == counted["qwen"]["input_tokens"]
    assert completion["usage"]["completion_tokens"] == counted["qwen"]["output_tokens"]


def test_a_chat_completion_stops_for_the_reasons_a_message_does(model_server: RunningModelServer) -> None:
    """A refusal and a cut have their names in chat completions, and errors their envelope."""
    body = {"model": "m", "messages": [{"role": "user", "content": REFRESH_PROMPT}]}
    chat = "/v1/chat/completions"
    refused = model_server.post(body, chat, x_fault="refusal")[1]["choices"][0]
    cut = model_server.post(body | {"max_tokens": 5}, chat)[1]
    status, error, _ = model_server.post({"model": "m"}, chat)
    assert (refused["finish_reason"], refused["message"]["content"]) == ("content_filter", None)
    assert (cut["choices"][0]["finish_reason"], cut["usage"]["completion_tokens"]) == ("length", 5)
    assert status == 400
    assert "messages" in error["error"]["message"]
