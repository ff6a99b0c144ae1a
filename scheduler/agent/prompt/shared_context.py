"""What a model is told of all users of a namespace: the same for hours, so that a provider can cache it."""

from __future__ import annotations

from foreword.clock import HOUR_MS
from foreword.config import Words as WordRules
from foreword.json_lines import block, json_line
from scheduler.agent.population import PopulationView, Told

# A provider keeps a prefix for minutes to an hour. Much more often than in six hours, shares do not move.
_HELD_MS = 6 * HOUR_MS
# While an import brings users, what was said of the first few is soon wrong of all.
_GROWTH_MAX = 2
_TOPICS_MAX = 20
# Rounded so far that a few users more or less change nothing; below half a step a topic says nothing of everybody.
_SHARE_STEP = 0.05


def shared_context(population: PopulationView, rules: WordRules, now_ms: int) -> str:
    """Return what is said of a namespace's users; empty while too few are known.

    No single user is to be recognised in it: a topic stands in it when at least `users_min` users' events carry it,
    and all numbers are rounded. A share may still be one busy user's for the most part.

    Args:
        population: The users of the namespace; holds what was said, for six hours or until users have doubled.
        rules: Which words of activity may stand in a text of the namespace.
        now_ms: The time, in ms since 1970.
    """
    told, users = population.told, population.user_count
    is_held = (
        told is not None
        and 0 <= now_ms - told.since_ms < _HELD_MS
        and users < _GROWTH_MAX * max(told.user_count, rules.users_min)
    )
    if told is None or not is_held:
        told = population.told = Told(_text(population, rules), now_ms, users)
    return told.text


def _text(population: PopulationView, rules: WordRules) -> str:
    if population.user_count < rules.users_min:
        return ""
    withholds = rules.names().withholds
    rounded = [
        (round(_SHARE_STEP * round(share / _SHARE_STEP), 2), topic)
        for topic, share in population.common(rules.users_min)
    ]
    topics = [(share, topic) for share, topic in rounded if share and not withholds(topic)]
    lines = [json_line({"users": _one_digit(population.user_count)})]
    length = population.median_length()
    if length is not None:
        lines.append(json_line({"median_length": length}))
    lines += [
        json_line({"topic": topic, "share": share})
        for share, topic in sorted(topics, key=lambda item: (-item[0], item[1]))[:_TOPICS_MAX]
    ]
    return block("shared", lines)


def _one_digit(count: int) -> int:
    """Return a number rounded to its first digit."""
    return round(count, 1 - len(str(count)))
