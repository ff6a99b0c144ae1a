"""A core in words for three kinds of user: what is chosen, in what order, and what stands around it."""

from __future__ import annotations

import pytest
from some_cores import (
    BACKGROUND,
    BEGINNER,
    CORES,
    EXPERT,
    EXPLANATION,
    LOESCHEN,
    RESET,
    RETRIES,
    STEPS,
    UNKNOWN,
    styled,
)

from foreword.v1.core_pb2 import Core, CoreCaveat, CoreExample, CoreSection, CoreSource
from tiering.compose import WORDS_MAX, compose, lead


def section(section_id: str, text: str = "", **fields: object) -> CoreSection:
    return CoreSection(section_id=section_id, standard=text, **fields)  # type: ignore[arg-type]


def test_a_beginner_reads_a_short_friendly_overview() -> None:
    """The whole text: lead and overviews, the caveat before the steps, an example in the user's language."""
    assert compose(RETRIES, BEGINNER).text == (
        "Retry with exponential backoff, and only calls that failed with 429 or a 5xx status.\n\n"
        "**Keep in mind:** Never retry a payment without an `Idempotency-Key`: it may be charged twice.\n\n"
        "**Set up retries.** Wait 1 second after the first failure, twice as long after each further one, and stop "
        "after 5 attempts.\n\n"
        "**Why backoff.** Clients that retry at once keep a server down that is about to recover.\n\n"
        "**Limits.** A key may send 100 calls a second.\n\n"
        "**For example:**\n\n```python\nfor attempt in Retrying(stop=stop_after_attempt(5)):\n    ...\n```\n\n"
        "**If calls still fail.** Look at the status page. If it shows no incident, send the request id to support."
    )


def test_an_expert_reads_all_of_it_with_what_matters_first() -> None:
    """Full depth, the emphasised section first, examples of both domains, and the sources."""
    text, section_ids = compose(RETRIES, EXPERT)
    assert section_ids == ("limits", "how", "why", "history", "still-failing")
    assert "| a project | 1,000 | 1,500 |" in text
    assert "plus a random part of up to 250 ms" in text
    assert "**Examples:**\n\n```java" in text
    assert "Mark the row before the call" in text
    assert "```python" not in text
    assert text.endswith(
        "**Sources:**\n\n- [API errors](https://example.com/docs/errors)\n- Idempotency (docs/idempotency.md)"
    )


def test_an_unknown_user_reads_the_usual_answer() -> None:
    """Standard texts in the core's order, its first example, no sources."""
    text, section_ids = compose(RETRIES, UNKNOWN)
    assert section_ids == ("how", "why", "limits", "history", "still-failing")
    assert "**Example:**\n\n```java" in text
    assert "Sources" not in text


@pytest.mark.parametrize("core", CORES, ids=lambda core: core.question)
@pytest.mark.parametrize("style", [BEGINNER, EXPERT, UNKNOWN], ids=["beginner", "expert", "unknown"])
def test_facts_and_caveats_are_everybody_s(core: Core, style: object) -> None:
    """Whoever asks: every caveat is there word for word, and the text begins with the lead."""
    text = compose(core, style).text  # type: ignore[arg-type]
    assert all(caveat.text in text for caveat in core.caveats)
    assert text.startswith(lead(core, style))  # type: ignore[arg-type]


def test_a_lead_is_as_long_as_the_answer() -> None:
    """Short answers begin with the short lead, others with the standard one where there is one."""
    assert lead(RETRIES, BEGINNER) == RETRIES.lead_short
    assert lead(RETRIES, UNKNOWN) == RETRIES.lead_standard
    assert lead(RESET, UNKNOWN) == RESET.lead_short


def test_background_goes_first_and_steps_last() -> None:
    """Where there is no room for all, what lies behind goes before anything else, and the steps stay whole."""
    words = " ".join(["word"] * 60)
    core = Core(
        lead_short="Yes.",
        sections=[
            section("past", f"past {words}", kind=BACKGROUND),
            section("what", f"what {words}", kind=EXPLANATION),
            section("more", f"more {words}", kind=EXPLANATION),
            section("steps", "\n".join(f"{number}. {words}" for number in range(1, 5)), kind=STEPS),
        ],
    )
    assert compose(core, styled()).section_ids == ("what", "steps")
    found = compose(core, styled(length="short"))
    assert found.section_ids == ("steps",)
    assert core.sections[3].standard in found.text


def test_what_a_core_begins_with_is_not_pushed_out_by_steps_behind_it() -> None:
    """An explanation that was asked for comes before steps that go with it; a table's bars take no room."""
    row = "| a | b |\n" * 25
    parts = [section("what", row), section("more", "word " * 40), section("do", "word " * 80, kind=STEPS)]
    core = Core(lead_short="Yes.", sections=parts)
    assert compose(core, styled(length="short")).section_ids == ("what", "do")


def test_examples_caveats_and_sources_belong_to_no_section_under_headings() -> None:
    """They have headings of their own, or stand before all others; bold words never follow bold words."""
    core = Core(
        locale="en",
        lead_short="Yes.",
        sections=[section("a", "word " * 200, title="A"), section("b", "**Bold** word", title="B")],
        caveats=[CoreCaveat(text="Never twice.")],
        examples=[CoreExample(text="One.")],
        sources=[CoreSource(title="Here")],
    )
    text, _ = compose(core, styled("deep", length="long"))
    assert text.startswith("Yes.\n\n**Note:** Never twice.\n\n## A\n")
    assert text.endswith("## B\n\n**Bold** word\n\n## Example\n\nOne.\n\n## Sources\n\nHere")
    del core.sections[0]
    assert "**B**\n\n**Bold** word" in compose(core, styled()).text


def test_a_section_is_cut_to_a_lesser_depth_before_it_goes() -> None:
    """What has no room in full is said in brief."""
    core = Core(
        lead_short="Yes.",
        sections=[section("why", " ".join(["word"] * 200), overview="Because.", deep="No.")],
    )
    assert compose(core, styled(length="short")).text == "Yes.\n\nNo."


def test_an_overview_has_no_background_unless_it_matters_most() -> None:
    """Background stands in an overview only for whom it is what to put first."""
    core = Core(lead_short="Yes.", sections=[section("past", "It was.", kind=BACKGROUND, tags=["History"])])
    assert compose(core, styled("overview")).section_ids == ()
    assert compose(core, styled("overview", emphasis=("history",))).section_ids == ("past",)


@pytest.mark.parametrize(
    ("depth", "texts", "found"),
    [
        ("overview", {"deep": "c"}, "c"),
        ("overview", {"standard": "b", "deep": "c"}, "b"),
        ("standard", {"overview": "a", "deep": "c"}, "c"),
        ("standard", {"overview": "a"}, "a"),
        ("deep", {"overview": "a", "standard": "b"}, "b"),
        ("deep", {"overview": "a"}, "a"),
    ],
)
def test_the_nearest_depth_stands_in_for_one_that_is_missing(
    depth: str, texts: dict[str, str], found: str
) -> None:
    """Of two as near the fuller one."""
    core = Core(lead_short="Yes.", sections=[CoreSection(section_id="one", **texts)])
    assert compose(core, styled(depth)).text == f"Yes.\n\n{found}"


def test_all_steps_move_together() -> None:
    """Emphasis on a later step does not put it before an earlier one."""
    core = Core(
        lead_short="Yes.",
        sections=[
            section("intro", "Some words.", kind=EXPLANATION),
            section("first", "Dig.", kind=STEPS),
            section("second", "Plant.", kind=STEPS, tags=["plants"]),
        ],
    )
    assert compose(core, styled(emphasis=("plants",))).section_ids == ("first", "second", "intro")


def test_words_that_lean_on_others_stay_behind_them() -> None:
    """A section without a heading that begins with `This` is never first, nor shown without what it points at."""
    assert compose(RESET, styled(emphasis=("security",))).section_ids == (
        "steps",
        "after",
        "leaning",
        "no-mail",
    )
    without = Core()
    without.CopyFrom(RESET)
    without.sections[1].overview = " ".join(["word"] * 400)
    assert compose(without, styled()).section_ids == ("steps", "no-mail")
    without.sections.insert(3, section("too", "That is so on every device."))
    assert compose(without, styled()).section_ids == ("steps", "no-mail")


def test_an_example_of_another_domain_is_shown_only_for_want_of_a_better_one() -> None:
    """Of the user's domains, else one that fits everyone, else the core's first, which a short answer leaves out."""
    examples = [CoreExample(domain="java", text="J."), CoreExample(domain="", text="E.")]
    core = Core(lead_short="Yes.", examples=examples)
    assert compose(core, styled(domains=("java",))).text == "Yes.\n\n**Example:** J."
    assert compose(core, styled(domains=("sql",))).text == "Yes.\n\n**Example:** E."
    del core.examples[1]
    assert compose(core, styled(domains=("sql",))).text == "Yes.\n\n**Example:** J."
    assert compose(core, styled(length="short", domains=("sql",))).text == "Yes."


def test_examples_are_first_for_whom_they_matter() -> None:
    """`examples`, and `code` where they are code, are what Foreword itself writes into an emphasis."""
    wanted = "Yes.\n\n**Example:**\n\n```\nx\n```\n\nWhy."
    core = Core(
        lead_short="Yes.", sections=[section("why", "Why.")], examples=[CoreExample(text="```\nx\n```")]
    )
    assert compose(core, styled(emphasis=("examples",))).text == wanted
    assert compose(core, styled(emphasis=("code",))).text == wanted
    core.examples[0].text = "Prose."
    assert compose(core, styled(emphasis=("code",))).text == "Yes.\n\nWhy.\n\n**Example:** Prose."


def test_headings_stand_where_there_is_enough_under_them() -> None:
    """A long answer of sections that all have a title has headings; a short one has the titles within its lines."""
    words = " ".join(["word"] * 100)
    core = Core(
        lead_short="Yes.",
        sections=[section("a", words, title="One"), section("b", f"{words} 2", title="Two?")],
    )
    assert compose(core, styled()).text == f"Yes.\n\n## One\n\n{words}\n\n## Two?\n\n{words} 2"
    core.sections[0].standard, core.sections[1].standard = "Word.", "- word"
    assert compose(core, styled()).text == "Yes.\n\n**One.** Word.\n\n**Two?**\n\n- word"


def test_what_the_lead_says_is_not_said_again() -> None:
    """A section that is part of the lead is left out."""
    core = Core(lead_short="Yes.", lead_standard="Yes. Always.", sections=[section("a", "Always.")])
    assert compose(core, styled()) == ("Yes. Always.", ())
    assert compose(core, styled(length="short")) == ("Yes.\n\nAlways.", ("a",))


def test_a_fence_that_a_core_leaves_open_swallows_nothing() -> None:
    """What follows code that never ends is no code."""
    core = Core(
        lead_short="Yes.",
        sections=[section("code", "```sh\nls")],
        caveats=[CoreCaveat(caveat_id="a", text="Careful.")],
    )
    assert compose(core, styled()).text == "Yes.\n\n```sh\nls\n```\n\n**Note:** Careful."


def test_words_around_a_core_are_of_its_language() -> None:
    """German words stand around a German core, whatever was asked for, and none around one in Welsh."""
    assert "**Gut zu wissen:** Nach 14 Tagen" in compose(LOESCHEN, BEGINNER).text
    welsh = Core(
        locale="cy",
        lead_short="Ie.",
        sections=[section("camau", "1. Un.", kind=STEPS)],
        caveats=[CoreCaveat(caveat_id="a", text="Gofal."), CoreCaveat(caveat_id="b", text="Eto.")],
        sources=[CoreSource(title="Tudalen")],
    )
    assert compose(welsh, styled("deep")).text == "Ie.\n\n- Gofal.\n- Eto.\n\n1. Un.\n\nTudalen"


def test_tone_changes_only_words_of_ours() -> None:
    """Four tones of one core differ in labels alone."""
    texts = {
        tone: compose(RESET, styled(tone=tone)).text for tone in ("direct", "friendly", "formal", "neutral")
    }
    assert texts["direct"] == texts["neutral"]
    formal = texts["neutral"].replace("Note:", "Please note:").replace("Steps:", "Please proceed as follows:")
    assert texts["formal"] == formal
    assert "Here is how:" in texts["friendly"]


def test_languages_without_spaces_have_a_budget_too() -> None:
    """Two letters of Han or kana count as a word."""
    core = Core(lead_short="はい。", sections=[section("a", "文" * 400), section("b", "字" * 200)])
    short = min(WORDS_MAX.values())
    assert short < 200
    assert compose(core, styled()).section_ids == ("a", "b")
    assert compose(core, styled(length="short")).section_ids == ("b",)
