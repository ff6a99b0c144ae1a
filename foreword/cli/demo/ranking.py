"""Ranking: one user turns down verbose refactorings three times; what is offered first then, to them and to another."""

from __future__ import annotations

import time
from typing import Any

import click

from foreword.cli.demo.screen import Screen
from foreword.client import Foreword, Ranking

_VERBOSE = "explain-and-refactor"
# As an agent would list its ways to help: what it does without Foreword comes first.
_ACTIONS = (
    {"id": _VERBOSE, "topics": ["refactoring"], "attributes": {"length": "verbose"}},
    {"id": "concise-fix", "topics": ["fixes"], "attributes": {"length": "concise"}},
)
_CONTEXT = {"domain": "python"}
_USER, _OTHER = "developer", "shopkeeper"
_TIMES = 3
_REASONS = 3


class RankingSteps:
    """The demo's step about ranking.

    Args:
        screen: Where it is shown.
        client: Speaks to the daemons.
    """

    def __init__(self, screen: Screen, client: Foreword) -> None:
        self._screen = screen
        self._client = client

    def choose(self) -> dict[str, Any]:
        """Let one made-up user turn one way down, and rank for both of them before and after; return what was seen."""
        title = f"Which way to help: {_USER} turns down {_VERBOSE} {_TIMES} times, {_OTHER} says nothing"
        with self._screen.step("ranking", title):
            before = {user: self._ranking(user) for user in (_USER, _OTHER)}
            self._show("before, to both", before[_USER])
            began = time.perf_counter()
            for _ in range(_TIMES):
                # Offered anew each time, with the chance that an order may be drawn with.
                offered = self._client.rank(_USER, _ACTIONS, context=_CONTEXT)
                self._client.feedback(offered.decision_id, action_id=_VERBOSE, accepted=False)
            milliseconds = (time.perf_counter() - began) * 1e3 / _TIMES
            self._screen.detail(
                f"then {_TIMES} orders and a no to each, {milliseconds:.1f} ms for both, on disk"
            )
            after = {user: self._ranking(user) for user in (_USER, _OTHER)}
            self._show(f"now to {_USER}", after[_USER])
            self._show(f"now to {_OTHER}", after[_OTHER])
            self._explain(after[_USER])
        return {
            "actions": [action["id"] for action in _ACTIONS],
            "before": {user: _ids(ranking) for user, ranking in before.items()},
            "after": {user: _ids(ranking) for user, ranking in after.items()},
            "scores": {user: ranking.scores for user, ranking in after.items()},
        }

    def _ranking(self, user: str) -> Ranking[dict[str, Any]]:
        return self._client.rank(user, [dict(action) for action in _ACTIONS], context=_CONTEXT, explore=False)

    def _show(self, when: str, ranking: Ranking[dict[str, Any]]) -> None:
        order = ", ".join(f"{name} {ranking.scores[name]:.2f}" for name in _ids(ranking))
        self._screen.detail(f"{click.style(f'{when}:', dim=True)} {order}")

    def _explain(self, ranking: Ranking[dict[str, Any]]) -> None:
        found = self._client.explain_ranking(ranking.decision_id)
        of_verbose = (part for one in found.explanations if one.action_id == _VERBOSE for part in one.parts)
        own = [part for part in of_verbose if part.is_personal][:_REASONS]
        moved = ", ".join(f"{part.feature} {part.effect:+.2f}" for part in own)
        why = f"What moved {_VERBOSE}, of {_USER} alone (`foreword rank explain`):"
        self._screen.detail(f"{click.style(why, dim=True)} {moved}")


def _ids(ranking: Ranking[dict[str, Any]]) -> list[str]:
    return [action["id"] for action in ranking]
