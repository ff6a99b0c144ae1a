"""Writes docs/wrappers.md: ten answers in the words that three kinds of user read, by today's code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

# One refresh of a user is the tests' own.
from one_refresh import run

from evaluations.events import sorted_events
from foreword.defaults import default_profile
from foreword.importers import CsvRows, parse_mapping
from foreword.v1.answer_pb2 import AppliedStyle
from foreword.v1.core_pb2 import Core, CoreSection, SectionKind
from foreword.v1.profile_pb2 import Depth, Length, Profile
from tiering.compose import Composed, compose, word_count
from tiering.markdown import core_from_markdown
from tiering.style import style_of

TARGET = Path(__file__).with_name("wrappers.md")
_ROOT = Path(__file__).parents[1]
_ARTICLES = _ROOT / "examples" / "help-centre"
_MADE_UP = _ROOT / "tests" / "data" / "made_up"
_LOCALE = "en"
_DEPTHS = ("overview", "standard", "deep")

QUESTIONS = (
    "refund-a-payment",
    "webhooks",
    "send-an-invoice",
    "api-limits",
    "reset-a-password",
    "sales-tax",
    "import-customers",
    "two-step-sign-in",
    "export-everything",
    "change-the-plan",
)

_INTRODUCTION = """\
# Ten answers, each for three kinds of user

<!-- Written by docs/make_wrappers.py; `make wrappers` renews it, and a test says when it is out of date. -->

One core answers a question for everybody; code puts it into words for each style, without a model and in some 50 µs.
The cores here are articles of [examples/help-centre](../examples/help-centre), split by rule. The facts and the caveats
are everybody's; what differs is how much is said, in which order, and with which example.

- **Sections** are taken until the words of the length are used up (120, 320 or 1,200, caveats and sources not counted):
  what the article begins with and steps first, background last. Each is whole, at the depth that is wanted or the
  nearest one; what has no room at that depth is tried at a lesser one. An overview has no background.
- **Order** is the article's, with what the user's emphasis names before all else.
- **Examples** are of the user's domains. Where the article has none of these its first one is shown, but not in a short
  answer.
- **Caveats** are always all there: behind the lead where there are steps or headings, else at the end.
- **Headings** stand where there are at least 180 words to divide; **sources** where all of it is wanted.

The profiles are what `extractive` wrote of the events in `tests/data/made_up`, not made for the purpose:

"""


class Reader(NamedTuple):
    """Who reads the answers.

    Attributes:
        name: What the page calls them.
        profile: What is known of them.
    """

    name: str
    profile: Profile

    @property
    def style(self) -> AppliedStyle:
        """How answers are presented to them."""
        return style_of(self.profile, _LOCALE)


def readers() -> list[Reader]:
    """Return the three, with profiles that are computed from their events."""
    return [
        Reader("A shopkeeper", _profile("shopkeeper")),
        Reader("A developer", _profile("integrator")),
        Reader("An unknown user", default_profile()),
    ]


def cores() -> list[Core]:
    """Return the cores of the articles on the page."""
    return [core_from_markdown((_ARTICLES / f"{name}.md").read_text(encoding="utf-8")) for name in QUESTIONS]


def page() -> str:
    """Return the whole page."""
    shown = readers()
    styles = _table(
        ["", *(reader.name for reader in shown)],
        ["Events", *(f"{reader.profile.provenance.event_count}" for reader in shown)],
        ["Depth", *(Depth.Name(reader.style.depth)[len("DEPTH_") :].lower() for reader in shown)],
        ["Length", *(Length.Name(reader.style.length)[len("LENGTH_") :].lower() for reader in shown)],
        ["Tone", *(reader.style.tone for reader in shown)],
        ["Domains", *(", ".join(reader.style.example_domains) or "–" for reader in shown)],
        ["Emphasis", *(", ".join(reader.style.emphasis) or "–" for reader in shown)],
    )
    return "\n".join([_INTRODUCTION + styles, *(_answers(core, shown) for core in cores())])


def _profile(user_id: str) -> Profile:
    file = _MADE_UP / f"{user_id}.csv"
    rows = CsvRows(file, parse_mapping((f"user_id=={user_id}", "attributes.depth=depth"))).rows()
    return run(sorted_events(file, rows, "an event")).profile


def _answers(core: Core, shown: Sequence[Reader]) -> str:
    composed = [compose(core, reader.style) for reader in shown]
    chosen = _table(
        ["", *(reader.name for reader in shown)],
        ["Sections", *("; ".join(_used(core, answer)) for answer in composed)],
        ["Left out", *("; ".join(_left_out(core, answer)) or "–" for answer in composed)],
        ["Example", *("; ".join(_examples(core, answer)) or "–" for answer in composed)],
        ["Caveats", *(f"{_caveats(core, answer)} of {len(core.caveats)}" for answer in composed)],
        ["Words", *(str(word_count(answer.text)) for answer in composed)],
    )
    texts = [
        f"**{reader.name}**\n\n{_quoted(answer.text)}\n"
        for reader, answer in zip(shown, composed, strict=True)
    ]
    return "\n".join([f"## {core.question}\n", chosen, *texts])


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _used(core: Core, answer: Composed) -> Iterator[str]:
    sections = {section.section_id: section for section in core.sections}
    for section_id in answer.section_ids:
        yield f"{sections[section_id].title} ({_depth_in(answer.text, sections[section_id])})"


def _depth_in(text: str, section: CoreSection) -> str:
    """Return the fullest depth of a section that stands in a text: a lesser one may be a part of it."""
    return next(depth for depth in reversed(_DEPTHS) if (said := getattr(section, depth)) and said in text)


def _left_out(core: Core, answer: Composed) -> Iterator[str]:
    for section in core.sections:
        if section.section_id not in answer.section_ids:
            is_background = section.kind == SectionKind.SECTION_KIND_BACKGROUND
            yield f"{section.title} ({'background' if is_background else 'no room'})"


def _examples(core: Core, answer: Composed) -> Iterator[str]:
    yield from (example.domain for example in core.examples if example.text in answer.text)


def _caveats(core: Core, answer: Composed) -> int:
    return sum(caveat.text in answer.text for caveat in core.caveats)


def _table(head: Sequence[str], *rows: Sequence[str]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    TARGET.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
