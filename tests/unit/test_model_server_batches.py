"""The model server's Message Batches."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from typing import Any

import pytest
from model_servers import RunningModelServer, params, running_model_server
from waiting import until

BATCHES = "/v1/messages/batches"


def create(server: RunningModelServer, size: int, **headers: str) -> dict[str, Any]:
    rows = [{"custom_id": f"u{number}", "params": params()} for number in range(size)]
    return server.post({"requests": rows}, BATCHES, **headers)[1]


def ended(server: RunningModelServer, batch_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        batch: dict[str, Any] = json.loads(server.get(f"{BATCHES}/{batch_id}"))
        return batch if batch["processing_status"] == "ended" else None

    found: dict[str, Any] = until(look, "the batch to end")
    return found


def rows_of(server: RunningModelServer, batch_id: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.get(f"{BATCHES}/{batch_id}/results").splitlines()]


def test_a_batch_answers_every_row_once_in_another_order(model_server: RunningModelServer) -> None:
    """Every custom id comes back once, shuffled, at the batch tier, and the count equals the rows' usages."""
    batch = create(model_server, 50)
    assert batch["processing_status"] == "in_progress"
    done = ended(model_server, batch["id"])
    rows = rows_of(model_server, batch["id"])
    assert done["request_counts"] == {
        "processing": 0,
        "succeeded": 50,
        "errored": 0,
        "canceled": 0,
        "expired": 0,
    }
    assert sorted(row["custom_id"] for row in rows) == sorted(f"u{number}" for number in range(50))
    assert [row["custom_id"] for row in rows] != [f"u{number}" for number in range(50)]
    usages = [row["result"]["message"]["usage"] for row in rows]
    assert {usage["service_tier"] for usage in usages} == {"batch"}
    (counted,) = model_server.count()["tokens"]
    assert counted["tier"] == "batch"
    assert counted["calls"] == 50
    assert counted["input_tokens"] == sum(usage["input_tokens"] for usage in usages)
    assert counted["output_tokens"] == sum(usage["output_tokens"] for usage in usages)


def test_a_batch_that_waits_can_be_canceled_and_costs_nothing() -> None:
    """Rows that are not worked on when a batch is canceled come back as canceled."""
    with running_model_server(batch_seconds=3600.0) as server:
        batch = create(server, 3)
        server.post({}, f"{BATCHES}/{batch['id']}/cancel")
        ended(server, batch["id"])
        assert {row["result"]["type"] for row in rows_of(server, batch["id"])} == {"canceled"}
        assert server.count()["tokens"] == []


def test_batches_are_listed_newest_first_in_pages(model_server: RunningModelServer) -> None:
    """A list goes on after its last id, and says whether there is more."""
    made = [create(model_server, 1)["id"] for _ in range(5)]
    first = json.loads(model_server.get(f"{BATCHES}?limit=2"))
    second = json.loads(model_server.get(f"{BATCHES}?limit=3&after_id={first['last_id']}"))
    assert [batch["id"] for batch in (*first["data"], *second["data"])] == made[::-1]
    assert (first["has_more"], second["has_more"]) == (True, False)
    back = json.loads(model_server.get(f"{BATCHES}?limit=2&before_id={second['last_id']}"))
    assert [batch["id"] for batch in back["data"]] == made[1:3][::-1]
    assert back["has_more"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "at least one"),
        ([{"custom_id": "a b", "params": {}}], "custom_id"),
        ([{"custom_id": "a", "params": {}}, {"custom_id": "a", "params": {}}], "twice"),
        ([{"custom_id": "a"}], "params"),
    ],
)
def test_a_batch_that_is_none_is_refused(
    model_server: RunningModelServer, rows: list[dict[str, Any]], said: str
) -> None:
    """What breaks the rules of a batch gets 400, and no batch is made."""
    status, answer, _ = model_server.post({"requests": rows}, BATCHES)
    assert status == 400
    assert said in answer["error"]["message"]
    assert model_server.count()["batches"]["created"] == 0


def test_a_row_that_breaks_the_rules_of_a_message_is_errored(model_server: RunningModelServer) -> None:
    """Params are looked at when the batch is worked on, one row by itself."""
    rows = [{"custom_id": "good", "params": params()}, {"custom_id": "bad", "params": {"model": "m"}}]
    batch = model_server.post({"requests": rows}, BATCHES)[1]
    ended(model_server, batch["id"])
    results = {row["custom_id"]: row["result"] for row in rows_of(model_server, batch["id"])}
    assert results["good"]["type"] == "succeeded"
    assert results["bad"]["error"]["error"]["type"] == "invalid_request_error"


def test_rows_can_expire_be_errored_missing_and_duplicated(model_server: RunningModelServer) -> None:
    """Each fault of rows hits as many as its rule says; a missing row is counted all the same."""
    for fault in ("row-expired", "row-canceled", "row-errored", "row-missing", "row-duplicated"):
        model_server.faults(fault, times=2)
    batch = create(model_server, 20)
    counts = ended(model_server, batch["id"])["request_counts"]
    rows = rows_of(model_server, batch["id"])
    assert (counts["expired"], counts["canceled"], counts["errored"], counts["succeeded"]) == (2, 2, 2, 14)
    assert len(rows) == 20 - 2 + 2
    assert sorted(Counter(row["custom_id"] for row in rows).values())[-2:] == [2, 2]
    assert model_server.count()["tokens"][0]["calls"] == 14


def test_a_batch_whose_creation_is_lost_is_found_in_the_list(model_server: RunningModelServer) -> None:
    """The creation is answered with 500, and the batch is worked on."""
    model_server.faults("batch-create-lost", times=1)
    assert create(model_server, 2)["error"]["type"] == "api_error"
    (batch,) = json.loads(model_server.get(BATCHES))["data"]
    assert len(rows_of(model_server, ended(model_server, batch["id"])["id"])) == 2


def test_results_break_off_half_way_and_can_be_read_again(model_server: RunningModelServer) -> None:
    """The connection breaks among the rows; the next reading is whole."""
    model_server.faults("results-dropped", times=1)
    batch = create(model_server, 50)
    ended(model_server, batch["id"])
    with pytest.raises(http.client.IncompleteRead) as broken:
        rows_of(model_server, batch["id"])
    assert 0 < len(broken.value.partial.splitlines()) < 50
    assert len(rows_of(model_server, batch["id"])) == 50
