"""How an answer is presented: few values each, so that many users share one, and with it the words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache

from foreword.naming import SensitiveNames, well_shaped
from foreword.topics import topic_key
from foreword.v1.answer_pb2 import AppliedStyle
from foreword.v1.core_pb2 import Core
from foreword.v1.profile_pb2 import Depth, Length, Profile

NAMES_MAX = 5
"""Most example domains, and most entries of emphasis: as many as a profile has."""

OURS = ("code", "examples")
"""What Foreword itself writes into a profile's emphasis, and no tag of a core need be called."""
_TONES = {
    **{tone: tone for tone in ("direct", "friendly", "formal")},
    **dict.fromkeys("casual informal warm relaxed conversational".split(), "friendly"),
    **dict.fromkeys("concise terse blunt brief".split(), "direct"),
    **dict.fromkeys("professional polite official".split(), "formal"),
}
_SENSITIVE = SensitiveNames()


def style_of(profile: Profile | None, locale: str) -> AppliedStyle:
    """Return the style of a user: what the profile says, in bounded values; a usual one for None.

    Expertise is not read: it is of one area each, and nobody knows here what the question is about.
    """
    held = Profile() if profile is None else profile
    presentation = held.presentation
    return AppliedStyle(
        depth=presentation.depth or held.content_preferences.preferred_depth or Depth.DEPTH_STANDARD,
        tone=_TONES.get(presentation.tone.strip().casefold(), "neutral"),
        example_domains=_names(presentation.example_domains),
        emphasis=_names(presentation.emphasis),
        length=presentation.length or Length.LENGTH_MEDIUM,
        locale=locale,
    )


def style_key(style: AppliedStyle) -> str:
    """Return a text that two styles share only if they are the same; it does not change from version to version."""
    lists = (list(style.example_domains), list(style.emphasis))
    return json.dumps([style.depth, style.tone, *lists, style.length, style.locale], ensure_ascii=False)


def fitted(style: AppliedStyle, core: Core) -> AppliedStyle:
    """Return what of a style makes a difference to a core, in the core's own words: nothing of a profile is left.

    Two users who would read the same have one fitted style, whatever else their profiles say, so that what is made
    for it is shared as widely as can be. Fitting twice changes nothing.
    """
    tags = [tag for section in core.sections for tag in section.tags]
    return AppliedStyle(
        depth=style.depth,
        tone=style.tone,
        example_domains=_matched(
            tuple(example.domain for example in core.examples), tuple(style.example_domains)
        ),
        emphasis=_matched((*OURS, *tags), tuple(style.emphasis)),
        length=style.length,
        locale=core.locale or style.locale,
    )


@lru_cache(maxsize=16_384)
def _matched(names: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that are wanted, or that are one of the wanted more exactly: `rate limits` is `limits`."""
    asked = [topic_key(other).split("-") for other in wanted]
    keys = dict.fromkeys(map(topic_key, names)) if asked else {}
    found = [key for key in keys if any(set(key.split("-")).issuperset(words) for words in asked)]
    return tuple(sorted(found[:NAMES_MAX]))


def _names(raws: Iterable[str]) -> list[str]:
    shaped = (well_shaped(raw) for raw in raws if not _SENSITIVE.hold(raw))
    # The strongest come first and stay; their order then is nobody's matter, and would split users into more styles.
    return sorted(list(dict.fromkeys(topic_key(name) for name in shaped if name))[:NAMES_MAX])
