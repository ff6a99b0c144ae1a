"""Whatever a core holds and a style says, an answer is made of the core's own words, with every caveat."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from foreword.v1.answer_pb2 import AppliedStyle
from foreword.v1.core_pb2 import Core, CoreCaveat, CoreExample, CoreSection, CoreSource, SectionKind
from foreword.v1.profile_pb2 import Depth, Length, Presentation, Profile
from tiering.compose import WORDS_MAX, allowed_examples, compose, lead, word_count
from tiering.labels import labels_of
from tiering.style import fitted, style_key, style_of

CANARY = "zebracanary"

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


def marks_off(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


@given(cores(), styles)
def test_every_word_is_the_core_s_or_a_label_s(core: Core, style: AppliedStyle) -> None:
    """No word, number or name comes from elsewhere; nothing of the style's own strings is printed."""
    text, _ = compose(core, style)
    known = marks_off(str(labels_of(core.locale or style.locale, style.tone)._asdict()))
    own = [core.lead_short, core.lead_standard, *(caveat.text for caveat in core.caveats)]
    own += [part for item in core.sections for part in (item.title, item.overview, item.standard, item.deep)]
    own += [example.text for example in core.examples]
    own += [part for source in core.sources for part in (source.title, source.uri)]
    assert marks_off(text) <= known.union(*map(marks_off, own))
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
