"""What a core may hold: every limit of core.proto, by name, and nothing personal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from foreword.errors import FieldError
from foreword.v1.core_pb2 import Core, CoreCaveat, CoreExample, CoreSection, CoreSource, SectionKind
from tiering.checking import CORE_BYTES_MAX, ID_BYTES_MAX, check_core, make_id, personal_fields

Change = Callable[[Core], object]


def full() -> Core:
    """A core in which each part occurs."""
    return Core(
        namespace="shop",
        locale="en-GB",
        question="Can I return it?",
        lead_short="Within 14 days.",
        lead_standard="Within 14 days of delivery,\nunused.",
        sections=[
            CoreSection(
                section_id="how",
                kind=SectionKind.SECTION_KIND_STEPS,
                title="How",
                tags=["cost"],
                deep="1. Ask.",
            ),
            CoreSection(section_id="why-2", overview="The law says so."),
        ],
        caveats=[CoreCaveat(caveat_id="food", text="Food cannot be returned.")],
        examples=[CoreExample(domain="retail", text="A coat."), CoreExample(text="A lamp.")],
        sources=[CoreSource(title="Terms", uri="https://example.com/terms"), CoreSource(title="Law")],
        tags=["returns"],
    )


def grow(core: Core, name: str, count: int) -> None:
    parts = getattr(core, name)
    while len(parts) < count:
        parts.add().CopyFrom(parts[0])


def each(name: str, value: str, group: str = "", place: int = 0) -> Change:
    return lambda core: setattr(getattr(core, group)[place] if group else core, name, value)


def test_what_keeps_to_all_limits_passes() -> None:
    """A core with every part, and one with only question, lead and nothing else, are taken as they are."""
    core = full()
    check_core(core)
    assert core == full()
    check_core(Core(question="?", lead_short="!"))


LIMITS = [
    ("", "namespace", 64, False),
    ("", "question", 2000, True),
    ("", "lead_short", 400, True),
    ("", "lead_standard", 1500, False),
    ("sections", "title", 120, False),
    ("sections", "overview", 2000, False),
    ("sections", "standard", 4000, False),
    ("sections", "deep", 8000, False),
    ("caveats", "text", 500, True),
    ("examples", "domain", 64, False),
    ("examples", "text", 2000, True),
    ("sources", "title", 200, True),
]


@pytest.mark.parametrize(("group", "name", "bytes_max", "is_required"), LIMITS)
def test_each_text_has_its_limit_in_bytes(group: str, name: str, bytes_max: int, is_required: bool) -> None:
    """A text of its most bytes passes; one byte more is refused by name, and nothing where something is required."""
    field = f"core.{group}[0].{name}" if group else f"core.{name}"

    def refused(text: str) -> FieldError:
        core = full()
        each(name, text, group)(core)
        with pytest.raises(FieldError) as raised:
            check_core(core)
        assert raised.value.field == field
        return raised.value

    core = full()
    each(name, "é" * (bytes_max // 2), group)(core)
    check_core(core)
    error = refused("é" * (bytes_max // 2) + "x" * (1 + bytes_max % 2))
    assert f"{bytes_max + 1:,} bytes" in error.found
    assert f"{bytes_max:,} bytes" in error.allowed
    assert "\x00" not in str(refused("a\x00b"))
    if is_required:
        assert refused("").found == "0 bytes"
        assert refused(" \n").found == "only space"


REFUSED: list[tuple[Change, str]] = [
    (lambda core: grow(core, "sections", 13), "core.sections: found 13; allowed: at most 12"),
    (lambda core: grow(core, "caveats", 9), "core.caveats: found 9; allowed: at most 8"),
    (lambda core: grow(core, "examples", 13), "core.examples: found 13; allowed: at most 12"),
    (lambda core: grow(core, "sources", 13), "core.sources: found 13; allowed: at most 12"),
    (lambda core: core.tags.extend("x" * 16), "core.tags: found 17; allowed: at most 16"),
    (
        lambda core: core.sections[1].tags.extend("x" * 9),
        "core.sections[1].tags: found 9; allowed: at most 8",
    ),
    (lambda core: core.tags.append("x" * 65), "core.tags[1]: found 65 bytes"),
    (lambda core: core.sections[0].tags.append(""), "core.sections[0].tags[1]: found 0 bytes"),
    (each("section_id", "how", "sections", 1), "core.sections[1].section_id: found 'how' again"),
    (each("section_id", "Wie", "sections", 1), "core.sections[1].section_id: found 'Wie'"),
    (each("section_id", "a" * 49, "sections", 1), "core.sections[1].section_id: found 49 bytes"),
    (each("section_id", "", "sections", 1), "core.sections[1].section_id: found 0 bytes"),
    (lambda core: grow(core, "caveats", 2), "core.caveats[1].caveat_id: found 'food' again"),
    (
        lambda core: core.sections[1].ClearField("overview"),
        "core.sections[1]: found none of overview, standard",
    ),
    (lambda core: setattr(core.sections[1], "kind", 77), "core.sections[1].kind: found 77"),
    (each("title", "two\nlines", "sections"), "core.sections[0].title: found the control character U+000A"),
    (each("deep", "\x1b[2J", "sections"), "core.sections[0].deep: found the control character U+001B"),
    (each("lead_standard", "\x85"), "core.lead_standard: found the control character U+0085"),
    (each("locale", "english please"), "core.locale: found 'english please'"),
    (each("uri", "javascript:alert(1)", "sources"), "core.sources[0].uri: found 'javascript:alert(1)'"),
    (each("uri", "//evil.example", "sources"), "core.sources[0].uri: found '//evil.example'"),
    (each("uri", "http:///x y", "sources"), "core.sources[0].uri: found 'http:///x y'"),
    (each("uri", "x" * 501, "sources"), "core.sources[0].uri: found 501 bytes"),
]


@pytest.mark.parametrize(("change", "said"), REFUSED)
def test_what_breaks_a_limit_is_refused_by_name(change: Change, said: str) -> None:
    """The sentence names the exact field, what was found and what is allowed."""
    core = full()
    change(core)
    with pytest.raises(FieldError) as raised:
        check_core(core)
    assert str(raised.value).startswith(said)


@pytest.mark.parametrize("uri", ["", "HTTPS://example.com", "docs/guide.md#x", "/a?b=c", "../up.md", "a b"])
def test_a_source_is_a_web_address_or_a_path(uri: str) -> None:
    """Web addresses and paths are taken; a space is no part of either."""
    core = full()
    core.sources[0].uri = uri
    if " " in uri:
        with pytest.raises(FieldError):
            check_core(core)
    else:
        check_core(core)


def test_a_core_as_a_whole_has_a_limit() -> None:
    """Parts that are each within their limits are refused together when they are more than a row may hold."""
    core = full()
    grow(core, "sections", 12)
    for place, section in enumerate(core.sections):
        section.section_id, section.deep = f"s{place}", "x" * 8000
    with pytest.raises(
        FieldError, match=rf"^core: found .* bytes; allowed: at most {CORE_BYTES_MAX:,} bytes"
    ):
        check_core(core)


def test_personal_data_is_named_by_field() -> None:
    """An address or a secret is told of wherever it stands; addresses that are set apart for examples are nobody's."""
    core = full()
    core.sections[0].standard = "Write to you@example.com, or root@host.test."
    assert personal_fields(core) == []
    core.sections[0].deep = "Write to jane.doe@mailbox.org."
    core.examples[1].text = "export TOKEN=ghp_" + "a1B2" * 9
    core.tags.append("+49 30 901820")
    assert personal_fields(core) == ["core.sections[0].deep", "core.examples[1].text", "core.tags[1]"]


def test_an_address_beside_one_for_examples_is_still_somebodys() -> None:
    """What only begins like an address for examples does not pass."""
    for address in ("me@example.company.io", "me@example.com.de", "me@testing.org"):
        core = Core(question="?", lead_short=f"Write to {address}.")
        assert personal_fields(core) == ["core.lead_short"], address


def test_ids_are_made_of_titles() -> None:
    """An id holds the words of its title, is taken by check_core, and is made once."""
    assert make_id("How do I Réset it?", (), "section") == "how-do-i-reset-it"
    assert make_id("…", (), "section") == "section"
    assert make_id("如何", {"section"}, "section") == "section-2"
    assert make_id("A", {"a", "a-2"}, "section") == "a-3"
    assert len(make_id("long " * 50, (), "section")) <= ID_BYTES_MAX - 4
