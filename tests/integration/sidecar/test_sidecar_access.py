"""Who may call, and what, where the sidecar asks."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from waiting import PATIENCE_SECONDS, until

from foreword import keys
from foreword.callers import RIGHTS, digest_of
from foreword.client import Foreword
from foreword.errors import ServiceError
from foreword.file_signature import signature_of
from foreword.store.change_reader import Place
from foreword.v1.activity_service_pb2 import RecordEventsRequest
from foreword.v1.event_pb2 import Event
from foreword.v1.operator_service_pb2 import (
    GetStatusRequest,
    GetStatusResponse,
    ListUsersRequest,
    ListUsersResponse,
    PauseUserRequest,
    ResumeUserRequest,
)
from foreword.v1.profile_pb2 import Foreword as ForewordText
from foreword.v1.profile_pb2 import Profile
from foreword.v1.profile_service_pb2 import (
    GetProfileRequest,
    LookupProfilesRequest,
    LookupProfilesResponse,
    WatchProfilesRequest,
    WatchProfilesResponse,
)
from foreword.v1.ranking_service_pb2 import ExplainRankingRequest, RecordFeedbackRequest
from foreword.v1.refresh_pb2 import RefreshState
from sidecar.errors import UnauthenticatedError
from sidecar.pages import page_token
from sidecar.rights import RULES
from sidecar.server import SERVICES
from sidecar.watched import Position, Snapshot

TOKENS = {right: f"fwt_{right}" for right in RIGHTS}
ALL = "fwt_all"
DENIED = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}
# Requests that name a namespace otherwise than by a field of that name, or name none.
OWN = {
    "ActivityService/RecordEvents": lambda request, space: request.events.add(event_id="e", namespace=space),
    "ActivityService/StreamEvents": lambda request, space: request.events.add(event_id="e", namespace=space),
}


def methods() -> Iterator[tuple[str, MethodDescriptor]]:
    """Yield every method of every service, as the protos have them."""
    for service in SERVICES:
        name = service.rpartition(".")[2]
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
        descriptor = importlib.import_module(f"foreword.v1.{snake}_pb2").DESCRIPTOR
        for method in descriptor.services_by_name[name].methods:
            yield f"{name}/{method.name}", method


METHODS = dict(methods())


def request_of(name: str, namespace: str) -> Message:
    """Return a request about a namespace, otherwise empty."""
    request: Any = GetMessageClass(METHODS[name].input_type)()
    if name in OWN:
        OWN[name](request, namespace)
    elif "namespace" in request.DESCRIPTOR.fields_by_name:
        request.namespace = namespace
    made: Message = request
    return made


@dataclass
class Answer:
    """How a call ended."""

    code: grpc.StatusCode
    reason: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    details: str = ""
    messages: tuple[bytes, ...] = ()

    @property
    def is_denied(self) -> bool:
        """Whether it was refused for who called."""
        return self.code in DENIED


@dataclass
class Guarded:
    """A sidecar that asks everywhere who calls."""

    running: Any
    file: Path

    def entry(self, name: str, token: str, rights: Any, namespaces: str = '"all"', more: str = "") -> str:
        """Return an entry of the callers file."""
        known = f'token_sha256 = "{digest_of(token)}"'
        said = ", ".join(f'"{right}"' for right in rights)
        return (
            f'[[callers]]\nname = "{name}"\n{known}\nrights = [{said}]\nnamespaces = {namespaces}\n{more}\n'
        )

    def write(self, *entries: str) -> None:
        """Replace the callers file, as an operator does, and wait until it is in force."""
        anew = self.file.with_suffix(".anew")
        anew.write_text("".join(entries))
        anew.chmod(0o600)
        anew.rename(self.file)
        file = self.running.server._access._file
        until(lambda: file._seen == signature_of(self.file), "the callers file was not taken over")

    def call(
        self, name: str, request: Message | bytes, token: str | None = None, metadata: Any = None
    ) -> Answer:
        """Call a method of any kind as a client in any language would."""
        method, channel = METHODS[name], self.running.channel
        path = f"/foreword.v1.{name}"
        raw = request if isinstance(request, bytes) else request.SerializeToString()
        if metadata is None:
            metadata = () if token is None else (("authorization", f"Bearer {token}"),)
        sent: Any = iter([raw]) if method.client_streaming else raw
        kind = "stream" if method.client_streaming else "unary"
        kind += "_stream" if method.server_streaming else "_unary"
        try:
            call = getattr(channel, kind)(path)(sent, timeout=PATIENCE_SECONDS, metadata=metadata)
            if not method.server_streaming:
                return Answer(grpc.StatusCode.OK, messages=(call,))
            first = tuple(message for message, _ in zip(call, range(1), strict=False))
            call.cancel()
            return Answer(grpc.StatusCode.OK, messages=first)
        except grpc.RpcError as exc:
            try:
                info = self.running.error_info(exc)
            except (AssertionError, AttributeError):
                return Answer(exc.code(), details=exc.details() or "")
            return Answer(exc.code(), info.reason, tuple(sorted(info.metadata.items())), exc.details() or "")

    def client(self, token: str, **options: Any) -> Foreword:
        """Return the Python client of a caller."""
        return Foreword(
            self.running.address, raises=True, timeout_seconds=PATIENCE_SECONDS, token=token, **options
        )


@pytest.fixture
def guarded(start: Any, tmp_path: Path) -> Guarded:
    """A sidecar that asks everywhere, with one caller for each right, and one with all."""
    file = tmp_path / "callers.toml"
    made = Guarded(None, file)
    entries = [made.entry(right, token, [right]) for right, token in TOKENS.items()]
    file.write_text("".join([*entries, made.entry("all", ALL, RIGHTS)]))
    file.chmod(0o600)
    made.running = start(start.config(security={"callers_file": str(file), "require_caller": "everywhere"}))
    return made


# -- every right, every method ------------------------------------------------------------------------------------


def test_every_method_takes_a_right() -> None:
    """The table of rights has each method of each service, and no other."""
    assert set(RULES) == set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_for_those_with_its_right(guarded: Guarded, name: str) -> None:
    """Of callers with one right each, one gets in; the others are told which right was missing, and whose it was."""
    needed = RULES[name].right
    for right, token in TOKENS.items():
        answer = guarded.call(name, request_of(name, ""), token)
        if right == needed:
            assert not answer.is_denied, answer
            continue
        assert (answer.code, answer.reason) == (grpc.StatusCode.PERMISSION_DENIED, "RIGHT_MISSING")
        said = dict(answer.metadata)
        assert (said["caller"], said["right"]) == (right, needed)
        assert needed in answer.details
    anonymous = guarded.call(name, request_of(name, ""))
    assert (anonymous.code, anonymous.reason) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")
    assert dict(anonymous.metadata)["right"] == needed


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_for_those_in_its_namespace(guarded: Guarded, name: str) -> None:
    """A caller of one namespace gets in there and nowhere else; what is of the whole store is not for them."""
    guarded.write(guarded.entry("shop", "fwt_shop", RIGHTS, '["shop"]'))
    rule = RULES[name]
    own, foreign = request_of(name, "shop"), request_of(name, "blog")
    if rule.spaces(own) is None:
        answer = guarded.call(name, own, "fwt_shop")
        assert answer.reason == "NAMESPACE_FORBIDDEN"
        assert "namespace" not in dict(answer.metadata)
        return
    assert not guarded.call(name, own, "fwt_shop").is_denied
    answer = guarded.call(name, foreign, "fwt_shop")
    if rule.spaces(foreign) == ():
        # The service looks by itself; see the tests of lookups and decisions.
        assert name in {"ProfileService/LookupProfiles", "RankingService/ExplainRanking"}
        return
    assert (answer.code, answer.reason) == (grpc.StatusCode.PERMISSION_DENIED, "NAMESPACE_FORBIDDEN")
    assert dict(answer.metadata)["namespace"] == "blog"
    assert dict(answer.metadata)["right"] == rule.right


# -- nothing is learned -------------------------------------------------------------------------------------------


def test_a_foreign_user_is_refused_as_nobody_is(guarded: Guarded) -> None:
    """Whether a user of another namespace exists makes no difference to any answer."""
    guarded.running.put("ann")
    guarded.write(guarded.entry("shop", "fwt_shop", RIGHTS, '["shop"]'), guarded.entry("all", ALL, RIGHTS))
    assert guarded.call("ProfileService/GetProfile", GetProfileRequest(user_id="ann"), ALL).messages
    for name, method in METHODS.items():
        fields = method.input_type.fields_by_name
        if "user_id" not in fields or "namespace" not in fields:
            continue
        answers = []
        for user in ("ann", "nobody"):
            request: Any = request_of(name, "")
            request.user_id = user
            answers.append(guarded.call(name, request, "fwt_shop"))
        if name != "ProfileService/LookupProfiles":
            assert answers[0].reason == "NAMESPACE_FORBIDDEN"
        assert answers[0] == answers[1], name


def test_a_namespace_is_checked_before_the_user_is(guarded: Guarded) -> None:
    """A foreign namespace is refused before anything else of a request is looked at, so that it costs the same."""
    guarded.write(guarded.entry("shop", "fwt_shop", RIGHTS, '["shop"]'))
    malformed = GetProfileRequest(user_id="", namespace="blog")
    assert guarded.call("ProfileService/GetProfile", malformed, "fwt_shop").reason == "NAMESPACE_FORBIDDEN"
    looked: list[Any] = []
    profiles = guarded.running.server._profiles
    profiles.profile_row = looked.append
    there = GetProfileRequest(user_id="ann", namespace="blog")
    assert guarded.call("ProfileService/GetProfile", there, "fwt_shop").reason == "NAMESPACE_FORBIDDEN"
    assert looked == []


def test_a_pause_is_known_in_its_namespace_alone(guarded: Guarded) -> None:
    """To callers of another one a paused user is as one who is not: neither resumed, nor told of, in the same words."""
    guarded.write(
        guarded.entry("all", ALL, RIGHTS),
        guarded.entry("other", "fwt_other", ["operate"], '["other"]'),
    )
    event = Event(event_id="1", user_id="ann", namespace="shop", type="view")
    assert not guarded.call(
        "ActivityService/RecordEvents", RecordEventsRequest(events=[event]), ALL
    ).is_denied
    paused = guarded.call("OperatorService/PauseUser", PauseUserRequest(user_id="ann", namespace="shop"), ALL)
    assert paused.code == grpc.StatusCode.OK
    for method in ("PauseUser", "ResumeUser"):
        answers = [
            guarded.call(
                f"OperatorService/{method}", PauseUserRequest(user_id=user, namespace="shop"), "fwt_other"
            )
            for user in ("ann", "nobody")
        ]
        assert answers[0].reason == "NAMESPACE_FORBIDDEN"
        assert answers[0] == answers[1]
    own = guarded.call(
        "OperatorService/ResumeUser", ResumeUserRequest(user_id="ann", namespace="other"), "fwt_other"
    )
    assert own.reason == "FIELD_INVALID"
    status = guarded.call("OperatorService/GetStatus", GetStatusRequest(), ALL)
    assert [one.user_id for one in GetStatusResponse.FromString(status.messages[0]).user_pauses] == ["ann"]


def test_a_namespace_of_any_length_is_refused_in_few_words(guarded: Guarded) -> None:
    """A megabyte sent as a namespace does not come back."""
    guarded.write(guarded.entry("shop", "fwt_shop", RIGHTS, '["shop"]'))
    answer = guarded.call(
        "ProfileService/GetProfile", GetProfileRequest(user_id="a", namespace="ö" * (1 << 20)), "fwt_shop"
    )
    assert answer.reason == "NAMESPACE_FORBIDDEN"
    assert len(answer.details) < 300


def test_a_refused_lookup_does_not_end_the_stream(guarded: Guarded) -> None:
    """Of lookups in two namespaces the one is answered and the other refused, over one stream."""
    guarded.write(guarded.entry("shop", "fwt_shop", ["read"], '["shop"]'))
    requests = [
        LookupProfilesRequest(user_id="ann", namespace=space, lookup_id=number)
        for number, space in enumerate(["shop", "blog", "shop"])
    ]
    call = guarded.running.channel.stream_stream("/foreword.v1.ProfileService/LookupProfiles")(
        iter([request.SerializeToString() for request in requests]),
        timeout=PATIENCE_SECONDS,
        metadata=(("authorization", "Bearer fwt_shop"),),
    )
    answers = [LookupProfilesResponse.FromString(raw) for raw in call]
    assert [answer.HasField("refusal") for answer in answers] == [False, True, False]
    assert "blog" in answers[1].refusal.message


def test_a_decision_of_another_namespace_is_as_none(guarded: Guarded) -> None:
    """Whoever knows the id of another's decision can neither have it explained nor say what came of it."""
    pytest.importorskip("numpy")
    guarded.write(guarded.entry("shop", "fwt_shop", RIGHTS, '["shop"]'), guarded.entry("all", ALL, RIGHTS))
    with guarded.client(ALL) as client:
        ranked = client.rank("ann", [{"id": "a"}, {"id": "b"}], namespace="blog")
        assert client.explain_ranking(ranked.decision_id).decision.namespace == "blog"
    for name, kind in (
        ("RankingService/ExplainRanking", ExplainRankingRequest),
        ("RankingService/RecordFeedback", lambda **given: RecordFeedbackRequest(reward=1, **given)),
    ):
        foreign = guarded.call(name, kind(decision_id=ranked.decision_id), "fwt_shop")
        unknown = guarded.call(name, kind(decision_id="a" * 26), "fwt_shop")
        assert foreign.code is grpc.StatusCode.NOT_FOUND
        assert foreign.reason == unknown.reason == "DECISION_UNKNOWN"
    for named in ("ann", "bob"):
        # Nor, by naming somebody, whose it is.
        request = RecordFeedbackRequest(
            decision_id=ranked.decision_id, reward=1, user_id=named, namespace="blog"
        )
        assert guarded.call("RankingService/RecordFeedback", request, "fwt_shop").reason == "DECISION_UNKNOWN"
    with guarded.client(ALL) as client:
        assert client.feedback(ranked.decision_id, reward=1.0).accepted


def test_a_core_of_another_namespace_is_as_none(guarded: Guarded) -> None:
    """A core's id does not lead to it from another namespace, whether to read it, to word it or to remove it."""
    guarded.write(guarded.entry("shop", "fwt_shop", RIGHTS, '["shop"]'), guarded.entry("all", ALL, RIGHTS))
    text = "# Returns\n\nWithin 30 days."
    with guarded.client(ALL) as client, guarded.client("fwt_shop", namespace="shop") as shop:
        core = client.put_core(text, question="How do returns work?", namespace="blog").core
        assert not shop.get_core(core_id=core.core_id).core.core_id
        gone = shop.invalidate(core_id=core.core_id)
        assert not gone.core_count
        assert client.get_core(core_id=core.core_id, namespace="blog").core.core_id == core.core_id


def test_a_page_of_users_goes_no_further_than_its_namespace(guarded: Guarded) -> None:
    """Listing users takes a namespace from a caller of one, and a page's token leads nowhere else."""
    guarded.running.put("ann")
    guarded.write(guarded.entry("shop", "fwt_shop", RIGHTS, '["shop"]'), guarded.entry("all", ALL, RIGHTS))
    assert guarded.call("OperatorService/ListUsers", ListUsersRequest(), "fwt_shop").reason == (
        "NAMESPACE_FORBIDDEN"
    )
    with guarded.client("fwt_shop", namespace="shop") as client:
        assert not client.list_users().users


def test_a_made_up_place_tells_nothing_of_other_namespaces(guarded: Guarded) -> None:
    """A page or a watch that is to go on among users of another namespace is what it is without those users."""
    guarded.write(guarded.entry("shop", "fwt_shop", RIGHTS, '["shop"]'))
    zoe = keys.user_key("zoe", "shop")
    now_ms = guarded.running.now_ms
    with guarded.running.profiles.begin() as txn:
        revision = txn.put_profile(
            zoe,
            Profile(user_id="zoe", namespace="shop"),
            ForewordText(),
            computed_at_ms=now_ms,
            stale_after_ms=now_ms,
            expired_after_ms=now_ms,
            refresh_on_open=False,
        )
        txn.schedule(zoe, RefreshState(revision=revision))
    before = keys.user_key("a")
    listed = ListUsersRequest(namespace="shop")
    listed.page_token = page_token(listed, before)
    seen = Position(Place(0, 0), Snapshot(1 << 40, before)).token
    watched = WatchProfilesRequest(namespace="shop", resume_token=seen)

    def told() -> list[Any]:
        page = ListUsersResponse.FromString(
            guarded.call("OperatorService/ListUsers", listed, "fwt_shop").messages[0]
        )
        call = guarded.running.channel.unary_stream("/foreword.v1.ProfileService/WatchProfiles")(
            watched.SerializeToString(),
            timeout=PATIENCE_SECONDS,
            metadata=(("authorization", "Bearer fwt_shop"),),
        )
        messages = [WatchProfilesResponse.FromString(next(call)) for _ in range(2)]
        call.cancel()
        changes = [change.user_id for message in messages for change in message.changes]
        return [[user.user_id for user in page.users], changes]

    assert told() == [["zoe"], ["zoe"]]
    guarded.running.put("bob", with_state=True)
    assert told() == [["zoe"], ["zoe"]]


# -- callers come and go ------------------------------------------------------------------------------------------


def test_a_token_is_exchanged_without_a_failed_call(guarded: Guarded) -> None:
    """Under calls of four threads a new token is added, taken up from a file, and the old one removed: none fails."""
    file = guarded.file.with_name("token")
    file.write_text("fwt_old\n")
    old, new = guarded.entry("shop", "fwt_old", ["read"]), guarded.entry("shop", "fwt_new", ["read"])
    guarded.write(old)
    is_over = threading.Event()

    def calls() -> int:
        count = 0
        while not is_over.is_set():
            client.text("ann")
            count += 1
        return count

    def some() -> None:
        """Let calls be made in the state of the moment."""
        codes = guarded.running.server._calls._methods["ProfileService.GetForeword"].codes
        begun = codes["OK"]
        until(lambda: codes["OK"] > begun + 20 or any(each.done() for each in running), "no calls were made")

    client = Foreword(guarded.running.address, raises=True, timeout_seconds=PATIENCE_SECONDS, token_file=file)
    with client, ThreadPoolExecutor(4) as pool:
        running = [pool.submit(calls) for _ in range(4)]
        try:
            some()
            guarded.write(old, new)
            some()
            anew = file.with_suffix(".anew")
            anew.write_text("fwt_new\n")
            anew.rename(file)
            some()
            guarded.write(new)
            some()
        finally:
            is_over.set()
        assert min(each.result(PATIENCE_SECONDS) for each in running) > 0
    answer = guarded.call("ProfileService/GetProfile", GetProfileRequest(user_id="a"), "fwt_old")
    assert dict(answer.metadata)["cause"] == "unknown"


@pytest.mark.parametrize(
    "break_file",
    [
        lambda file: file.write_text("[[callers"),
        lambda file: file.write_text(""),
        lambda file: file.write_text('[[callers]]\nname = "x"\n'),
        lambda file: file.write_bytes(b"\xff\xfe"),
        lambda file: file.chmod(0o644),
        lambda file: file.unlink(),
    ],
    ids=["no TOML", "empty", "half an entry", "no UTF-8", "open to others", "gone"],
)
def test_a_broken_callers_file_changes_nothing(guarded: Guarded, break_file: Callable[[Path], Any]) -> None:
    """A file that cannot be used leaves the former callers in force, and says so until it is mended."""
    good = guarded.file.read_text()
    break_file(guarded.file)
    with guarded.client(ALL) as client:

        def problems() -> dict[str, str]:
            return {problem.component: problem.message for problem in client.status().problems}

        until(lambda: "sidecar.access" in problems(), "the broken file was not noticed")
        assert str(guarded.file) in problems()["sidecar.access"]
        assert "fwt_" not in problems()["sidecar.access"]
        guarded.write(good)
        until(lambda: "sidecar.access" not in problems(), "the mended file was not noticed")


def test_a_callers_time_ends_by_the_clock(guarded: Guarded) -> None:
    """From the moment an entry names, its token is refused as expired; a moment before it is good."""
    ends_ms = guarded.running.now_ms + 60_000
    ends = datetime.fromtimestamp(ends_ms / 1000, UTC).isoformat()
    guarded.write(guarded.entry("shop", "fwt_shop", ["read"], more=f"expires = {ends}"))
    request = GetProfileRequest(user_id="ann")
    guarded.running.clock.advance(59_999)
    assert guarded.call("ProfileService/GetProfile", request, "fwt_shop").code is grpc.StatusCode.OK
    guarded.running.clock.advance(1)
    answer = guarded.call("ProfileService/GetProfile", request, "fwt_shop")
    assert (answer.code, dict(answer.metadata)["cause"]) == (grpc.StatusCode.UNAUTHENTICATED, "expired")


def test_a_watch_ends_when_its_callers_leave_does(guarded: Guarded) -> None:
    """Nothing more is told to a watcher whose entry is gone, though their call began with it."""
    shop, every = guarded.entry("shop", "fwt_shop", ["read"]), guarded.entry("all", ALL, RIGHTS)
    guarded.write(shop, every)
    call = guarded.running.channel.unary_stream("/foreword.v1.ProfileService/WatchProfiles")(
        WatchProfilesRequest(from_now=True).SerializeToString(),
        timeout=PATIENCE_SECONDS,
        metadata=(("authorization", "Bearer fwt_shop"),),
    )
    WatchProfilesResponse.FromString(next(call))
    guarded.write(every)
    guarded.running.put("ann")
    with pytest.raises(grpc.RpcError) as caught:
        list(call)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


# -- what is sent -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metadata", "cause"),
    [
        ((), "missing"),
        ((("authorization", "Bearer fwt_nobody"),), "unknown"),
        ((("authorization", f"Bearer {ALL}"), ("authorization", f"Bearer {ALL}")), "malformed"),
        ((("authorization", ALL),), "malformed"),
        ((("authorization", "Basic YTpi"),), "malformed"),
        ((("authorization", "Bearer "),), "malformed"),
        ((("authorization", f"Bearer {'x' * 513}"),), "malformed"),
        ((("authorization", f"Bearer {ALL} "),), "unknown"),
        ((("authorization", f"Bearer {digest_of(ALL)}"),), "unknown"),
        ((("authorization-bin", ALL.encode()),), "missing"),
    ],
)
def test_odd_tokens_are_refused_with_their_cause(guarded: Guarded, metadata: Any, cause: str) -> None:
    """Whatever comes in place of a token is refused, and neither it nor what is stored is repeated."""
    answer = guarded.call("OperatorService/GetStatus", b"", metadata=metadata)
    if cause == "unknown" and metadata[0][1].endswith(" "):
        # gRPC takes the space off the end, as HTTP says.
        assert not answer.is_denied or dict(answer.metadata)["cause"] == cause
        return
    assert (answer.code, dict(answer.metadata)["cause"]) == (grpc.StatusCode.UNAUTHENTICATED, cause)
    assert "x" * 20 not in answer.details
    assert digest_of(ALL) not in str(answer)


def test_letters_beyond_ascii_are_no_known_token(guarded: Guarded) -> None:
    """A client that sends what gRPC's own do not, raw bytes in a header, is refused as one whom nobody knows."""

    class Call:
        def invocation_metadata(self) -> Any:
            return (("authorization", "Bearer fwt_\xff\xe9\u2028"),)

    with pytest.raises(UnauthenticatedError) as caught:
        guarded.running.server._access.grant(RULES["ProfileService/GetProfile"], Call())
    assert caught.value.cause == "unknown"


def test_a_huge_token_costs_its_sender_the_call(guarded: Guarded) -> None:
    """64 KB of token are more than gRPC takes; the connection serves on."""
    answer = guarded.call(
        "OperatorService/GetStatus", b"", metadata=(("authorization", f"Bearer {'x' * 65_536}"),)
    )
    assert answer.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert guarded.call("OperatorService/GetStatus", b"", ALL).code is grpc.StatusCode.OK


def test_health_and_reflection_ask_nobody(guarded: Guarded) -> None:
    """Probes need no token, and neither does what stands in proto/ anyway."""
    assert guarded.running.health() == 1


def test_refusals_are_counted_by_cause(guarded: Guarded) -> None:
    """Each refusal counts once, under why."""
    guarded.call("OperatorService/GetStatus", b"")
    guarded.call("OperatorService/GetStatus", b"", "fwt_nobody")
    guarded.call("OperatorService/GetStatus", b"", TOKENS["read"])
    assert guarded.running.server._access._refused == {"missing": 1, "unknown": 1, "right": 1}


def test_an_address_that_does_not_ask_takes_no_notice(start: Any) -> None:
    """On loopback and unix sockets a token is neither needed nor looked at unless it is configured."""
    running = start()
    with Foreword(running.address, raises=True, token="fwt_whoever") as client:
        assert client.status().version


def test_the_client_says_which_right_is_missing(guarded: Guarded) -> None:
    """A refusal reaches the Python client as an error with its reason, and says what to do."""
    with guarded.client(TOKENS["read"]) as client, pytest.raises(ServiceError) as caught:
        client.record(event_id="e", user_id="ann", type="view")
    assert caught.value.reason == "RIGHT_MISSING"
    assert caught.value.metadata["right"] == "record"
    assert "read" in caught.value.hint
