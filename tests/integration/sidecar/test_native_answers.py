"""The native front and the sidecar behind it, asked the same: every answer, error and trailer is the same."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import pairwise
from typing import Any, NamedTuple

import grpc
import pytest
from scraping import Scrape
from waiting import PATIENCE_SECONDS

from foreword import keys
from foreword.defaults import default_foreword
from foreword.frames import BRIEF, GENERAL, GENERAL_QUOTING, PLAIN, QUOTING
from foreword.store import databases as db
from foreword.tokens import count_line_tokens, count_tokens
from foreword.v1.event_pb2 import Event
from foreword.v1.profile_pb2 import Profile, Segment
from foreword.v1.profile_service_pb2 import (
    BatchGetProfilesRequest,
    GetForewordRequest,
    GetProfileRequest,
    LookupProfilesRequest,
)
from sidecar import metrics
from sidecar.front_door import SIDECAR_SOCKET, front_folder
from sidecar.status import REQUEST_ID

pytestmark = pytest.mark.parametrize("path", ["native"], indirect=True)

SERVICE = "/foreword.v1.ProfileService/"
REQUESTS = 600
STREAMS = 150
COUNTED_REQUESTS = 200
COUNTED_STREAMS = 50
# A segment that nobody else is of.
MARKER = 19
LINES = ("Backend engineer.", "Now: tests.", "Wants short answers.")
FRAMES = {
    "plain": PLAIN,
    "quoting": QUOTING,
    "general": GENERAL,
    "general quoting": GENERAL_QUOTING,
    "brief": BRIEF,
}
USERS = (
    "fresh", "stale", "expired", "dormant", "default", "parts", "own", "damaged", "lost", "leaver", "counted", "nobody",
    "é", "x" * 256, *FRAMES,
)  # fmt: skip
ODD = (
    b"",
    b"\x0a",
    b"\x0a\x05ab",
    b"\x0a\x01\xff",
    b"\x0d\0\0\0\0",
    b"\xff" * 20,
    b"\x0a\x03ann\x7a\x01x",
    b"\x08\x01",
)


class Answer(NamedTuple):
    """All that a caller sees of a call."""

    body: bytes | None
    code: grpc.StatusCode
    message: str
    metadata: list[tuple[str, Any]]
    trailers: list[tuple[str, Any]]


class Stream(NamedTuple):
    """All that a caller sees of a stream."""

    bodies: list[bytes]
    code: grpc.StatusCode
    message: str
    metadata: list[tuple[str, Any]]
    trailers: list[tuple[str, Any]]


class Doors(NamedTuple):
    """The way through the front, and the sidecar's own socket behind it."""

    front: grpc.Channel
    sidecar: grpc.Channel

    def both(self, method: str, request: bytes, timeout: float = PATIENCE_SECONDS) -> tuple[Answer, Answer]:
        """Return what each says to a request."""
        return self.ask(self.front, method, request, timeout), self.ask(
            self.sidecar, method, request, timeout
        )

    def both_streams(
        self, requests: list[bytes], metadata: tuple[tuple[str, str], ...] = ()
    ) -> tuple[Stream, Stream]:
        """Return what each answers to a stream of lookups."""
        return self.stream(self.front, requests, metadata), self.stream(self.sidecar, requests, metadata)

    @staticmethod
    def stream(
        channel: grpc.Channel, requests: list[bytes], metadata: tuple[tuple[str, str], ...] = ()
    ) -> Stream:
        """Return what one of them answers to a stream of lookups."""
        method = channel.stream_stream(SERVICE + "LookupProfiles")
        call = method(iter(requests), timeout=PATIENCE_SECONDS, metadata=((REQUEST_ID, "same"), *metadata))
        bodies: list[bytes] = []
        with suppress(grpc.RpcError):
            bodies.extend(call)
        return Stream(
            bodies,
            call.code(),
            call.details() or "",
            sorted(tuple(each) for each in call.initial_metadata() or ()),
            sorted(tuple(each) for each in call.trailing_metadata() or ()),
        )

    @staticmethod
    def ask(channel: grpc.Channel, method: str, request: bytes, timeout: float = PATIENCE_SECONDS) -> Answer:
        """Return what one of them says to a request."""
        call = channel.unary_unary(method)
        try:
            # An id of the caller's: the sidecar would give each of the two calls another.
            body, done = call.with_call(request, timeout=timeout, metadata=((REQUEST_ID, "same"),))
        except grpc.RpcError as exc:
            body, done = None, exc
        return Answer(
            body,
            done.code(),
            done.details() or "",
            sorted(tuple(each) for each in done.initial_metadata() or ()),
            sorted(tuple(each) for each in done.trailing_metadata() or ()),
        )


@pytest.fixture
def running(start: Any) -> Any:
    """A sidecar that serves metrics."""
    return start(start.config(telemetry={"sidecar_metrics_listen": "127.0.0.1:0"}))


@pytest.fixture
def doors(running: Any) -> Iterator[Doors]:
    """Both ways to a store with a user of each kind."""
    fill(running)
    behind = f"unix:{front_folder(running.store) / SIDECAR_SOCKET}"
    with (
        closing(grpc.insecure_channel(running.address)) as front,
        closing(grpc.insecure_channel(behind)) as sidecar,
    ):
        made = Doors(front, sidecar)
        # The sidecar looks for it now and then, the front at each call.
        nobody = GetProfileRequest(user_id="nobody").SerializeToString()
        running.eventually(
            lambda: len(set(map(str, made.both(SERVICE + "GetProfile", nobody)))) == 1,
            lambda: made.both(SERVICE + "GetProfile", nobody),
        )
        yield made


def fill(running: Any) -> None:
    """Write a user of each kind, and defaults of two namespaces."""
    now_ms = running.now_ms
    text = "\n".join(LINES)
    cuts = ((17, 7), (29, 12), (len(text), 20))
    running.put("fresh", text=text, cuts=cuts)
    running.put("stale", text=text, cuts=cuts, stale_after_ms=now_ms)
    running.put("expired", text=text, cuts=cuts, stale_after_ms=now_ms - 2, expired_after_ms=now_ms)
    running.put("dormant", refresh_on_open=True, segment=Segment.SEGMENT_DORMANT)
    running.put("default", is_default=True)
    running.put("own", segment=17)
    running.put("é", text="é" * 40, cuts=((80, 40),))
    running.put("x" * 256, semantic_summary="s" * 18_000)
    parts = tuple(("topic", f"Knows part {number} of it.") for number in range(8))
    text = "\n".join([*LINES, *(said for _, said in parts)])
    running.put("parts", text=text, cuts=((17, 7), (len(text.encode()), 90)), parts=parts)
    for user, frame in FRAMES.items():
        put_framed(running, user, frame)
    for user in ("damaged", "lost", "leaver"):
        running.put(user, text=text, cuts=cuts, with_state=True)
    environment = running.profiles.environment
    with environment.begin(write=True) as txn:
        user = keys.user_key("damaged")
        for name in (db.PROFILES, db.FOREWORDS):
            row = bytearray(txn.get(user, db=environment.handles[name]))
            row[-1] ^= 1
            txn.put(user, bytes(row), db=environment.handles[name])
            txn.delete(keys.user_key("lost"), db=environment.handles[name])
    running.client.record([Event(event_id="1", user_id="counted", type="view")])
    running.client.erase("leaver", wait_seconds=0.05)
    with running.profiles.begin() as txn:
        txn.put_defaults(Profile(semantic_summary="Someone new.", is_default=True), default_foreword())


def put_framed(running: Any, user: str, frame: str) -> None:
    """Write a text as a refresh does: a frame and parts, with cuts within the first of them."""
    beginning = "Knows tests well"
    said = (
        f"{beginning}, and takes short answers to long questions.",
        *(f"Part {number} é." for number in range(6)),
    )
    size, tokens = len(frame.encode()), count_tokens(frame)
    cuts = [(size + 1 + len(beginning), tokens + count_line_tokens(beginning))]
    for line in said:
        size, tokens = size + 1 + len(line.encode()), tokens + count_line_tokens(line)
        cuts.append((size, tokens))
    parts = tuple(("topic", line) for line in said)
    running.put(user, text="\n".join([frame, *said]), cuts=tuple(cuts), parts=parts)


def made_request(dice: random.Random) -> tuple[str, bytes]:
    """Return a method and a request, most of them in order."""
    method = dice.choice(("GetProfile", "GetForeword", "BatchGetProfiles"))
    if dice.random() < 0.1:
        return method, dice.choice(ODD)
    odd = {"user_id": dice.choice(("", "y" * 257)), "namespace": "n" * 65}
    request: Any
    namespace = dice.choice(("", "", "shop", "n" * 64))
    if method == "BatchGetProfiles":
        count = dice.choice((0, 1, 2, 7, 30, 1001))
        request = BatchGetProfilesRequest(user_ids=dice.choices(USERS, k=count), namespace=namespace)
        if dice.random() < 0.05:
            request.user_ids.append(odd["user_id"])
        return method, request.SerializeToString()
    kind = GetProfileRequest if method == "GetProfile" else GetForewordRequest
    request = kind(user_id=dice.choice(USERS), namespace=namespace)
    if dice.random() < 0.1:
        name = dice.choice(("user_id", "namespace"))
        setattr(request, name, odd[name])
    if method == "GetForeword":
        request.max_tokens = dice.choice((0, 200, 201, 1 << 31, dice.randrange(100), dice.randrange(100)))
        request.session_id = dice.choice(("", "", "", "s", "s" * 129))
    return method, request.SerializeToString()


def test_every_answer_is_the_sidecars(doors: Doors) -> None:
    """Over hundreds of drawn requests, in order or not, bytes, errors and metadata are those of the sidecar."""
    dice = random.Random(11)
    for _ in range(REQUESTS):
        method, request = made_request(dice)
        through, direct = doors.both(SERVICE + method, request)
        assert through == direct, (method, request)


def made_lookups(dice: random.Random) -> list[bytes]:
    """Return the requests of a stream, nearly all of them in order."""
    requests = []
    for _ in range(dice.choice((0, 1, 2, 20, 200))):
        request = LookupProfilesRequest(
            user_id=dice.choice(USERS),
            namespace=dice.choice(("", "", "shop", "n" * 64)),
            lookup_id=dice.choice((0, 1, 127, 128, dice.randrange(1 << 64))),
        )
        if dice.random() < 0.02:
            request.user_id = dice.choice(("", "y" * 257))
        requests.append(request.SerializeToString())
    if dice.random() < 0.2:
        requests.insert(dice.randrange(len(requests) + 1), dice.choice((*ODD, b"\x0a\x01a" * 400)))
    return requests


def test_every_stream_is_the_sidecars(doors: Doors) -> None:
    """Streams of drawn lookups, in order or not, have the sidecar's answers in its order, and its end."""
    dice = random.Random(12)
    for _ in range(STREAMS):
        requests = made_lookups(dice)
        through, direct = doors.both_streams(requests)
        assert through == direct, requests


def test_reads_count_alike_whoever_answers(running: Any, doors: Doors) -> None:
    """Drawn calls, in order or not, add the same to the counts of reads through the front as at the sidecar."""
    dice = random.Random(13)
    requests = [made_request(dice) for _ in range(COUNTED_REQUESTS)]
    streams = [made_lookups(dice) for _ in range(COUNTED_STREAMS)]
    running.put("marker", segment=MARKER)
    counts = [counted(running)]
    for channel in doors:
        for method, request in requests:
            doors.ask(channel, SERVICE + method, request)
        for lookups in streams:
            doors.stream(channel, lookups)
        counts.append(counted(running))
    through, direct = (after - before for before, after in pairwise(counts))
    assert through == direct
    assert {freshness for _, freshness in through} == {"fresh", "stale", "expired", "default"}


def counted(running: Any) -> Counter[tuple[str, ...]]:
    """Return what was counted of reads until now, but for the marker's."""
    # What the front noted is told then, and what was told stands on the page with a read that came after it.
    running.clock.advance(0)
    marks = (f"segment-{MARKER}", "fresh")
    before = reads(running)[marks]
    running.client.profile("marker")
    running.eventually(lambda: reads(running)[marks] > before, "the marker to be counted")
    found = reads(running)
    del found[marks]
    return found


def reads(running: Any) -> Counter[tuple[str, ...]]:
    """Return the counts that the page has, by segment and freshness."""
    return Counter(Scrape(running.server.metrics_address).values(metrics.READS))


@pytest.mark.parametrize(
    "metadata",
    [
        (("grpc-encoding", "gzip"),),
        (("grpc-encoding", "no-such"),),
        (("x-request-id", "b" * 200),),
        (("a", "b"),),
    ],
    ids=["compressed", "of an unknown encoding", "with an odd id", "with metadata"],
)
def test_streams_with_odd_metadata_are_the_sidecars(
    doors: Doors, metadata: tuple[tuple[str, str], ...]
) -> None:
    """What a caller says beside a stream changes as much or as little through the front."""
    requests = [LookupProfilesRequest(user_id="fresh").SerializeToString()] * 2
    through, direct = doors.both_streams(requests, metadata)
    assert through[:3] == direct[:3]


def test_lookups_in_order_are_the_fronts_own(running: Any, doors: Doors) -> None:
    """A stream without an odd lookup never reaches the sidecar."""
    running.clock.advance(0)
    before = running.client.status().front.answered
    requests = [
        LookupProfilesRequest(user_id="fresh", lookup_id=number).SerializeToString() for number in range(9)
    ]
    assert len(doors.both_streams(requests)[0].bodies) == 9
    running.clock.advance(0)
    assert running.client.status().front.answered == before + 1


@pytest.mark.parametrize(
    "method",
    ["/foreword.v1.ProfileService/NoSuch", "/no.such.Service/Call", "/foreword.v1.ProfileService/ListRevisions",
     "/grpc.health.v1.Health/Check", "/foreword.v1.UserDataService/EraseUser"],
)  # fmt: skip
def test_what_is_not_answered_is_handed_on(doors: Doors, method: str) -> None:
    """Other methods, and ones that do not exist, are answered by the sidecar."""
    through, direct = doors.both(method, b"")
    assert through == direct


def test_a_message_that_is_too_large_is_refused_in_the_same_words(running: Any, doors: Doors) -> None:
    """A request beyond sidecar.message_bytes_max gets gRPC's own refusal through the front."""
    through, direct = doors.both(SERVICE + "GetProfile", b"\x0a" + bytes(17 << 20))
    assert through.code == direct.code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert through == direct


def test_freshness_is_by_the_sidecars_clock(running: Any, doors: Doors) -> None:
    """When the sidecar's clock moves, so does the front's."""
    request = GetProfileRequest(user_id="fresh").SerializeToString()
    seen = []
    for _ in range(3):
        through, direct = doors.both(SERVICE + "GetProfile", request)
        assert through == direct
        seen.append(through.body[-1] if through.body else 0)
        running.clock.advance(86_400_000)
    assert seen == [1, 2, 3]


@pytest.mark.parametrize("request_", [GetProfileRequest(user_id="fresh"), BatchGetProfilesRequest(user_ids=["own"]),
    GetForewordRequest(user_id="plain"), GetForewordRequest(user_id="quoting", max_tokens=40)])  # fmt: skip
def test_answers_are_the_fronts_own(running: Any, doors: Doors, request_: Any) -> None:
    """What is in order is answered without the sidecar, cut to a budget or not, and the status says so."""
    running.clock.advance(0)
    before = running.client.status().front.answered
    method = type(request_).__name__.removesuffix("Request")
    for _ in range(10):
        doors.both(SERVICE + method, request_.SerializeToString())
    running.clock.advance(0)
    assert running.client.status().front.answered == before + 10
