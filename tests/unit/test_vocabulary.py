"""The words of a domain: Foreword's own, and what a file adds to them."""

from __future__ import annotations

from pathlib import Path

import pytest
from one_refresh import compute, event, make_input

from foreword.config import Config
from foreword.errors import FieldError
from foreword.vocabulary import built_in, read


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
        ("[kind.code]", "kind", "kinds, media, classes, labels, attributes"),
        ("[kinds.sport]", "kinds.sport", "code, rating"),
        ("[kinds.code]\nverb = 1", "kinds.code.verb", "act, apart"),
        ("[kinds.code]\ntypes = 1", "kinds.code.types", "a list of texts"),
        ("[kinds.code]\njoint = 'in the'", "kinds.code.joint", "a word, or a colon"),
        ("[kinds.code]\nshare_min = 2", "kinds.code.share_min", "0 to 1"),
        ("[classes]\ncolour = ['red']", "classes.colour", "language, genre"),
        ("[labels]\nx = 'say \"x\"'", "labels.x", "without quotation marks"),
        ("[attributes]\nrepo = 'in it'", "attributes.repo", "a text with one {}"),
        ("[labels", "", "TOML in UTF-8"),
    ],
)
def test_what_breaks_the_form_is_refused_by_name(tmp_path: Path, text: str, field: str, allowed: str) -> None:
    """With the file, the key, what was found and what is allowed."""
    file = tmp_path / "words.toml"
    file.write_text(text)
    with pytest.raises(FieldError) as caught:
        read(file, built_in())
    assert caught.value.field == (f"{file}: {field}" if field else str(file))
    assert allowed in caught.value.allowed


def test_a_namespace_is_told_in_the_words_of_its_file(tmp_path: Path) -> None:
    """What an operator's file calls an act, and its topics, stands in the texts of that namespace."""
    file = tmp_path / "gym.toml"
    file.write_text('[kinds.general]\ntypes = ["run"]\nact = "trains"\njoint = "with"\nevents = "sessions"\n')
    events = [event(number, number, ["kettlebells"], type="run") for number in range(9)]
    config = Config.model_validate({"foreword": {"namespaces": {"space": {"vocabulary_file": file}}}})
    text = compute(make_input(events), config).foreword.text
    assert 'trains with "kettlebells" (9 of 9 sessions).' in text
