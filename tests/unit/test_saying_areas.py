"""Which topics a foreword names first."""

from __future__ import annotations

from collections.abc import Sequence

from tests.one_refresh import event, run


def said(*topics: Sequence[str]) -> list[str]:
    """Return the lines below the frame after 30 commits, which take turns in these topics."""
    events = [
        event(number, number * 2, topics[number % len(topics)], type="commit", item_id=f"src/a{number}.py")
        for number in range(30)
    ]
    return run(events).foreword.text.split("\n")[1:]


def test_the_lead_is_in_the_order_of_the_profile_with_kinds_of_file_and_without_languages() -> None:
    """What a developer is likeliest to be on next may be documentation; in what language is said apart."""
    lead, known = said(["documentation", "python"], ["documentation", "worker", "python"])[:2]
    assert lead.endswith('developer in documentation (30 of 30 commits) and "worker".')
    assert known == "Knows Python well."


def test_topics_of_one_name_are_named_once() -> None:
    """A folder `docs` and the kind of its files are both called documentation."""
    assert (
        "\n".join(said(["documentation", "docs"], ["documentation", "docs", "worker"])).count("documentation")
        == 1
    )


def test_what_else_there_is_comes_before_files() -> None:
    """A small budget names topics, of which more come again than of files."""
    lines = said(["a", "b"], ["c", "d"], ["e", "a"])
    rest = next(place for place, line in enumerate(lines) if line.startswith("Also in "))
    assert rest < next(place for place, line in enumerate(lines) if line.startswith("Lately in "))
