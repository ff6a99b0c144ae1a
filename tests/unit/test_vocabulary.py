"""The words of a domain: Foreword's own, and what a file adds to them."""

from __future__ import annotations

from pathlib import Path

import pytest
from one_refresh import compute, event, make_input

from foreword.config import Config
from foreword.errors import FieldError
from foreword.v1.event_pb2 import Event
from foreword.vocabulary import built_in, read

MUSIC = Path(__file__).parents[2] / "examples/music.toml"


def test_a_file_adds_to_the_words_there_are(tmp_path: Path) -> None:
    """Lists and tables grow, single words are replaced, and all else stays."""
    file = tmp_path / "words.toml"
    file.write_text(
        '[kinds.media]\ntypes = ["Binge"]\n[media.plays]\nwords = ["theatre"]\nact = "sees plays"\n'
        '[classes]\ngenre = ["Commedia dell\'arte"]\n[labels]\nk8s = "Kubernetes"\n'
    )
    words = read(file, built_in())
    assert words.kind_of_type("series.binge") == words.kind_of_type("watch") == "media"
    assert (words.medium_named("theatre.binge"), words.media["plays"].act) == ("plays", "sees plays")
    assert words.is_a("drama", ["genre"])
    assert words.is_a("commedia-dell'arte", ["genre"])
    assert words.labels["k8s"] == "Kubernetes"
    assert words.labels["python"] == "Python"


@pytest.mark.parametrize(
    ("text", "field", "allowed"),
    [
        ("[kind.code]", "1: kind", "kinds, media, classes, labels, attributes"),
        ("[kinds.Sport]", "1: kinds.Sport", "small letters"),
        (
            '[kinds.a]\ntypes = ["x"]\n[kinds.b]\nweak_types = ["X"]',
            "4: kinds.b.weak_types",
            "kinds.a has not",
        ),
        ("[kinds.code]\nsays_new = 1", "2: kinds.code.says_new", "true or false"),
        ("[kinds.code]\noften = 'Often {0} {}.'", "2: kinds.code.often", "a text with one {}"),
        ("[kinds.code]\noutcomes = 'Won {} of {}.'", "2: kinds.code.outcomes", "a text that begins with {}"),
        ("[kinds.code]\nknows = ['jargon']", "2: kinds.code.knows", "everywhere, file_kind, genre, language"),
        ("[depths]\nbottomless = ['x']", "2: depths.bottomless", "overview, standard, deep"),
        ("[kinds.code]\nverb = 1", "2: kinds.code.verb", "act, apart"),
        ("[kinds.code]\ntypes = 1", "2: kinds.code.types", "a list of texts"),
        ("[kinds.code]\njoint = 'in the'", "2: kinds.code.joint", "a word, or a colon"),
        ("[kinds.code]\nshare_min = 2", "2: kinds.code.share_min", "0 to 1"),
        ("[classes]\ncolour = ['red', '']", "2: classes.colour[1]", "1 to 60 printable"),
        ("[labels]\nx = 'say \"x\"'", "2: labels.x", "without quotation marks"),
        ("[attributes]\nrepo = 'in it'", "2: attributes.repo", "a text with one {}"),
        ("[labels", "", "TOML in UTF-8"),
    ],
)
def test_what_breaks_the_form_is_refused_by_name(tmp_path: Path, text: str, field: str, allowed: str) -> None:
    """With the file, the line, the key, what was found and what is allowed."""
    file = tmp_path / "words.toml"
    file.write_text(text)
    with pytest.raises(FieldError) as caught:
        read(file, built_in())
    assert caught.value.field == (f"{file}:{field}" if field else str(file))
    assert allowed in caught.value.allowed


def test_a_namespace_is_told_in_the_words_of_its_file(tmp_path: Path) -> None:
    """What an operator's file calls an act, and its topics, stands in the texts of that namespace."""
    file = tmp_path / "gym.toml"
    file.write_text('[kinds.general]\ntypes = ["run"]\nact = "trains"\njoint = "with"\nevents = "sessions"\n')
    events = [event(number, number, ["kettlebells"], type="run") for number in range(9)]
    config = Config.model_validate({"foreword": {"namespaces": {"space": {"vocabulary_file": file}}}})
    text = compute(make_input(events), config).foreword.text
    assert 'trains with "kettlebells" (9 of 9 sessions).' in text


def listening(number: int, topics: list[str], **fields: object) -> Event:
    """Return one of many acts of somebody who listens, five of them a day."""
    attributes = {"service": "Radio One", "mood": "calm"}
    made: Event = event(
        number, (120 - number) / 5, topics, **{"type": "song.listen", "attributes": attributes, **fields}
    )
    return made


def test_a_kind_that_only_a_file_knows_is_told_in_its_words() -> None:
    """Its acts, what they are called, what is known of them, what is offered and what is believed."""
    events = [listening(number, ["fado", *(["cello"] if number % 2 else [])]) for number in range(60)]
    events += [
        listening(number, ["bossa nova"], type=f"track.{'reject' if number % 3 else 'accept'}")
        for number in range(60, 90)
    ]
    result = compute(make_input(events), own_words(MUSIC))
    lines = result.foreword.text.splitlines()
    assert 'listens on "Radio One" to Fado (60 of 90 events)' in lines[1]
    assert "Rejects 20 of 30 tracks." in lines
    assert "Knows Cello well." in lines
    assert 'Mostly in a mood that is "calm".' in lines
    beliefs = [row.statement for row in result.profile.self_model.beliefs]
    assert "Often listens to Fado." in beliefs
    assert list(result.profile.presentation.emphasis) == ["recordings"]
    assert 'listens to music: "fado" (60 of 90 events)' in compute(make_input(events)).foreword.text


def test_a_type_shows_the_kind_that_a_file_gives_it_to(tmp_path: Path) -> None:
    """A kind of Foreword's own that had it, be it weakly, has it no more; all other types stay where they were."""
    words = read(MUSIC, built_in())
    assert (words.kind_of_type("song.listen"), words.kind_of_type("watch")) == ("music", "media")
    file = tmp_path / "words.toml"
    file.write_text('[kinds.gallery]\ntypes = ["view"]\n')
    seen = read(file, built_in())
    assert (seen.kind_of_type("view"), seen.kind_of_weak_type("view")) == ("gallery", None)
    assert seen.kind_of_weak_type("click") == "reading"
    assert (seen.kinds["gallery"].act, seen.kinds["gallery"].often) == ("active", "Often active in {}.")


def test_goals_and_outcomes_are_told_in_the_words_of_a_kind(tmp_path: Path) -> None:
    """What its events look for, and what ends that; and how many of its runs ended well."""
    file = tmp_path / "games.toml"
    file.write_text(
        '[kinds.games]\ntypes = ["match", "outcome", "scout"]\nact = "plays"\njoint = ":"\n'
        'outcomes = "{} of the last {} matches were won."\nlooks_for = "After a {}"\nends = ["match"]\n'
    )
    scouted = [event(number, 9 - number, ["rook"], type="scout") for number in range(4)]
    played = [event(10 + number, 1, type="chess.outcome", value=number % 2) for number in range(4)]
    result = compute(make_input([*scouted, *played]), own_words(file))
    assert "2 of the last 4 matches were won." in result.foreword.text.splitlines()
    assert [row.statement for row in result.profile.self_model.goals] == ['After a "rook"']
    ended = [*scouted, *played, event(20, 0.5, ["rook"], type="match")]
    assert not compute(make_input(ended), own_words(file)).profile.self_model.goals


def own_words(file: Path) -> Config:
    """Return a configuration in which the namespace of the tests has a vocabulary file."""
    return Config.model_validate({"foreword": {"namespaces": {"space": {"vocabulary_file": file}}}})
