"""ListUsers: who is behind the counts of the status, a page at a time."""

from __future__ import annotations

import base64
from typing import Any

import grpc
import pytest

from foreword import keys
from foreword.client import Foreword
from foreword.errors import ServiceError
from foreword.v1.freshness_pb2 import Freshness
from foreword.v1.operator_service_pb2 import ListUsersRequest, ListUsersResponse
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshState
from foreword.v1.user_data_service_pb2 import EraseUserRequest
from sidecar import user_list

WRITTEN, FAILED = RefreshOutcome.REFRESH_OUTCOME_WRITTEN, RefreshOutcome.REFRESH_OUTCOME_FAILED


def schedule(running: Any, user_id: str, namespace: str = "", **state: Any) -> None:
    """Write the state of a user's refreshes as the scheduler does."""
    with running.profiles.begin() as txn:
        txn.schedule(keys.user_key(user_id, namespace), RefreshState(**state))


def listed(page: ListUsersResponse) -> list[str]:
    """Return the user ids of a page."""
    return [user.user_id for user in page.users]


@pytest.fixture
def population(running: Any) -> Any:
    """A sidecar with a fresh, an expired, a dormant and a failing user, and another tenant's without a profile."""
    revision = running.put("fresh")
    schedule(running, "fresh", revision=revision, outcome=WRITTEN, attempted_ms=running.now_ms - 5)
    running.put("expired", stale_after_ms=1, expired_after_ms=2)
    schedule(running, "expired", revision=2, outcome=WRITTEN, due_ms=running.now_ms + 7)
    running.put("dormant", segment=Segment.SEGMENT_DORMANT)
    schedule(running, "dormant", revision=3, outcome=WRITTEN)
    running.put("failing", stale_after_ms=1, expired_after_ms=2)
    schedule(running, "failing", revision=4, outcome=FAILED, failures=2, error="too large")
    schedule(running, "waiting", "acme", due_ms=running.now_ms)
    return running


def test_each_user_is_told_with_profile_and_refreshes(population: Any) -> None:
    """Users come in key order, all tenants together, with freshness, revision, times and the failure's reason."""
    users = population.client.list_users().users
    assert [(user.user_id, user.namespace) for user in users] == [
        ("fresh", ""), ("dormant", ""), ("expired", ""), ("failing", ""), ("waiting", "acme")
    ]  # fmt: skip
    fresh, _, expired, failing, waiting = users
    assert (fresh.segment, fresh.freshness, fresh.revision, fresh.outcome) == (
        Segment.SEGMENT_ACTIVE, Freshness.FRESHNESS_FRESH, 1, WRITTEN
    )  # fmt: skip
    assert fresh.computed_at.ToMilliseconds() == population.now_ms
    assert fresh.attempted_at.ToMilliseconds() == population.now_ms - 5
    assert not fresh.HasField("due_at")
    assert expired.due_at.ToMilliseconds() == population.now_ms + 7
    assert (failing.failures, failing.error) == (2, "too large")
    assert waiting.freshness == Freshness.FRESHNESS_DEFAULT
    assert not waiting.HasField("computed_at")


@pytest.mark.parametrize(
    ("filters", "users"),
    [
        ({"freshness": ["FRESHNESS_EXPIRED"]}, ["expired", "failing"]),
        (
            {"freshness": [Freshness.FRESHNESS_DEFAULT, Freshness.FRESHNESS_FRESH]},
            ["fresh", "dormant", "waiting"],
        ),
        ({"segments": ["SEGMENT_DORMANT"]}, ["dormant"]),
        ({"failed": True}, ["failing"]),
        ({"failed": True, "segments": ["SEGMENT_DORMANT"]}, []),
        ({"namespace": "acme"}, ["waiting"]),
        ({"namespace": ""}, ["fresh", "dormant", "expired", "failing"]),
        ({"user_id_prefix": "f"}, ["fresh", "failing"]),
        ({"user_id_prefix": "fr"}, ["fresh"]),
        ({"user_id_prefix": "fresher"}, []),
        ({"user_id_prefix": "wait"}, ["waiting"]),
        ({"user_id_prefix": "wait", "namespace": ""}, []),
        ({"user_id_prefix": "f", "failed": True}, ["failing"]),
    ],
)
def test_filters_choose_users(population: Any, filters: dict[str, Any], users: list[str]) -> None:
    """A user must pass every filter that is set."""
    assert listed(population.client.list_users(**filters)) == users


def test_expired_users_are_those_the_status_counts(population: Any) -> None:
    """The list answers who is behind a count of the status."""
    counted = sum(one.expired_count for one in population.client.status().segments)
    assert counted == len(population.client.list_users(freshness=["FRESHNESS_EXPIRED"]).users) == 2


def test_client_of_a_tenant_lists_that_tenant(population: Any) -> None:
    """Without a namespace named, a client lists its own."""
    with Foreword(population.address, namespace="acme") as client:
        assert listed(client.list_users()) == ["waiting"]
        assert listed(client.list_users(namespace="other")) == []


def test_pages_hold_every_user_once(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Following the tokens lists everyone once; a page that looked far in vain is empty and leads on."""
    monkeypatch.setattr(user_list, "SLICE_USERS", 10)
    monkeypatch.setattr(user_list, "SLICE_FAILING", 10)
    monkeypatch.setattr(user_list, "LOOKED_AT_MAX", 20)
    with running.profiles.begin() as txn:
        for number in range(95):
            outcome = FAILED if number >= 90 else WRITTEN
            txn.schedule(keys.user_key(f"u{number:03}"), RefreshState(outcome=outcome))

    def pages(**request: Any) -> list[list[str]]:
        found, token = [], ""
        while not found or token:
            page = running.client.list_users(page_token=token, **request)
            token = page.next_page_token
            found.append(listed(page))
        return found

    everyone = [f"u{number:03}" for number in range(95)]
    assert [user for page in pages(page_size=7) for user in page] == everyone
    assert [len(page) for page in pages(page_size=1000)] == [20, 20, 20, 20, 15]
    assert pages(failed=True) == [[], [], [], [], everyone[90:]]
    assert pages(failed=True, page_size=2) == [[], [], [], [], ["u090", "u091"], ["u092", "u093"], ["u094"]]
    assert pages(failed=True, user_id_prefix="u09") == [everyone[90:]]


def test_who_failed_is_told_from_who_looks_like_it(running: Any) -> None:
    """Rows are chosen by their bytes before they are parsed: what stands in a text by chance fails nobody."""
    by_chance = RefreshState(outcome=FAILED).SerializeToString().decode("latin-1")
    schedule(running, "ann", outcome=WRITTEN, error=by_chance)
    schedule(running, "bob", outcome=FAILED, error=by_chance, failures=4, revision=1 << 40, due_ms=1 << 41)
    schedule(running, "cid", "acme", outcome=FAILED)
    with running.profiles.environment.writing() as txn:
        damaged = RefreshState(outcome=FAILED).SerializeToString() + b"\xff"
        txn.put(keys.user_key("dan"), damaged, db=running.profiles.environment.handles[b"watermarks"])
    assert listed(running.client.list_users(failed=True)) == ["bob", "cid"]
    assert listed(running.client.list_users(failed=True, namespace="acme")) == ["cid"]


def test_a_beginning_is_found_without_looking_at_all(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids of every length and of any tenant are found by how they begin, by a few looks."""
    monkeypatch.setattr(user_list, "SLICE_USERS", 10)
    monkeypatch.setattr(user_list, "LOOKED_AT_MAX", 100)
    wanted = ["zoë", "zoë-1", "zoë" + "x" * 252]
    others = [
        "y",
        "z",
        "zoe",
        "zp",
        "~",
        "a" * 256,
        "\U0010ffff" * 64,
        *(f"u{number:04}" for number in range(3000)),
    ]
    with running.profiles.begin() as txn:
        for space in ("", "acme", "zoë"):
            for user_id in (*wanted, *others):
                txn.schedule(keys.user_key(user_id, space), RefreshState())
    found, token = [], ""
    for _ in range(3):
        page = running.client.list_users(user_id_prefix="zoë", page_size=4, page_token=token)
        found += [(user.namespace, user.user_id) for user in page.users]
        token = page.next_page_token
    assert found == [(space, user_id) for space in ("", "acme", "zoë") for user_id in wanted]
    assert token == ""


def test_a_user_gone_meanwhile_does_not_break_the_paging(running: Any) -> None:
    """The next page begins behind the last user, though that one was erased in between."""
    for user_id in ("a", "b", "c"):
        schedule(running, user_id)
    first = running.client.list_users(page_size=2)
    with running.profiles.begin() as txn:
        txn.erase(keys.user_key("b"))
    assert listed(running.client.list_users(page_token=first.next_page_token)) == ["c"]


def test_users_whose_erasure_is_pending_are_left_out(population: Any) -> None:
    """Whoever is to be erased is not listed, though their rows are still there."""
    request = EraseUserRequest(user_id="expired", wait={"nanos": 1})
    population.call("UserDataService/EraseUser", request.SerializeToString())
    assert "expired" not in listed(population.client.list_users())


def test_a_damaged_row_hides_nobody_else(population: Any) -> None:
    """A user whose profile's header cannot be read is listed as answered with the default, the others as before."""
    handles = population.profiles.environment
    with handles.writing() as txn:
        txn.put(keys.user_key("fresh"), b"short", db=handles.handles[b"profiles"])
        txn.put(keys.user_key("dormant"), b"\xff", db=handles.handles[b"watermarks"])
    users = population.client.list_users().users
    assert [(user.user_id, user.freshness) for user in users][:2] == [
        ("fresh", Freshness.FRESHNESS_DEFAULT), ("expired", Freshness.FRESHNESS_EXPIRED)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (ListUsersRequest(page_size=-1), "page_size"),
        (ListUsersRequest(page_token="nonsense!"), "page_token"),
        (ListUsersRequest(page_token=base64.urlsafe_b64encode(b"abcd\x09").decode()), "page_token"),
        (ListUsersRequest(segments=[9]), "segments[0]"),
        (ListUsersRequest(freshness=[1, 77]), "freshness[1]"),
        (ListUsersRequest(namespace="n" * 65), "namespace"),
        (ListUsersRequest(user_id_prefix="é" * 129), "user_id_prefix"),
    ],
)
def test_a_bad_request_names_the_field(running: Any, request_: ListUsersRequest, field: str) -> None:
    """A field out of range is refused with what is allowed."""
    with pytest.raises(grpc.RpcError) as caught:
        running.call("OperatorService/ListUsers", request_.SerializeToString())
    metadata = running.error_info(caught.value).metadata
    assert metadata["field"] == field
    assert metadata["allowed"]


def test_a_token_belongs_to_its_filters(population: Any) -> None:
    """A token sent with other filters is refused: what it skips was chosen by the former ones."""
    token = population.client.list_users(page_size=1).next_page_token
    assert listed(population.client.list_users(page_size=2, page_token=token)) == ["dormant", "expired"]
    with pytest.raises(ServiceError, match="other filters"):
        population.client.list_users(failed=True, page_token=token)


def test_without_a_scheduler_there_is_nobody(start: Any) -> None:
    """A store without profiles lists no user and no further page."""
    assert start(with_profiles=False).client.list_users() == ListUsersResponse()


def test_a_list_that_fails_always_raises() -> None:
    """An empty page must not pass for the end of the list."""
    with Foreword("unix:/nowhere.sock", timeout_seconds=10) as client, pytest.raises(ServiceError):
        client.list_users()
