"""The operator's editorial file: what it may say, what a namespace takes over, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword.config_file import ConfigFile
from foreword.editorial import EditorialProfile, parse_editorial, read_editorial
from foreword.errors import ConfigError, FieldError

EXAMPLE = Path(__file__).parents[2] / "examples/editorial.toml"
WHOLE = """
topics = ["Getting started", "Release notes"]
sentences = ["Everything here is about bicycles."]
depth = "overview"
length = "short"
tone = "friendly"
locale = "pt-BR"
example_domains = ["touring"]
emphasis = ["safety"]

[namespaces.radio]
topics = ["Jazz"]
locale = "de"

[namespaces."a.b"]
sentences = []
"""


def test_a_namespace_says_what_all_say_but_for_its_own_keys() -> None:
    """What a table leaves out is as above the tables; a namespace without a table has all of that."""
    editorial = parse_editorial(WHOLE)
    common = EditorialProfile(
        ("Getting started", "Release notes"),
        ("Everything here is about bicycles.",),
        "overview",
        "short",
        "friendly",
        "pt-BR",
        ("touring",),
        ("safety",),
    )
    assert editorial.of("") == editorial.of("elsewhere") == common
    assert editorial.of("radio").topics == ("Jazz",)
    assert (editorial.of("radio").locale, editorial.of("radio").tone) == ("de", "friendly")
    assert editorial.of("a.b").sentences == ()


def test_an_empty_file_says_nothing() -> None:
    """It is a file all the same, and no error."""
    assert parse_editorial("").of("any") == EditorialProfile()


@pytest.mark.parametrize(
    ("text", "field", "allowed"),
    [
        ("topic = ['x']", "1: topic", "depth, emphasis, example_domains"),
        ("topics = 'x'", "1: topics", "a list of names"),
        ("depth = 'deep'\ntopics = ['x', '']", "2: topics[1]", "1 to 60 printable"),
        ("topics = ['Unit tests', 'unit_tests']", "1: topics[1]", "each once; 'Unit tests' is the same"),
        (f"topics = {[str(number) for number in range(11)]}", "1: topics", "at most 10"),
        ("sentences = ['No end']", "1: sentences[0]", "ends in . ! or ?"),
        ("sentences = ['Say \"x\".']", "1: sentences[0]", "without quotation marks"),
        ("sentences = ['Two\\nlines.']", "1: sentences[0]", "on one line"),
        (f"sentences = ['{'x' * 200}.']", "1: sentences[0]", "at most 200"),
        ("sentences = [1]", "1: sentences[0]", "a sentence"),
        ("depth = 'bottomless'", "1: depth", "overview, standard, deep"),
        ("length = 3", "1: length", "short, medium, long"),
        ("tone = 'rude'", "1: tone", "direct, friendly, formal, neutral"),
        ("locale = 'German please'", "1: locale", "BCP 47"),
        ("[namespaces.radio]\ntopics = ['x']\ntone = 'x'", "3: namespaces.radio.tone", "direct"),
        ("[namespaces]\nradio = 1", "2: namespaces.radio", "a table"),
        (f"[namespaces.{'x' * 65}]", f"1: namespaces.{'x' * 65}", "at most 64 bytes"),
        ("namespaces = 1", "1: namespaces", "tables"),
        ("topics = [", "", "TOML in UTF-8"),
    ],
)
def test_what_breaks_the_form_is_refused_by_name(tmp_path: Path, text: str, field: str, allowed: str) -> None:
    """With the file, the line, the key, what was found and what is allowed."""
    file = tmp_path / "editorial.toml"
    # Python's list of texts is TOML's where its texts are in single quotes.
    file.write_text(text if "\\n" not in text else text.replace("'Two\\nlines.'", '"Two\\nlines."'))
    with pytest.raises(FieldError) as caught:
        read_editorial(file)
    assert caught.value.field == (f"{file}:{field}" if field else str(file))
    assert allowed in caught.value.allowed


def test_the_example_is_one() -> None:
    """The file that the guide names says something to everybody, and something else to one namespace."""
    editorial = read_editorial(EXAMPLE)
    assert editorial.of("").topics != editorial.of("radio").topics
    assert editorial.of("radio").tone == editorial.of("").tone != ""


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The error names the file, and the key of the configuration that names it."""
    path = tmp_path / "foreword.toml"
    path.write_text('[cold_start]\neditorial = "nowhere.toml"\n')
    with pytest.raises(ConfigError) as caught:
        ConfigFile(path, is_named=True).read({})
    assert "nowhere.toml" in str(caught.value)
    assert (caught.value.line, caught.value.key) == (2, "cold_start.editorial")


def test_what_no_text_may_name_is_refused(tmp_path: Path) -> None:
    """A sensitive name is refused where the namespace's rules withhold it, and let through where they do not."""
    editorial, path = tmp_path / "editorial.toml", tmp_path / "foreword.toml"
    editorial.write_text('[namespaces.clinic]\ntopics = ["Diabetes"]\n')
    named = f'[cold_start]\neditorial = "{editorial}"\n'
    path.write_text(named)
    with pytest.raises(ConfigError, match="Diabetes") as caught:
        ConfigFile(path, is_named=True).read({})
    assert caught.value.key == "cold_start.editorial"
    path.write_text(named + "[foreword.namespaces.clinic]\nsensitive = []\n")
    assert ConfigFile(path, is_named=True).read({}).cold_start.editorial_words().of("clinic").topics
