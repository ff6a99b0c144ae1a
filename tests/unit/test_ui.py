"""What the operators' pages stand on: addresses, words, drawings, marks of forms, and who is turned away."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from foreword import keys
from foreword.cli.settings import Settings
from foreword.cli.ui import words
from foreword.cli.ui.charts import HEIGHT, WIDTH, bar_shares, curve, day_bars
from foreword.cli.ui.forms import Forms
from foreword.cli.ui.notices import Notice, Notices
from foreword.cli.ui.serving import Access, address_of, check, hosts_of, is_loopback, parse_listen
from foreword.cli.ui.store import Store
from foreword.clock import ManualClock
from foreword.errors import FieldError
from foreword.server_token import ServerToken
from foreword.store import ActivityWriter
from foreword.store.decision_key import decision_key
from foreword.v1.ranking_pb2 import RankingDecision

DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (40, "40 ms"),
        (59_000, "59 s"),
        (61_000, "1 min 1 s"),
        (7_260_000, "2 h"),
        (DAY_MS + 3_600_000, "1 d 1 h"),
    ],
)
def test_a_span_is_told_in_its_largest_unit(milliseconds: int, text: str) -> None:
    """Of one unit the next one is told too, of more it tells nobody anything."""
    assert words.span_text(milliseconds) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.5, "50.0 %"), (0.0001, "< 0.1 %"), (0.99999, "> 99.9 %")],
)
def test_almost_all_never_reads_as_all(share: float, text: str) -> None:
    """One expired user of a million is not 100 % fresh."""
    assert words.percent_text(share) == text


def test_a_link_keeps_every_byte_of_an_id() -> None:
    """What an id holds is encoded, and what is not said is left out."""
    assert words.link("/user", id="a/b?c&d\n\x00é", namespace="") == "/user?id=a%2Fb%3Fc%26d%0A%00%C3%A9"
    assert words.link("/users", failed=True, further=False) == "/users?failed=1"


@pytest.mark.parametrize(
    ("uri", "followed"),
    [
        ("https://help.example/a", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example", False),
        ("http://[", False),
        ("https://a.example/\u202e", False),
        ("docs/a.md", False),
    ],
)
def test_only_addresses_of_the_web_are_followed(uri: str, followed: bool) -> None:
    """A source may name anything; only http and https become links."""
    assert bool(words.web_address(uri)) is followed


def test_no_count_is_too_small_to_be_seen() -> None:
    """A bar has all its parts, in order, and is as long as it is."""
    shares = bar_shares([("fresh", 999_999), ("stale", 0), ("expired", 1)])
    assert [share.name for share in shares] == ["fresh", "expired"]
    assert shares[1].width > 0.9
    assert shares[1].begin + shares[1].width == pytest.approx(100, abs=0.01)
    assert bar_shares([("fresh", 0)]) == []


def test_days_without_cost_have_bars_of_no_height() -> None:
    """The highest day fills the drawing, and days of nothing divide nothing."""
    assert [bar.height for bar in day_bars([("a", 0), ("b", 5), ("c", 10)])] == [0, 50, 100]
    assert [bar.height for bar in day_bars([("a", 0)])] == [0]


@pytest.mark.parametrize(
    "rows",
    [
        [("1", 0.0, 0.0)],
        [("1", 5.0, 100.0), ("2", 5.0, 100.0)],
        [("1", 1e-6, 12.0), ("2", 3e6, 99.9)],
        [("a", 10.0, 50.0), ("b", 20.0, 60.0), ("c", 15.0, 55.0)],
    ],
)
def test_a_curve_stays_within_its_drawing(rows: list[tuple[str, float, float]]) -> None:
    """Points, marks and labels are in the drawing, whatever the figures; the least x comes first."""
    drawn = curve(rows)
    assert all(0 <= point.x <= WIDTH and 0 <= point.y <= HEIGHT for point in drawn.points)
    assert [point.x for point in drawn.points] == sorted(point.x for point in drawn.points)
    assert 1 <= len(drawn.across) <= 8
    assert all(0 <= tick.at <= WIDTH for tick in drawn.across)
    assert all(0 <= tick.at <= HEIGHT for tick in drawn.up)


def test_a_mark_is_of_one_form_and_one_process() -> None:
    """The mark of a form fits no other address, and none from before a restart."""
    forms = Forms(b"secret")
    assert forms.token("/user/erase?id=a") == Forms(b"secret").token("/user/erase?id=a")
    assert forms.token("/user/erase?id=a") != forms.token("/user/erase?id=b")
    assert forms.token("/a") != Forms().token("/a") != Forms().token("/a")


def test_a_notice_is_shown_once() -> None:
    """Loading a page again does not say again what was done; of many that nobody sees the oldest go."""
    notices = Notices()
    names = [notices.keep(Notice(str(number), is_good=True)) for number in range(300)]
    assert notices.take(names[0]) is None
    assert notices.take(names[-1]) == Notice("299", is_good=True)
    assert notices.take(names[-1]) is None
    assert notices.take("made-up") is None


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("::1", True), ("0.0.0.0", False),
     ("::", False), ("192.0.2.1", False), ("localhost.example", False)],
)  # fmt: skip
def test_loopback_is_told_from_the_rest(host: str, loopback: bool) -> None:
    """Only addresses of this machine alone need no token."""
    assert is_loopback(host) is loopback


def test_a_page_for_other_machines_needs_a_token() -> None:
    """Without one it is refused before the port is taken, with what to do; with one it is served under its names."""
    with pytest.raises(FieldError, match="--page-token-file FILE"):
        check(Access(parse_listen("0.0.0.0:7465")))
    access = Access(
        parse_listen("192.0.2.1:443"),
        ("Ops.example",),
        ServerToken("x" * 16, "it", logging.getLogger("it")),
        Path("c"),
        Path("k"),
    )
    check(access)
    assert hosts_of(access, 443) == ["192.0.2.1", "192.0.2.1:443", "ops.example", "ops.example:443"]
    assert address_of(access, 443) == "https://192.0.2.1:443/"
    assert hosts_of(Access(parse_listen("[::1]:7465")), 7465) == [
        "127.0.0.1:7465",
        "[::1]:7465",
        "localhost:7465",
    ]


@pytest.mark.parametrize(
    "access",
    [
        Access(parse_listen("unix:/tmp/page")),
        Access(parse_listen("127.0.0.1:1"), certificate_file=Path("c")),
        Access(parse_listen("127.0.0.1:1"), key_file=Path("k")),
    ],
)
def test_half_of_what_is_needed_is_refused(access: Access) -> None:
    """A socket that browsers cannot read, and a certificate without its key, are named."""
    with pytest.raises(FieldError, match=r"^--"):
        check(access)


def test_the_newest_decisions_of_a_busy_user_are_shown(tmp_path: Path) -> None:
    """Of a user with more logged decisions than a page looks through, the last ones are shown, newest first."""
    user = keys.user_key("busy")
    with closing(ActivityWriter(tmp_path, map_size_bytes=1 << 26)) as writer, writer.begin() as txn:
        for ms in range(10_100):
            row = RankingDecision(user_id="busy")
            row.time.FromMilliseconds(ms)
            txn.ranking.put_decision(decision_key(user, ms, 1), row)
    store = Store(cast(Settings, SimpleNamespace(address="", directory=tmp_path)), ManualClock(0))
    shown = store.newest_decisions(user, 3)
    assert [one.time.ToMilliseconds() for one in shown] == [10_099, 10_098, 10_097]
