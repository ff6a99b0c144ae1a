"""All words of a composed answer that are not its core's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Labels(NamedTuple):
    """What stands before caveats, examples, steps and sources; empty in languages of which Foreword has no words."""

    note: str = ""
    example: str = ""
    examples: str = ""
    steps: str = ""
    sources: str = ""


_NEUTRAL: Mapping[str, Labels] = {
    "en": Labels("Note:", "Example:", "Examples:", "Steps:", "Sources:"),
    "de": Labels("Hinweis:", "Beispiel:", "Beispiele:", "Schritte:", "Quellen:"),
    "fr": Labels("Remarque\u00a0:", "Exemple\u00a0:", "Exemples\u00a0:", "Étapes\u00a0:", "Sources\u00a0:"),
    "es": Labels("Nota:", "Ejemplo:", "Ejemplos:", "Pasos:", "Fuentes:"),
}
_OF_TONE: Mapping[tuple[str, str], Labels] = {
    ("en", "friendly"): Labels(
        "Keep in mind:", "For example:", "A few examples:", "Here is how:", "Sources:"
    ),
    ("en", "formal"): Labels(
        "Please note:", "Example:", "Examples:", "Please proceed as follows:", "Sources:"
    ),
    ("de", "friendly"): Labels(
        "Gut zu wissen:", "Zum Beispiel:", "Ein paar Beispiele:", "So geht es:", "Quellen:"
    ),
    ("de", "formal"): Labels(
        "Bitte beachten Sie:", "Beispiel:", "Beispiele:", "Bitte gehen Sie so vor:", "Quellen:"
    ),
    ("fr", "friendly"): Labels(
        "À savoir\u00a0:",
        "Par exemple\u00a0:",
        "Quelques exemples\u00a0:",
        "Comment faire\u00a0:",
        "Sources\u00a0:",
    ),
    ("fr", "formal"): Labels(
        "Veuillez noter\u00a0:",
        "Exemple\u00a0:",
        "Exemples\u00a0:",
        "Marche à suivre\u00a0:",
        "Sources\u00a0:",
    ),
    ("es", "friendly"): Labels(
        "Ten en cuenta:", "Por ejemplo:", "Algunos ejemplos:", "Así se hace:", "Fuentes:"
    ),
    ("es", "formal"): Labels("Tenga en cuenta:", "Ejemplo:", "Ejemplos:", "Siga estos pasos:", "Fuentes:"),
}
_NONE = Labels()


def labels_of(locale: str, tone: str) -> Labels:
    """Return the words of a language, by its BCP 47 name, in a tone; neutral where the tone has none of its own."""
    language = locale.partition("-")[0].casefold()
    return _OF_TONE.get((language, tone)) or _NEUTRAL.get(language, _NONE)
