"""docs/forewords.md shows what the code writes today."""

from __future__ import annotations

from pathlib import Path

from docs_script import docs_script
from shared_events import namespaces, needs_shared_data

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/forewords.md").read_text(encoding="utf-8")


def test_people_who_are_made_up_are_as_they_are_written_today() -> None:
    """Each of their sections is what the code makes of their events now; `make forewords` renews them."""
    module = docs_script("make_forewords")
    found = module.sections("made up", module.made_up())
    assert len(found) == 3
    assert [title for title, section in found.items() if section not in PAGE] == []


@needs_shared_data
def test_people_of_public_data_are_as_they_are_written_today() -> None:
    """Likewise the sections of those whose events are not part of the repository."""
    module = docs_script("make_forewords")
    wanted = {person.namespace for person in module.PEOPLE}
    found = {}
    for namespace, events in namespaces():
        if namespace in wanted:
            found |= module.sections(namespace, events)
    assert len(found) == 7
    assert [title for title, section in found.items() if section not in PAGE] == []


def test_there_are_ten() -> None:
    """The page has ten people, each with a text, a use and events."""
    assert PAGE.count("\n## ") == 10
    assert PAGE.count("```text") == 20
