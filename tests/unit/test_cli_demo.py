"""The demo's rules: what it reads, whom it shows, what it measures."""

from __future__ import annotations

import signal
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from foreword.cli.demo import movielens
from foreword.cli.demo.choice import contrasting, other_interest
from foreword.cli.demo.command import Interruption
from foreword.cli.demo.data import DemoData, next_session
from foreword.cli.demo.screen import Screen
from foreword.v1.event_pb2 import Event, Feedback
from foreword.v1.profile_pb2 import ContentPreferences, Profile, Provenance, TopicAffinity

_MEMBERS = {
    "inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t7\t5\t893286638\n2\t7\t2\t893286600\n",
    "item": "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
    '7\tBirds, The "1"\t1963\tHorror Film-Noir\n',
}


def _wheel(folder: Path) -> Path:
    path = folder / "recbole-1.2.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in _MEMBERS.items():
            archive.writestr(f"recbole/dataset_example/ml-100k/ml-100k.{name}", text)
    return path


def test_ratings_become_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rating is an event with title, genres and time; 4 and 5 are likes, 1 and 2 dislikes."""
    monkeypatch.setattr(movielens, "_download", _wheel)
    data = movielens.load_movielens(tmp_path)
    liked, disliked = data.events
    assert (liked.user_id, liked.item_id) == ("viewer-1", 'Birds, The "1" (1963)')
    assert list(liked.topics) == ["Horror", "Film-Noir"]
    assert (liked.feedback, disliked.feedback) == (Feedback.FEEDBACK_LIKE, Feedback.FEEDBACK_DISLIKE)
    assert data.as_of_ms == 893_286_638_000 + 3_600_000


def test_a_wheel_with_another_content_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read from a download whose checksum is not the known one."""

    class Done:
        returncode, stderr = 0, ""

    monkeypatch.setattr(movielens.subprocess, "run", lambda *_, **__: Done)
    _wheel(tmp_path)
    with pytest.raises(movielens.DataUnavailableError, match="SHA-256"):
        movielens.load_movielens(tmp_path)


def _profile(user: str, events: int, **scores: float) -> Profile:
    topics = [TopicAffinity(topic=topic, score=score) for topic, score in scores.items()]
    return Profile(
        user_id=user,
        content_preferences=ContentPreferences(high_affinity_topics=topics),
        provenance=Provenance(event_count=events),
    )


def test_the_two_shown_differ_most() -> None:
    """Of all users with a profile of their own, the pair with the least alike affinities is chosen."""
    profiles = [
        _profile("a", 9, x=0.9, y=0.1),
        _profile("b", 9, x=0.8, y=0.2),
        _profile("c", 9, y=0.1, z=0.9),
        Profile(user_id="d", is_default=True),
    ]
    assert {profile.user_id for profile in contrasting(profiles)} == {"a", "c"}
    assert [profile.user_id for profile in contrasting(profiles[:1])] == ["a"]
    assert contrasting([]) == []


def test_the_live_step_is_about_what_the_other_one_cares_for() -> None:
    """The topic of the live step is strong with the first user and not among the last one's strongest."""
    first, last = _profile("a", 9, x=0.9, y=0.8), _profile("b", 9, x=0.9, z=0.5)
    assert other_interest([first, last], ["x", "y", "z"]) == "y"
    assert other_interest([last], ["x", "w"]) == "w"
    assert other_interest([last], ["x"]) == "x"


def test_the_next_session_ends_and_happens_now() -> None:
    """Made-up events carry no time of their own, distinct ids, and a session's end at the end."""
    past = Event(user_id="b", type="rate", topics=["x"], event_id="1", text="t")
    past.time.FromSeconds(1)
    session = next_session("a", past, "z", 3)
    assert [event.type for event in session] == ["rate"] * 3 + ["session.end"]
    assert len({event.event_id for event in session}) == 4
    assert not any(event.HasField("time") for event in session)
    assert {event.user_id for event in session} == {"a"}


def test_users_and_topics_come_most_frequent_first() -> None:
    """The data lists its users and topics by how often they occur."""
    events = [Event(user_id=user, topics=[topic]) for user, topic in ("ax", "bx", "by")]
    data = DemoData("t", "", events, "people")
    assert (data.users, data.topics()) == (["b", "a"], ["x", "y"])


def test_a_swallowed_interruption_ends_the_next_step() -> None:
    """Ctrl-C within code that drops exceptions ends the demo at the next step."""
    interruption = Interruption()
    screen = Screen(silent=True, proceed=interruption.check)
    with screen.step("one", "One"):
        pass
    with suppress(KeyboardInterrupt):
        interruption.notice(signal.SIGINT, None)
    with pytest.raises(KeyboardInterrupt), screen.step("two", "Two"):
        pytest.fail("the step was begun")
