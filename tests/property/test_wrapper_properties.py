"""Whatever a core holds and a style says, an answer is made of the core's own words, with every caveat.

By whomever it is laid out: what a model answers makes a text of which the same is true, or none at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from some_cores import CORES, RETRIES

from foreword.llm import ModelAnswer
from foreword.v1.answer_pb2 import AppliedStyle
from foreword.v1.core_pb2 import Core, CoreCaveat, CoreExample, CoreSection, CoreSource, SectionKind
from foreword.v1.profile_pb2 import Depth, Length, Presentation, Profile
from tiering.checking import check_core
from tiering.claims import core_text
from tiering.compose import WORDS_MAX, allowed_examples, compose, examples_max, lead, word_count, words_max
from tiering.errors import UnusableAnswerError
from tiering.labels import labels_of
from tiering.plan import plan_request, read_plan
from tiering.rewrite import read_rewrite, rewrite_request
from tiering.style import fitted, style_key, style_of

CANARY = "zebracanary"
COLON = ":\u00a0"

_words = st.lists(
    st.sampled_from(
        """the key must not expire before 14 days and 3.5 percent of calls fail with `E_LIMIT` unless Postgres 16 or
        https://example.com/a answers This also works Ja für 日本語 - 1. | ``` "quoted" never -5 1,000""".split()
    ),
    max_size=40,
)
texts = st.one_of(
    _words.map(" ".join),
    _words.map("\n".join),
    st.text(max_size=200),
    st.just(" ".join(["word"] * 700)),
)
names = st.sampled_from(["", "python", "Java", "rate limits", "rate-limits", "sql", "日本"])
locales = st.sampled_from(["", "en", "en-GB", "de", "fr-CA", "es", "cy", "ja"])
sections = st.builds(
    CoreSection,
    kind=st.sampled_from(list(SectionKind.values())),
    title=st.one_of(st.just(""), _words.map(" ".join)),
    tags=st.lists(names, max_size=4),
    overview=texts,
    standard=texts,
    deep=texts,
)


@st.composite
def cores(draw: st.DrawFn) -> Core:
    core = Core(
        locale=draw(locales),
        lead_short=draw(texts) or "Yes.",
        lead_standard=draw(texts),
        sections=draw(st.lists(sections, max_size=12)),
        caveats=[CoreCaveat(text=text) for text in draw(st.lists(texts, max_size=8))],
        examples=draw(st.lists(st.builds(CoreExample, domain=names, text=texts), max_size=12)),
        sources=draw(st.lists(st.builds(CoreSource, title=texts, uri=texts), max_size=12)),
    )
    for number, section in enumerate(core.sections):
        section.section_id = f"s{number}"
    return core


styles = st.builds(
    AppliedStyle,
    depth=st.sampled_from(list(Depth.values())),
    tone=st.sampled_from(["direct", "friendly", "formal", "neutral", CANARY]),
    example_domains=st.lists(st.one_of(names, st.just(CANARY)), max_size=5),
    emphasis=st.lists(st.one_of(names, st.sampled_from(["code", "examples", CANARY])), max_size=5),
    length=st.sampled_from(list(Length.values())),
    locale=locales,
)


def texts_of(core: Core) -> list[str]:
    """Return all texts of a core, its titles and sources too, but not its question."""
    found = [core.lead_short, core.lead_standard, *(caveat.text for caveat in core.caveats)]
    found += [text for part in core.sections for text in (part.overview, part.standard, part.deep)]
    return [*found, *(example.text for example in core.examples)]


def own_lines(core: Core, style: AppliedStyle) -> set[str]:
    """Return every line that an answer may have: those of the core, and those with a frame of ours around them."""
    # What a fence that a text leaves open is closed with.
    lines = {line for text in texts_of(core) for line in text.strip().split("\n")} | {"", "```", "~~~"}
    for source in core.sources:
        title, uri = source.title.strip(), source.uri.strip()
        lines |= {
            line
            for form in (f"[{title}]({uri})", f"{title} ({uri})", title, uri)
            for line in form.split("\n")
        }
    titles = {part.title.strip() for part in core.sections}
    labels = set(labels_of(core.locale or style.locale, style.tone))
    names = titles | {f"{title}." for title in titles} | labels
    heads = {f"**{name}**" for name in names if name}
    framed = {f"{head} {line}" for head in heads for line in lines}
    headings = {f"## {title}" for title in titles} | {f"## {label.rstrip(COLON)}" for label in labels}
    return lines | heads | framed | headings | {f"- {line}" for line in lines}


def strangers(text: str, core: Core, style: AppliedStyle) -> list[str]:
    """Return the lines of an answer that are not made of one line of the core."""
    known = {line for form in own_lines(core, style) for line in form.split("\n")}
    return [line for line in text.split("\n") if line not in known]


@given(cores(), styles)
def test_every_line_is_the_core_s(core: Core, style: AppliedStyle) -> None:
    """Letter for letter, so that no sentence, number or name is another; around them stand labels of ours alone."""
    text, _ = compose(core, style)
    assert strangers(text, core, style) == []
    assert CANARY not in text


@given(cores(), styles)
def test_every_caveat_is_there_word_for_word(core: Core, style: AppliedStyle) -> None:
    """However short the answer; and it begins with the lead."""
    text, _ = compose(core, style)
    assert all(caveat.text.strip() in text for caveat in core.caveats)
    assert text.startswith(lead(core, style))


@given(cores(), styles)
def test_sections_named_are_those_used(core: Core, style: AppliedStyle) -> None:
    """Each once, whole at one of its depths, all of them within the words that there are."""
    text, section_ids = compose(core, style)
    by_id = {section.section_id: section for section in core.sections}
    assert len(set(section_ids)) == len(section_ids)
    assert set(section_ids) <= set(by_id)
    used = [by_id[section_id] for section_id in section_ids]
    depths = [[section.overview, section.standard, section.deep] for section in used]
    assert all(any(part.strip() and part.strip() in text for part in parts) for parts in depths)
    others = [section for section in used if section.kind != SectionKind.SECTION_KIND_STEPS]
    shortest = [
        min(word_count(part) for part in (item.overview, item.standard, item.deep) if part.strip())
        for item in others
    ]
    assert sum(shortest) <= WORDS_MAX.get(style.length, WORDS_MAX[Length.LENGTH_MEDIUM])


@given(st.sampled_from(CORES), styles)
def test_answers_are_as_long_and_deep_as_the_style_says(core: Core, style: AppliedStyle) -> None:
    """Of cores as people write them; where the wanted depth is there and has room it is the one that is shown."""
    text, section_ids = compose(core, style)
    ours = sum(word_count(part.text) for part in core.caveats)
    ours += sum(word_count(part.title) for part in core.sections)
    sources = sum(word_count(f"{source.title} {source.uri}") for source in core.sources)
    # Labels and marks of lists are a few words more.
    assert word_count(text) <= words_max(style) + ours + sources + 20
    depth = Depth.Name(style.depth or Depth.DEPTH_STANDARD).removeprefix("DEPTH_").lower()
    if style.length == Length.LENGTH_LONG:
        wanted = [part for part in core.sections if part.section_id in section_ids and getattr(part, depth)]
        assert all(getattr(part, depth) in text for part in wanted)
    assert all(source.uri in text for source in core.sources) or style.depth != Depth.DEPTH_DEEP


@given(cores(), styles)
def test_one_style_has_one_text(core: Core, style: AppliedStyle) -> None:
    """The bytes are the same for equal messages, and for the style that is fitted to the core."""
    again = Core.FromString(core.SerializeToString())
    assert compose(core, style) == compose(again, AppliedStyle.FromString(style.SerializeToString()))
    fit = fitted(style, core)
    assert compose(core, fit) == compose(core, style)
    assert fitted(fit, core) == fit
    assert CANARY not in style_key(fit).replace(f'"{fit.tone}"', "")


@given(cores(), styles)
def test_examples_are_of_the_user_s_domains_where_there_are_such(core: Core, style: AppliedStyle) -> None:
    """None of another domain is shown beside one of the user's or one that fits everyone."""
    fit = fitted(style, core)
    domains = [core.examples[place].domain for place in allowed_examples(core, fit)]
    if len(domains) > 1 or any(domain in fit.example_domains for domain in domains):
        assert all(
            not domain or domain.lower().replace(" ", "-") in fit.example_domains for domain in domains
        )


@given(st.text(max_size=20), st.lists(st.text(max_size=60), max_size=8), st.integers(0, 3), st.integers(0, 3))
def test_styles_of_any_profile_are_bounded(tone: str, words: list[str], depth: int, length: int) -> None:
    """Four tones, three depths, three lengths, at most five short names each."""
    presentation = Presentation(depth=depth, length=length, tone=tone, example_domains=words, emphasis=words)  # type: ignore[arg-type]
    style = style_of(Profile(presentation=presentation), "en")
    assert style.tone in {"direct", "friendly", "formal", "neutral"}
    assert style.depth in {1, 2, 3}
    assert style.length in {1, 2, 3}
    for listed in (style.example_domains, style.emphasis):
        assert len(listed) <= 5
        assert list(listed) == sorted(listed)
        assert all(len(name) <= 64 for name in listed)


def with_canaries(message: Message, words: Iterator[str]) -> None:
    """Write the next words into every text of a message and of all messages within it."""
    for field in message.DESCRIPTOR.fields:
        if field.full_name == "foreword.v1.Profile.product":
            message.product.value = next(words).encode()  # type: ignore[attr-defined]
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            held = getattr(message, field.name)
            with_canaries(held.add() if field.is_repeated else held, words)
        elif field.type == FieldDescriptor.TYPE_STRING:
            if field.is_repeated:
                getattr(message, field.name).extend(next(words) for _ in range(3))
            else:
                setattr(message, field.name, next(words))


def canaries(forms: list[str]) -> Iterator[str]:
    count = 0
    while True:
        count += 1
        yield forms[count % len(forms)].format(CANARY, count)


forms_of_canaries = st.lists(
    st.sampled_from(
        [
            "{}",
            "{}{}",
            "{} {}",
            "I am {} and live in {} Elm Street.",
            "{}{}@example.com",
            "+1 202 555 01{1} {0}",
            "{0}\n{1}",
        ]
    ),
    min_size=1,
    max_size=4,
)


@given(forms_of_canaries, st.sampled_from(CORES), st.integers(0, 3), st.integers(0, 3))
def test_no_text_of_a_profile_comes_through(forms: list[str], core: Core, depth: int, length: int) -> None:
    """Whatever stands in any of its fields: not into words, not into their key, not into what a model is asked."""
    profile = Profile()
    with_canaries(profile, canaries(forms))
    profile.presentation.depth, profile.presentation.length = depth, length  # type: ignore[assignment]
    assert str(profile).count(CANARY) > 60
    style = style_of(profile, "en")
    plain = style_of(Profile(presentation=Presentation(depth=depth, length=length)), "en")  # type: ignore[arg-type]
    # Names that are names stay for comparing with a core's; a sentence, an address or a number never does.
    assert all(re.fullmatch(rf"{CANARY}(-?\d+)?", name) for name in (*style.example_domains, *style.emphasis))
    assert style.tone == plain.tone
    assert fitted(style, core) == fitted(plain, core)
    assert style_key(fitted(style, core)) == style_key(fitted(plain, core))
    assert compose(core, style) == compose(core, plain)
    assert plan_request(core, style, model="m") == plan_request(core, plain, model="m")
    assert rewrite_request(core, style, model="m") == rewrite_request(core, plain, model="m")


@given(cores(), styles, styles)
def test_styles_of_one_key_have_one_text(core: Core, one: AppliedStyle, other: AppliedStyle) -> None:
    """The key says all that words depend on: whoever shares it shares every byte."""
    keys = {style_key(fitted(style, core)) for style in (one, other)}
    if len(keys) == 1:
        assert compose(core, one) == compose(core, other)
    assert (style_key(one) == style_key(other)) == (one == other)


@pytest.mark.parametrize("core", CORES)
def test_cores_of_these_tests_are_accepted(core: Core) -> None:
    """So that what is said of them is said of cores that can be put."""
    check_core(core)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 9), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
ids = st.sampled_from([part.section_id for part in RETRIES.sections] + ["nowhere"])
ties = st.one_of(
    st.sampled_from(
        [
            "Here is how to set up retries.",
            "These are the limits.",
            "Wait 30 seconds.",
            "Netflix does it.",
            "Never set up retries.",
            "Retries cost 5 dollars.",
        ]
    ),
    st.text(max_size=60),
)
plans = st.fixed_dictionaries(
    {
        "sections": st.lists(
            st.one_of(
                st.fixed_dictionaries(
                    {"id": ids, "depth": st.sampled_from(["overview", "standard", "deep", "deep", "all"])}
                ),
                st.fixed_dictionaries({"id": ids, "depth": st.just("overview")}),
                json_values,
            ),
            max_size=4,
        ),
        "connecting": st.lists(
            st.one_of(st.fixed_dictionaries({"before": ids, "text": ties}), json_values), max_size=2
        ),
        "examples": st.lists(st.one_of(st.integers(-1, 3), json_values), max_size=2),
    }
)
valid_plans = st.fixed_dictionaries(
    {
        "sections": st.permutations(["why", "limits", "still-failing"]).flatmap(
            lambda order: st.lists(st.sampled_from(["overview", "standard"]), min_size=4, max_size=4).map(
                lambda depths: [
                    {"id": section_id, "depth": depth if section_id != "still-failing" else "standard"}
                    for section_id, depth in zip(["how", *order], depths, strict=True)
                ]
            )
        ),
        "connecting": st.lists(st.fixed_dictionaries({"before": ids, "text": ties}), max_size=1),
        "examples": st.lists(st.integers(0, 2), max_size=1),
    }
)


def told(answer: Any) -> ModelAnswer:
    return ModelAnswer(text=json.dumps(answer), stop_reason="end", model="small")


def holds_what_every_answer_holds(text: str, core: Core, style: AppliedStyle) -> None:
    assert text.startswith(lead(core, style))
    assert all(caveat.text.strip() in text for caveat in core.caveats)
    numbers, known = (set(re.findall(r"\d+", said)) for said in (text, core_text(core)))
    assert numbers <= known | {"1"}


@given(st.one_of(json_values, plans, valid_plans), styles)
def test_any_plan_makes_a_faithful_text_or_none(plan: Any, style: AppliedStyle) -> None:
    """At most two sentences are the plan's own, of which each is short and without a number."""
    try:
        text, section_ids = read_plan(told(plan), RETRIES, style)
    except UnusableAnswerError:
        return
    holds_what_every_answer_holds(text, RETRIES, style)
    assert list(section_ids) == [row["id"] for row in plan["sections"]]
    assert len(plan["examples"]) <= examples_max(style)
    own = [row["text"] for row in plan["connecting"]]
    assert [line for line in strangers(text, RETRIES, style) if line not in own] == []
    assert set(own) <= {"Here is how to set up retries.", "These are the limits."}


def test_plans_of_this_test_are_not_all_refused() -> None:
    """A good one is laid out, so that the test of any plan has something to look at."""
    plan = {"sections": [{"id": "limits", "depth": "deep"}, {"id": "how", "depth": "standard"}]}
    text, _ = read_plan(
        told({**plan, "connecting": [], "examples": [2]}), RETRIES, AppliedStyle(example_domains=["sql"])
    )
    assert RETRIES.sections[2].deep in text


@st.composite
def rewrites(draw: st.DrawFn) -> str:
    """Words of the core in some order, some of them with a word more, less or another."""
    lines = [line for part in RETRIES.sections for line in (part.overview, part.standard) if line]
    lines = draw(st.lists(st.sampled_from(lines), min_size=1, max_size=3, unique=True))
    words = " ".join([RETRIES.caveats[0].text, *lines]).split(" ")
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(1, len(words)))
        words[place : place + draw(st.integers(0, 1))] = [
            draw(st.sampled_from(["30", "Netflix", "not", "the", "never"]))
        ]
    return " ".join(words)


@given(st.one_of(json_values, st.fixed_dictionaries({"text": st.one_of(rewrites(), json_values)})), styles)
def test_any_rewrite_makes_a_faithful_text_or_none(answer: Any, style: AppliedStyle) -> None:
    """No number and no name of its own, within the room, with every caveat word for word."""
    try:
        text, section_ids = read_rewrite(told(answer), RETRIES, style)
    except UnusableAnswerError:
        return
    holds_what_every_answer_holds(text, RETRIES, style)
    assert "Netflix" not in text
    assert word_count(text) <= 2 * words_max(style) + word_count(RETRIES.caveats[0].text)
    assert set(section_ids) <= {part.section_id for part in RETRIES.sections}


@given(
    st.sampled_from(CORES), styles, st.integers(1, 9_999), st.sampled_from([" days", " seconds", " %", ""])
)
def test_a_number_that_the_core_has_not_is_never_taken(
    core: Core, style: AppliedStyle, number: int, unit: str
) -> None:
    """Whatever it counts."""
    if str(number) in re.findall(r"\d+", core_text(core).replace(",", "")) or number == 1:
        return
    caveats = " ".join(caveat.text for caveat in core.caveats)
    with pytest.raises(UnusableAnswerError, match="number"):
        read_rewrite(told({"text": f"{caveats} It takes {number}{unit} then."}), core, style)
