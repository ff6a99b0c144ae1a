"""Sensitive names are told by rule, and the operator's own beside them."""

from __future__ import annotations

import pytest
from one_refresh import compute, event, make_input, run
from pydantic import ValidationError

from foreword.config import Config
from foreword.naming import SENSITIVE, Names, SensitiveNames
from foreword.naming.sensitive import Sensitive

EXAMPLES: dict[Sensitive, tuple[str, ...]] = {
    "health": (
        "health", "Health", "mental-health", "Mental Health", "#mentalhealth", "mentalHealth", "diabetes", "HIV",
        "type 2 diabetes", "breast cancer", "depression", "antidepressants", "pregnancy", "abortion", "IVF", "ADHD",
        "heart disease", "eating_disorders", "addiction", "health/insurance", "#health", "Gesundheit", "grossesse",
        "cáncer", "здоровье", "健康保険", "うつ病", "건강", "صحة",
    ),
    "money": (
        "money", "debt", "Personal Finance", "personalfinance", "salary", "bankruptcy", "credit score", "mortgage",
        "credit-cards", "payday loans", "gambling", "taxes", "pension", "Schulden", "deudas", "зарплата", "贷款",
    ),
    "sexuality": (
        "sexuality", "sex", "gay dating", "LGBTQ", "lgbt rights", "lesbian", "transgender", "porn", "sex toys",
        "sexual orientation", "Sexualität", "homosexualité", "секс", "同性恋",
    ),
    "religion": (
        "religion", "religions", "Islam", "catholic church", "bible study", "Judaism", "atheism", "prayer times",
        "Ramadan", "Kirche", "musulmán", "ислам", "佛教",
    ),
    "politics": (
        "politics", "US Politics", "elections", "republicans", "far-right", "gun control", "trade unions", "socialism",
        "immigration", "Politik", "elecciones", "выборы", "政治",
    ),
}  # fmt: skip
HARMLESS = """
    climate football tests scheduler celery/worker python std vector agnostic inheritance voting-ensemble payments
    billing stroke brush temple-run christmas Drama War Crime Comedy Romance lent para position healthy party patient
    diagnostics sexton database finish physics state-machine budget cosmos politeness monkey-patch
""".split()


@pytest.mark.parametrize("kind", SENSITIVE)
def test_each_kind_is_kept_out_and_can_be_let_through(kind: Sensitive) -> None:
    """In several languages and spellings; an operator who lists the other kinds only has this one said."""
    others = SensitiveNames([other for other in SENSITIVE if other != kind])
    for name in EXAMPLES[kind]:
        assert SensitiveNames([kind]).hold(name), name
        assert not SensitiveNames([]).hold(name), name
        assert Names().name(name) is None, name
    assert not others.hold(EXAMPLES[kind][0])


@pytest.mark.parametrize(
    "name",
    [*HARMLESS, "health checks", "RabbitMQ", "rabbits", "api/health-check", "C++", "Film-Noir", "性能"],
)
def test_other_names_are_not(name: str) -> None:
    """Words that look alike, and the engineers' meaning of some, are let through."""
    assert not SensitiveNames().hold(name)


@pytest.mark.parametrize(
    ("denied", "name", "is_kept_out"),
    [
        ("Project Falcon", "project-falcon", True),
        ("Project Falcon", "the Project_Falcon budget", True),
        ("Project Falcon", "#projectfalcon", True),
        ("Project Falcon", "falcon project", False),
        ("falcon", "Falcons", False),
        ("project 7", "project 8", False),
        ("C#", "c#", True),
        ("C#", "C", False),
        ("買収", "買収計画", True),
    ],
)
def test_operators_deny_names_of_their_own(denied: str, name: str, is_kept_out: bool) -> None:
    """A denied name is found within longer ones, by whole words."""
    assert SensitiveNames([], [denied]).hold(name) is is_kept_out


def test_the_vocabulary_does_not_let_a_sensitive_name_through() -> None:
    """Only the list of kinds does: a name that is welcome in one text is not in all."""
    assert Names("vocabulary", ["Health", "Jazz"]).name("health") is None
    assert Names("vocabulary", ["Health"], sensitive=SensitiveNames(["money"])).shown("health") == "Health"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({"sensitive": ["wealth"]}, "sensitive"),
        ({"denied": [""]}, "denied"),
        ({"denied": ["a\nb"]}, "denied"),
    ],
)
def test_slips_in_the_configuration_are_refused(words: dict[str, object], found: str) -> None:
    """An unknown kind, and a name that is none, are named."""
    with pytest.raises(ValidationError, match=found):
        Config(foreword={"words": words})  # type: ignore[arg-type]


def reader() -> list[object]:
    """Return events of somebody who reads mostly about diabetes, and dislikes politics."""
    fields = {"attributes": {"domain": "Health", "language": "python"}}
    events = [event(number, number / 4, ["Type-2 Diabetes", "cooking"], **fields) for number in range(20)]
    return [*events, *(event(50 + number, 1, ["politics"], type="mute") for number in range(3))]


def test_sensitive_topics_stay_out_of_all_that_is_worded() -> None:
    """Foreword, summary, beliefs and examples; the lists of the profile keep what applications recorded."""
    profile = run(reader()).profile  # type: ignore[arg-type]
    statements = [belief.statement for belief in profile.self_model.beliefs]
    said = " ".join(
        [profile.foreword.text, profile.semantic_summary, *statements, *profile.presentation.example_domains]
    )
    assert "cooking" in said
    assert not any(word in said.lower() for word in ("diabetes", "health", "politics"))
    assert "Type-2 Diabetes" in [row.topic for row in profile.content_preferences.high_affinity_topics]
    assert list(profile.notification_config.suppress_topics) == ["politics"]


def test_whoever_is_known_by_sensitive_topics_alone_is_said_nothing_of() -> None:
    """What may not be said is passed over, not replaced by something untrue."""
    text = run([event(number, number / 4, ["diabetes"]) for number in range(20)]).foreword.text
    assert text == ""


def test_what_becomes_denied_leaves_the_beliefs_held_before() -> None:
    """A name that was said under other settings goes from statements and expertise at the next refresh."""
    events = [event(number, number / 9, ["falcon", "tests"], type="commit") for number in range(20)]
    first = run(events).profile
    assert {"falcon", "tests"} == {belief.subject for belief in first.self_model.beliefs}
    config = Config(foreword={"words": {"denied": ["Falcon"]}})  # type: ignore[arg-type]
    second = compute(make_input(events, previous=first, new=[]), config).profile
    assert [belief.subject for belief in second.self_model.beliefs] == ["tests"]
    assert [entry.area for entry in second.self_model.expertise] == ["tests"]
    assert "falcon" not in second.foreword.text


def test_a_namespace_can_have_rules_of_its_own() -> None:
    """A clinic's namespace may speak of health, and of nothing that all others may not."""
    config = Config(foreword={"namespaces": {"space": {"sensitive": ["money"]}}})  # type: ignore[arg-type]
    assert '"Type-2 Diabetes"' in compute(make_input(reader()), config).profile.foreword.text  # type: ignore[arg-type]
    assert config.foreword.words_of("other").names().name("health") is None
