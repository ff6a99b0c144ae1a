"""The operators' pages beside a real sidecar: what they show, what they refuse, and what they do."""

from __future__ import annotations

import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from page_visitor import Answer, Visitor, page_settings, visited
from waiting import PATIENCE_SECONDS, until

from foreword import keys
from foreword.cli.ui.serving import CONCURRENCY_MAX
from foreword.clock import DAY_MS, format_time_ms
from foreword.errors import ForewordError, ServiceError
from foreword.server_token import ServerToken
from foreword.v1.model_work_pb2 import ModelCall, ModelMode, ModelOutcome
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshOutcome, RefreshState

FAILED, WRITTEN = RefreshOutcome.REFRESH_OUTCOME_FAILED, RefreshOutcome.REFRESH_OUTCOME_WRITTEN
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e\x1b[31m"
PATHS = (
    "/",
    "/users",
    "/user?id=ada",
    "/cores",
    "/ranking",
    "/configuration",
    "/simulator",
    "/nowhere",
    "/user",
)


@pytest.fixture
def page(running: Any, tmp_path: Path) -> Iterator[Visitor]:
    """Somebody who looks at the page of a sidecar."""
    settings = page_settings(tmp_path, running.store, running.address)
    with visited(settings, clock=running.clock) as visitor:
        yield visitor


def schedule(running: Any, user_id: str, namespace: str = "", **state: Any) -> None:
    """Write the state of a user's refreshes as the scheduler does."""
    user = keys.user_key(user_id, namespace)
    with running.profiles.begin() as txn:
        txn.schedule(user, RefreshState(**state))
        if state.get("outcome") == FAILED:
            entry = LedgerEntry(
                user_key=user, outcome=FAILED, error=state["error"], started_ms=running.clock.now_ms()
            )
            txn.append_ledger(entry)


def counted(running: Any, page: Visitor, words: str) -> Answer:
    """Return the overview once it shows new counts: a status counts anew when its clock has moved, behind the pages."""
    running.clock.advance(10_000)
    answer: Answer = until(lambda: words in (found := page.get("/")).text and found, words)
    return answer


# -- what is shown --------------------------------------------------------------------------------------------


def test_the_overview_shows_what_the_status_says(running: Any, page: Visitor) -> None:
    """Users by segment and freshness, who fails and why, what is wrong and how long calls take, as gRPC tells them."""
    running.put("ada", with_state=True)
    running.put("bob", stale_after_ms=1, expired_after_ms=2, segment=Segment.SEGMENT_DORMANT)
    schedule(running, "bob", outcome=FAILED, failures=3, error="the vocabulary is gone", revision=2)
    answer = counted(running, page, "50.0 %")
    status = running.client.status()
    assert answer.status == 200
    assert 'href="/users?segment=dormant&amp;freshness=expired">1</a>' in answer.body
    assert 'href="/user?id=bob"' in answer.body
    assert "the vocabulary is gone" in answer.text
    assert status.problems
    assert all(problem.message in answer.text for problem in status.problems)
    assert "GetStatus" in answer.text


def test_spending_is_drawn_by_day(running: Any, page: Visitor) -> None:
    """What models cost today stands against the budget, and each of the newest days has its bar."""
    running.put("ada", with_state=True)
    now_ms = running.clock.now_ms()
    with running.profiles.begin() as txn:
        for number, ago_days in enumerate((0, 0, 3)):
            call = ModelCall(
                call_id=b"%04d" % number, user_key=keys.user_key("ada"), provider="anthropic", model="claude-haiku-4-5",
                mode=ModelMode.MODEL_MODE_MESSAGES, outcome=ModelOutcome.MODEL_OUTCOME_APPLIED,
                cost_pico_usd=2_000_000_000_000, started_ms=now_ms - ago_days * DAY_MS,
            )  # fmt: skip
            txn.model.end_call(call, now_ms - ago_days * DAY_MS)
    answer = counted(running, page, "40.0 % of 10.00 USD a day")
    assert "4.00 USD" in answer.text
    assert answer.body.count('<rect class="bar"') == 14
    assert re.findall(r"([\d-]+): ([1-9.0]+) USD</title>", answer.body)[-1] == ("2023-11-14", "4.000000")


def test_users_are_found_by_what_the_form_says(running: Any, page: Visitor) -> None:
    """Segment, freshness, failure, tenant and the beginning of the id each leave out the others."""
    running.put("ada", with_state=True)
    running.put("abel", stale_after_ms=1, expired_after_ms=2, with_state=True)
    schedule(running, "eve", "acme", outcome=FAILED, failures=2, error="too large")

    def found(query: str) -> list[str]:
        answer = page.get(f"/users?{query}")
        assert answer.status == 200
        return re.findall(r'<th scope="row"><a class="id" href="/user\?id=([a-z]+)', answer.body)

    assert found("") == ["ada", "abel", "eve"]
    assert found("begins=ab") == ["abel"]
    assert found("freshness=expired") == ["abel"]
    assert found("failed=1") == found("namespace=acme") == ["eve"]
    assert found("segment=active") == ["ada", "abel"]
    assert found("segment=active&freshness=expired&begins=x") == []
    assert "failed 2 times: too large" in page.get("/users").text


def test_pages_of_users_lead_on(running: Any, page: Visitor) -> None:
    """Each page has the next one's address, and together they have everybody once."""
    with running.profiles.begin() as txn:
        for number in range(120):
            txn.schedule(keys.user_key(f"u{number:03}"), RefreshState())
    path, seen = "/users?begins=u", []
    while path:
        answer = page.get(path)
        seen += re.findall(r'href="/user\?id=(u\d+)"><bdi>', answer.body)
        following = re.search(r'rel="next" href="([^"]*)"', answer.body)
        path = following[1].replace("&amp;", "&") if following else ""
    assert seen == [f"u{number:03}" for number in range(120)]


def test_a_user_is_shown_with_evidence_and_history(running: Any, page: Visitor) -> None:
    """The foreword, each revision with what changed, events with their topics, and why a refresh is due when."""
    running.client.record(event_id="e1", user_id="ada", type="read", item_id="a-book", topics=["pottery"])
    first = running.put("ada", text="Likes pottery.", cuts=((14, 4),))
    second = running.put("ada", text="Likes chess.", cuts=((12, 4),), with_state=True)
    answer = page.get("/user?id=ada")
    assert answer.status == 200
    assert f"Revision {second}" in answer.text
    assert "− Likes pottery. + Likes chess." in answer.text
    assert "a-book" in answer.text
    assert "1 events in all" in answer.text
    difference = page.get(f"/user/diff?id=ada&before={second}&after={first}")
    assert "− Likes chess. + Likes pottery." in difference.text


def test_names_in_a_reason_stay_as_they_are(
    running: Any, page: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence begins with a capital, and no letter of a name or a path in it becomes a small one."""

    def fail(*_arguments: Any, **_options: Any) -> None:
        raise ForewordError("nothing of MovieLens is in /srv/Store")

    monkeypatch.setattr("foreword.cli.ui.store.find", fail)
    assert "Nothing of MovieLens is in /srv/Store." in page.get("/user?id=ada").text


def test_a_long_history_does_not_hide_what_follows(
    running: Any, page: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many revisions the newest ten are shown, and the rest opened at a press; each can be gone back to."""
    monkeypatch.setattr(running.profiles, "_revisions_max", 13)
    for number in range(13):
        running.put("ada", text=f"Likes {number}.", cuts=((8, 4),), with_state=True)
    shown, _, opened = page.get("/user?id=ada").body.partition("<summary>3 earlier</summary>")
    assert re.findall(r"<h3>Revision (\d+)", shown) == [str(number) for number in range(13, 3, -1)]
    assert re.findall(r"<h3>Revision (\d+)", opened) == ["3", "2", "1"]
    assert (shown + opened).count("Roll back to it…") == 12


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_held_to_the_policy(page: Visitor, path: str) -> None:
    """No page may run script, load from elsewhere, stand in a frame or be stored, whether it is found or not."""
    answer = page.get(path)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers
    assert "<script" not in answer.body
    assert not re.search(r'(?:src|href|action)="(?!/|#)', answer.body)
    assert not re.search(r"\sstyle=|\son[a-z]+=", answer.body)
    assert '<main id="content"' in answer.body


def test_hostile_words_are_shown_and_not_obeyed(running: Any, page: Visitor) -> None:
    """Ids, forewords, events, failures and questions of any kind come as text, with nothing unseen in it."""
    user, space = HOSTILE[:200], HOSTILE[:48]
    running.put("eve", text=f"Likes {HOSTILE}.", cuts=((20, 4),), with_state=True)
    running.client.record(
        event_id="e", user_id="eve", type="view", item_id=HOSTILE, topics=["<b>"], text=HOSTILE
    )
    schedule(running, user, space, outcome=FAILED, failures=1, error=HOSTILE)
    core = "Answer <script>alert(1)</script><img src=x onerror=alert(2)>"
    running.client.put_core(core, question="What <b>is</b> it?")
    named = re.search(r'href="(/user\?id=%3Cscript[^"]*)"', page.get("/users").body)
    assert named is not None
    paths = [
        "/",
        "/users",
        "/user?id=eve",
        "/cores",
        named[1].replace("&amp;", "&"),
        f"/users?begins={'%3Cb%3E'}",
    ]
    for path in paths:
        answer = page.get(path)
        assert answer.status == 200, path
        assert "<script" not in answer.body, path
        assert "<img src=x" not in answer.body, path
        assert "<b>" not in answer.body, path
        assert "\u202e" not in answer.body, path
        assert "\x1b" not in answer.body, path
    assert "\\u202e" in page.get("/user?id=eve").text


@pytest.mark.parametrize(
    "user", ["a\nb", "\x00", "\r", " ", "\u202eevil", "x" * 256, "é" * 128, "a/../b", "?&=#"]
)
def test_every_id_there_can_be_is_found_again(running: Any, page: Visitor, user: str) -> None:
    """Control and bidi characters, 256 bytes and marks of addresses pass from the list to the user and its forms."""
    running.put(user, with_state=True)
    path = re.findall(r'<th scope="row"><a class="id" href="([^"]*)"', page.get("/users").body)
    answer = page.get(path[0].replace("&amp;", "&"))
    assert answer.status == 200
    assert "Revision 1" in answer.text
    assert "in force" in answer.text
    pressed = page.press(
        page.get(path[0].replace("/user?", "/user/erase?")), "Erase this user", name="somebody else"
    )
    assert pressed.status == 400
    assert "Nothing was erased" in pressed.text
    assert running.client.profile(user).profile.revision == 1


# -- what is refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/user", "user_id: found 0 bytes; allowed: 1 to 256 bytes of UTF-8"),
        (f"/user?id={'x' * 257}", "user_id: found 257 bytes; allowed: 1 to 256"),
        (f"/user?id=a&namespace={'x' * 65}", "namespace: found 65 bytes; allowed: at most 64"),
        ("/users?freshness=rotten", "freshness: found 'rotten'; allowed: fresh, stale, expired, default"),
        ("/users?failed=maybe", "failed: found 'maybe'; allowed: 1, or nothing"),
        ("/user/rollback?id=ada&revision=x", "revision: found 'x'; allowed: the number of a revision"),
        ("/user/rollback?id=ada&revision=9", "revision: found 9; allowed: one that is kept: 1"),
        ("/user/diff?id=ada&before=1&after=0", "after: found '0'"),
        ("/answer?id=zz", "answer_id: found 'zz'; allowed: 32 hexadecimal digits"),
        ("/pause?segment=nobodys", "segment: found 'nobodys'; allowed: active"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(
    running: Any, page: Visitor, path: str, says: str
) -> None:
    """What an address asks for that cannot be is said in a sentence, in the same layout."""
    running.put("ada", with_state=True)
    counted(running, page, "1 profiles")
    answer = page.get(path)
    assert answer.status == 400
    assert says in answer.text
    assert "Overview" in answer.text


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nope", 404), ("/static/../page.css", 404), ("/static/x", 404), ("/user/refresh", 405)],
)
def test_an_unknown_page_is_said_to_be(page: Visitor, path: str, status: int) -> None:
    """There is a page for what is not there."""
    answer = page.get(path)
    assert answer.status == status
    assert "To the overview" in answer.text


def test_a_wrong_token_of_a_page_is_refused_by_the_sidecar(page: Visitor) -> None:
    """What the sidecar refuses is shown in its words."""
    answer = page.get("/users?after=nonsense")
    assert "page_token" in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""])
def test_another_name_is_turned_away(page: Visitor, host: str) -> None:
    """Whoever made their name mean this machine is answered nothing (DNS rebinding)."""
    answer = page.get("/", Host=host.format(port=page.port))
    assert (answer.status, "Overview" in answer.body) == (421, False)
    assert page.get("/", Host=f"localhost:{page.port}").status == 200


def test_a_form_of_another_site_does_nothing(running: Any, page: Visitor) -> None:
    """Without our mark, with another form's, or from another site, a form is refused and nothing is done."""
    running.put("ada", with_state=True)
    form = page.get("/user?id=ada")
    marks = re.findall(r'name="token" value="([^"]*)"', form.body)
    target = "/user/refresh?id=ada"
    for fields, headers in (
        ({}, {}),
        ({"token": "é"}, {}),
        ({"token": marks[0]}, {"origin": "http://evil.example"}),
        ({"token": marks[0]}, {"origin": "null"}),
        ({"token": marks[0]}, {"sec_fetch_site": "cross-site"}),
    ):
        answer = page.post(target, fields, **headers)
        assert (answer.status, "nothing was done" in answer.text) == (403, True), (fields, headers)
    assert page.post("/user/refresh?id=bob", {"token": marks[0]}).status == 403
    assert page.post(target, {"token": marks[0]}, content_type="text/plain").status == 415
    assert page.post(target, {"token": "x" * 20_000}).status == 413
    assert running.triggers() == []


def test_who_only_connects_keeps_nobody_out(page: Visitor) -> None:
    """More connections than are served, on none of which anything is said, and the next visitor sees the page."""
    with ExitStack() as silent:
        for _ in range(CONCURRENCY_MAX + 20):
            silent.enter_context(socket.create_connection(("127.0.0.1", page.port), PATIENCE_SECONDS))
        assert page.get("/cores").status == 200


def test_whoever_has_the_token_looks(running: Any, tmp_path: Path) -> None:
    """As a browser asks for it and as programs send it; nobody else sees a word."""
    secret = "a-token-of-24-characters"
    file = tmp_path / "token"
    file.write_text(secret)
    token = ServerToken(file, "--page-token-file", logging.getLogger("it"))
    with visited(page_settings(tmp_path, running.store, running.address), token=token) as page:
        for given in (
            "",
            "Bearer wrong",
            "Basic bm90OmVub3VnaA==",
            "Basic !",
            "Digest x",
            f"Bearer {secret}x",
        ):
            answer = page.get("/", Authorization=given)
            assert answer.status == 401
            assert "Basic" in answer.headers["www-authenticate"]
            assert "Users" not in answer.body
        assert page.get("/", Authorization=f"Bearer {secret}").status == 200
        assert page.get("/", Authorization="Basic b3BzOmEtdG9rZW4tb2YtMjQtY2hhcmFjdGVycw==").status == 200
        file.write_text("damaged")
        assert page.get("/", Authorization=f"Bearer {secret}").status == 200
        file.write_text(f"{secret}-anew")
        assert page.get("/", Authorization=f"Bearer {secret}").status == 401
        assert page.get("/", Authorization=f"Bearer {secret}-anew").status == 200


# -- what is done ---------------------------------------------------------------------------------------------


def test_a_refresh_is_asked_for(running: Any, page: Visitor) -> None:
    """While no scheduler runs the request is on disk, and the page says what it waits for."""
    running.client.record([running.event("1", user_id="ada")])
    running.put("ada", with_state=True)
    answer = page.press(page.get("/user?id=ada"), "Refresh now")
    assert "no scheduler has run on this store yet" in answer.text
    asked = [trigger for trigger in running.triggers() if trigger.manual_ms]
    assert [keys.split_user_key(trigger.user_key) for trigger in asked] == [("ada", "")]


def test_segments_are_paused_and_resumed(running: Any, page: Visitor) -> None:
    """The question says how many it is; who resumes what somebody else resumed already is told so."""
    running.put("ada", with_state=True)
    counted(running, page, "1 profiles")
    question = page.get("/pause?segment=active")
    assert "1 user of this segment" in question.text
    paused = page.press(question, "Pause active")
    assert "Paused: the refreshes of active." in paused.text
    assert [pause.segment_name for pause in running.client.status().pauses] == ["active"]
    assert "Resumed: the refreshes of active." in page.press(paused, "Resume").text
    assert "somebody may have resumed it already" in page.press(paused, "Resume").text
    everybody = page.press(page.get("/pause"), "Pause all users")
    assert "Paused: the refreshes of all users." in everybody.text
    assert "Resumed" in page.press(everybody, "Resume all").text
    assert not running.client.status().pauses


def test_one_user_is_paused_and_resumed(running: Any, page: Visitor) -> None:
    """By one press, and by the same button; the page says since when, and who looks at all sees who is paused."""
    running.client.record([running.event("1", user_id="ada")])
    running.put("ada", with_state=True)
    running.put("bob", with_state=True)
    paused = page.press(page.get("/user?id=ada"), "Pause this user")
    assert "Paused: what comes due for ada waits until you resume them." in paused.text
    assert [one.user_id for one in running.client.status().user_pauses] == ["ada"]
    assert "paused by an operator: this user since" in paused.text
    assert "Pause this user" not in paused.text
    assert 'href="/user?id=ada"><bdi>ada</bdi></a> paused' in re.sub(
        r"\s+", " ", counted(running, page, "ada paused").body
    )
    assert page.get("/users").text.count("paused") == 1
    # Two who look at the same page, and press one after the other.
    resumed = page.press(paused, "Resume this user")
    assert "Resumed: what waited for ada goes on." in resumed.text
    assert "Pause this user" in resumed.text
    assert "somebody may have resumed them already" in page.press(paused, "Resume this user").text
    assert not running.client.status().user_pauses
    refused = page.press(page.get("/user?id=bob"), "Pause this user")
    assert "user_id: found 'bob'; allowed: a user of whom an event was recorded" in refused.text


def test_a_user_who_is_not_due_yet_can_be_resumed(running: Any, page: Visitor) -> None:
    """Before the first refresh the store says whether they are paused, for no list has them yet."""
    running.client.record([running.event("1", user_id="ada")])
    paused = page.press(page.get("/user?id=ada"), "Pause this user")
    assert "Resumed" in page.press(paused, "Resume this user").text
    assert not running.client.status().user_pauses


def test_a_rollback_is_not_made_on_what_nobody_saw(running: Any, page: Visitor) -> None:
    """When a revision came between the question and the answer, nothing is done, and the page says so."""
    first = running.put("ada", text="Likes pottery.", cuts=((14, 4),))
    running.put("ada", text="Likes chess.", cuts=((12, 4),), with_state=True)
    question = page.get(f"/user/rollback?id=ada&revision={first}")
    assert "Roll back ada to revision 1?" in question.text
    running.put("ada", text="Likes rowing.", cuts=((13, 4),), with_state=True)
    answer = page.press(question, "Roll back to revision 1")
    assert "Nothing was done: revision 3 came meanwhile" in answer.text
    assert running.triggers() == []


def test_two_operators_erase_one_user(running: Any, page: Visitor) -> None:
    """Both are told what became of it, and the user is unknown at once."""
    running.put("ada", with_state=True)
    question = page.get("/user/erase?id=ada")
    assert "Erase ada ?" in question.text
    answers: list[Answer] = []
    both = [
        threading.Thread(target=lambda: answers.append(page.press(question, "Erase this user", name=" ada ")))
        for _ in range(2)
    ]
    for each in both:
        each.start()
    until(running.triggers, "the erasure")
    while any(each.is_alive() for each in both):
        running.take_triggers()
        both[0].join(0.05)
        both[1].join(0.05)
    assert [answer.status for answer in answers] == [200, 200]
    assert all("Erased:" in answer.text for answer in answers)
    assert "Likes" not in page.get("/user?id=ada").text
    assert running.client.profile("ada").profile.revision == 0


# -- a sidecar that is not there ------------------------------------------------------------------------------


def test_what_is_known_is_shown_while_the_sidecar_is_down(running: Any, page: Visitor) -> None:
    """The newest counts with their age, and of a user what the store itself has; each page says that nobody answers."""
    running.put("ada", text="Likes pottery.", cuts=((14, 4),), with_state=True)
    counted(running, page, "1 profiles")
    running.server_stop()
    answer = until(lambda: (found := page.get("/")).text.count("does not answer") and found, "the news")
    assert "Counts on this page are as of" in answer.text
    assert "1 profiles" in answer.text
    user = page.get("/user?id=ada")
    assert user.status == 200
    assert "Likes pottery." in user.text
    assert "read from the store itself" in user.text
    listed = page.get("/users")
    assert listed.status == 200
    assert "No such user" not in listed.text
    assert page.press(user, "Refresh now").status == 503


def test_a_page_without_any_sidecar_says_how_to_start_one(tmp_path: Path) -> None:
    """Started first, the page works, and nothing it says is made up."""
    with visited(page_settings(tmp_path, tmp_path / "store", f"unix:{tmp_path}/nobody")) as page:
        for path, status in (
            ("/", 200),
            ("/users", 200),
            ("/user?id=ada", 200),
            ("/configuration", 200),
            ("/cores", 503),
        ):
            answer = page.get(path)
            assert answer.status == status, path
            assert "does not answer" in answer.text, path
            assert "foreword up" in answer.text, path
        assert "0 users" not in page.get("/").text


def test_a_store_that_cannot_be_read_either_says_nothing_of_a_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a sidecar and with a store of another version nobody is said to be served the default."""

    def refuse(*_arguments: Any) -> None:
        raise ForewordError("profiles.lmdb has schema 52; this Foreword reads up to 2")

    monkeypatch.setattr("foreword.cli.ui.store.Store.profile", refuse)
    with visited(page_settings(tmp_path, tmp_path / "store", f"unix:{tmp_path}/nobody")) as page:
        text = page.get("/user?id=ada").text
        assert "Nothing of this user can be shown meanwhile" in text
        assert "served the default" not in text


def test_a_sidecar_that_never_answers_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that takes a call and is silent is given a bounded time, and the page then says so."""
    monkeypatch.setattr("foreword.cli.ui.sidecar.CALL_SECONDS", 0.2)
    monkeypatch.setattr("foreword.cli.ui.sidecar.FIRST_STATUS_PATIENCE_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with visited(page_settings(tmp_path, tmp_path / "store", address)) as page:
            assert "still counting" in page.get("/").text
            assert page.get("/users").status == 200
            for path in ("/pause", "/pause?segment=active"):
                assert "nobody has counted yet" in page.get(path).text


def test_what_was_asked_of_a_sidecar_that_hangs_is_not_called_undone(
    page: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may go on with it later: the page says so, and gives no advice for whoever writes programs."""

    def hang(*_arguments: Any, **_options: Any) -> None:
        raise ServiceError("no answer within 3 s", reason="DEADLINE_EXCEEDED", hint="allow timeout_seconds")

    form = page.get("/user?id=ada")
    monkeypatch.setattr("foreword.client.Foreword.refresh", hang)
    pressed = page.press(form, "Refresh now")
    assert pressed.status == 503
    assert "it may be done all the same" in pressed.text
    assert "timeout_seconds" not in pressed.text


def test_another_machines_sidecar_is_shown_by_its_calls(running: Any, tmp_path: Path) -> None:
    """With --address no file is read that may be another store's: events come by export; what is missing is said."""
    running.client.record(event_id="e1", user_id="ada", type="read", item_id="a-book")
    running.put("ada", text="Likes pottery.", cuts=((14, 4),), with_state=True)
    settings = page_settings(tmp_path, tmp_path / "another", "127.0.0.1:1")
    settings.address = running.address
    with visited(settings, clock=running.clock) as page:
        answer = page.get("/user?id=ada")
        assert answer.status == 200
        assert "Likes pottery." in answer.text
        assert "a-book" in answer.text
        assert "read from the store's files, which are elsewhere" in answer.text
        assert "Run foreword ui where the store is" in page.get("/simulator").text


# -- other pages ----------------------------------------------------------------------------------------------


def test_a_core_is_shown_with_where_it_is_from(running: Any, page: Visitor) -> None:
    """Sections, caveats, tags and aliases are there, however the core is named; a missing one is said to be."""
    article = (
        "---\ntags: [help]\naliases:\n  - Can I get my money back?\n---\n# How do I return it?\n\nSend it back.\n\n"
        "## Send it\n\n1. Print the label.\n\n> [!WARNING]\n> Not after 30 days.\n"
    )
    running.client.put_core(article)
    listed = page.get("/cores")
    assert "How do I return it?" in listed.text
    path = re.search(r'href="(/core\?name=[0-9a-f]{32})"', listed.body)
    assert path is not None
    core = page.get(path[1])
    for words in (
        "Send it back.",
        "Print the label.",
        "Not after 30 days.",
        "help",
        "Can I get my money back?",
    ):
        assert words in core.text
    assert page.get("/core?name=How+do+I+return+it%3F").status == 200
    missing = page.get("/core?name=Who+knows%3F")
    assert (missing.status, "No such core" in missing.text) == (404, True)


def test_an_answer_is_explained(running: Any, page: Visitor) -> None:
    """How its core was found, of what its words were made, and the core with its sources behind it."""
    running.client.put_core("Send it back.", question="How do I return it?")
    with running.client.answer("ada", "How do I return it?") as answer:
        assert answer.text
        answer_id = answer.done.answer_id
    why = page.get(f"/answer?id={answer_id}")
    assert re.search(r'<link rel="stylesheet" href="/static/page.css\?v=[0-9a-f]+">', why.body)
    assert "the core of this question" in why.text
    assert "How do I return it?" in why.text
    assert page.get(f"/answer?id={'0' * 32}").status == 404


def test_an_order_is_explained(running: Any, page: Visitor) -> None:
    """What moved each action, for whom, and what was chance; the user's page leads there, and knows no other's."""
    running.client.record(event_id="e1", user_id="ada", type="read", topics=["tests"])
    ranking = running.client.rank("ada", ["long-answer", "short-answer"], context={"tool": "<b>editor</b>"})
    running.client.feedback(ranking.decision_id, accepted=False)
    assert f"/ranking?id={ranking.decision_id}" in page.get("/user?id=ada").body
    answer = page.get(f"/ranking?id={ranking.decision_id}")
    assert answer.status == 200
    for words in ("long-answer", "short-answer", "2 of 2 candidates", "tool = <b>editor</b>", "Exploration"):
        assert words in answer.text
    assert "<b>editor" not in answer.body
    assert page.get(f"/ranking?id={'a' * 26}").status == 404
    assert "to ada" in answer.text


def test_the_configuration_names_origins_and_no_secrets(running: Any, tmp_path: Path) -> None:
    """Each value comes with its line or variable; addresses that often hold keys are not shown."""
    more = '\n[telemetry]\nalert_webhook_url = "https://hooks.example/secret-key"\n'
    more += "\n[session]\nidle_timeout_seconds = 900\n"
    with visited(page_settings(tmp_path, running.store, running.address, more=more)) as page:
        answer = page.get("/configuration?changed=1")
        assert "foreword.toml:11" in answer.text
        assert "900" in answer.text
        assert "secret-key" not in answer.body
        assert "set, and not shown on a page" in answer.text
        assert "retry_base" not in answer.text
        (tmp_path / "foreword.toml").write_text("[session]\nidle = 1\n")
        broken = page.get("/configuration")
        assert "foreword.toml:2" in broken.text
        assert "go on with the last good file" in broken.text


@pytest.fixture
def simulate(running: Any, page: Visitor) -> Callable[..., Answer]:
    """Sends the simulator's form."""
    for number in range(12):
        running.client.record(
            event_id=f"e{number}", user_id="ada", type="read", topics=["chess"],
            time=format_time_ms(running.clock.now_ms() - (12 - number) * 20 * 3_600_000),
        )  # fmt: skip

    def send(**fields: str) -> Answer:
        asked = {"key": "session.idle_timeout_seconds", "values": "600,7200", "users": "50", "price": ""}
        return page.press(page.get("/simulator"), "Simulate", **(asked | fields))

    return send


def test_a_simulation_is_drawn(simulate: Callable[..., Answer]) -> None:
    """The form answers with a curve of a point for each value, and with the figures beside it."""
    answer = simulate()
    assert answer.status == 200
    assert answer.body.count("<circle") == 2
    assert "1 users over" in answer.text
    assert 'value="600,7200"' in answer.body


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"users": "0"}, "users: found '0'; allowed: a whole number, 1 to 5,000"),
        ({"users": "many"}, "users: found 'many'"),
        ({"price": "-1"}, "price: found '-1'; allowed: US dollars"),
        ({"price": "nan"}, "price: found 'nan'"),
        ({"key": "--help"}, "key: found '--help'; allowed: a section and a key"),
        ({"key": ""}, "key: found nothing"),
        ({"values": ",".join("1" * 13)}, "values: found 13 values; allowed: at most 12"),
        ({"key": "session.nope"}, "nope"),
        ({"values": "soon"}, "soon"),
    ],
)
def test_a_simulation_that_cannot_be_says_why(
    simulate: Callable[..., Answer], fields: dict[str, str], says: str
) -> None:
    """A field out of range is named, and so is what the configuration refuses; what was typed is still there."""
    answer = simulate(**fields)
    assert answer.status == 400
    assert says in answer.text
    assert answer.body.count("<circle") == 0
