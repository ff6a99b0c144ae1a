"""Reading sentences of a text, and holding them against the raw counts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from evaluations.forms import Known
from evaluations.named import expected, sentences
from evaluations.raw_counts import Namespace, acts_of
from evaluations.truth import findings, read_form
from foreword.clock import DAY_MS
from foreword.v1.event_pb2 import Event

START_MS = 1_700_000_000_000


def made(
    user: str,
    topics: Sequence[str],
    count: int,
    *,
    event_type: str = "commit",
    day: int = 0,
    value: float | None = None,
    text: str = "",
    item: str = "",
) -> list[Event]:
    """Return so many events of a user, a minute apart, from a day on."""
    events = []
    for number in range(count):
        event = Event(
            event_id=f"{user}-{day}-{'-'.join(topics)}-{number}",
            user_id=user,
            type=event_type,
            topics=topics,
            text=text,
            item_id=item,
            attributes={"repo": "shop"},
        )
        event.time.FromMilliseconds(START_MS + day * DAY_MS + number * 60_000)
        if value is not None:
            event.value = value
        events.append(event)
    return events


def known(*parts: list[Event]) -> Known:
    """Return what is known of the first part's user."""
    namespace = Namespace()
    namespace.add(acts_of(event for part in parts for event in part))
    return Known(namespace.users[parts[0][0].user_id], namespace)


CODING = (
    made("ann", ["api", "python"], 30),
    made("ann", ["queue"], 3, day=199, text="Retry jobs of the queue", item="shop/queue/retry.py"),
    made("ann", ["api", "tests"], 9, day=201),
    made("bob", ["queue"], 9),
    made("bob", ["docs"], 9, day=2),
)
RATING = (
    made("ann", ["Drama"], 5, event_type="rate", value=5),
    made("ann", ["War"], 5, event_type="rate", value=2),
)
OFFERS = (
    made("ann", ["loops"], 8, event_type="suggestion.rejected"),
    made("ann", ["maps"], 1, event_type="suggestion.rejected", day=1),
    made("ann", ["maps"], 3, event_type="suggestion.accepted", day=2),
)
SHAPES = [
    (CODING, "Knows Python well.", ""),
    (CODING, "Knows Python deeply.", "Python: 30 of 42 events"),
    (CODING, "Also in tests.", ""),
    (CODING, 'As of June 2024, developer on "shop" in APIs (39 of 42 commits), "queue" and tests.', ""),
    (CODING, 'As of June 2024, developer on "shop" in APIs (39 of 43 commits).', "APIs: 39 of 42 events"),
    (CODING, 'As of May 2024, developer on "shop" in APIs.', "last active in June 2024"),
    (CODING, 'As of June 2024, developer on "shop" in tests (new, 9 of the last 12 commits).', ""),
    (CODING, 'As of June 2024, developer on "shop" in "queue" (3 of the last 5 commits).', "queue: 0 to 0"),
    (CODING, 'As of June 2024, developer on "shop" (42 commits).', ""),
    (CODING, 'Turned to "queue" (3 of the last 12 commits).', ""),
    (CODING, 'No "queue" since May 2024.', ""),
    (CODING, 'No "queue" since March 2024.', "queue: last in"),
    (CODING, "Back since May 2024 after 7 months away.", ""),
    (CODING, "Back since May 2024 after 3 months away.", "away for 199 days"),
    (CODING, 'New to "queue" and tests.', "tests: 9 events"),
    (CODING, 'More in "queue" than other users.', "7.1% of the user's events"),
    (CODING, 'Lately in "retry.py", on "retry jobs".', ""),
    (CODING, 'Lately in "cellar.py".', "cellar.py: in 0 texts"),
    (CODING, 'Nearly always in the repository "shop".', ""),
    (RATING, "Rates 3.5 on average: Drama 5.0; War 2.0.", ""),
    (RATING, "Rates 3.5 on average: Drama 4.5.", "Drama: mean rating 5.0"),
    (
        RATING,
        "As of November 2023, watches films: Drama (5 of 10 ratings, rated 5.0) and War (rated 2.0).",
        "",
    ),
    (RATING, "As of November 2023, watches films: War (rated 2.4).", "War: mean rating 2.0"),
    (OFFERS, 'Rejects 9 of 12 suggestions; more in "loops" (8 of 8); fewer in "maps" (1 of 4).', ""),
    (OFFERS, "Accepts 3 of 11 suggestions.", "3 of 12"),
    (CODING, 'As of June 2024, developer on "cellar" in APIs.', "cellar: said by 0"),
    (CODING, 'Turned to "cellar".', "cellar: 0 of 42 events"),
    (RATING, "Skip War.", "0 of 5 events against it"),
]


@pytest.mark.parametrize(("events", "sentence", "reason"), SHAPES)
def test_a_sentence_is_contradicted_by_the_counts_or_not(
    events: Sequence[list[Event]], sentence: str, reason: str
) -> None:
    """What the counts bear out passes, and what they do not is named with the count."""
    found = [row for row in findings(sentence, known(*events)) if row.fault != "useless"]
    assert {row.fault for row in found} == ({"contradicted"} if reason else set())
    assert all(reason in row.reason for row in found[:1])


def test_a_sentence_of_no_form_is_unread() -> None:
    """A form that nobody taught the reader is no silent pass."""
    assert [row.fault for row in findings("Likes long walks.", known(*CODING))] == ["unread"]


def test_the_frame_is_no_sentence() -> None:
    """The first line of a text claims nothing."""
    text = "About this user (background from past activity; may be outdated)\nAlso in tests."
    assert [row for row in findings(text, known(*CODING)) if row.fault != "useless"] == []


def test_naming_a_topic_again_is_useless() -> None:
    """One claim for each topic: a second sentence about it takes room and may disagree with the first."""
    text = 'Also in "queue".\nMore in "queue" than other users.'
    rows = list(findings(text, known(made("ann", ["queue"], 5), made("bob", ["docs"], 5))))
    assert [(row.fault, row.reason) for row in rows] == [("useless", "names queue again")]


def test_what_everybody_does_is_useless() -> None:
    """That somebody knows what nine of ten know tells nobody apart."""
    everybody = [made(f"user-{number}", ["python"], 9) for number in range(20)]
    (row,) = findings("Works with Python.", known(*everybody))
    assert (row.fault, row.reason) == ("useless", "nearly everybody has Python")


def test_windows_end_at_the_last_act() -> None:
    """ "Lately" is the user's own time: who left years ago was lately at what they did last."""
    left = known(
        made("ann", ["api"], 90), made("ann", ["queue"], 20, day=300), made("bob", ["api"], 5, day=3000)
    )
    assert list(findings('Turned to "queue".', left)) == []


def test_names_are_read_out_of_a_text_in_its_order() -> None:
    """Quoted names and ours count, each once; what is turned away from is not expected."""
    text = 'Turned to "bees", Python and "bees".\nRates 3.5 on average: War 4.0; Drama 3.0.\nSkip "ads".'
    assert expected(text) == ["bees", "Python", "War"]


def test_a_full_stop_within_a_name_ends_no_sentence() -> None:
    """A name may hold a full stop and a capital."""
    assert list(sentences('Skip "Mr. Robot" and "A. B".')) == ['Skip "Mr. Robot" and "A. B".']
    assert list(sentences("Wants short answers. Skip War.")) == ["Wants short answers.", "Skip War."]


def test_every_form_is_told_by_its_words() -> None:
    """The name in a sentence never decides by which form it is read."""
    for name in ("Go", '"lately mostly"', '"Skip this"'):
        read = read_form(f"Skip {name}.")
        assert read is not None
        assert read[0].check.__name__ == "skip"
