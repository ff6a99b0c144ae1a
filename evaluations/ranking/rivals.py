"""Vowpal Wabbit and River, each run for real in an environment of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evaluations.ranking.harness import Floats, OnPoint, checked
from evaluations.ranking.point import Point
from evaluations.ranking.words import told
from evaluations.rival_process import answers_of, is_installed, python_of

VW, RIVER = "vw", "river fm"
PACKAGES = {VW: "vowpalwabbit", RIVER: "river"}
_RUNNER = Path(__file__).with_name("rival_runner.py")
_LOGISTIC = "--loss_function logistic --link logistic -b 22"
# Of those tried for each kind of file the best two, of which the better one counts: a rival may look back. The
# namespaces are the user, the action's id, own words and numbers, the moment's facts, and the words of its text.
SETTINGS = {
    "ratings": (f"{_LOGISTIC} -q ui -q uo", f"{_LOGISTIC} -q ui -q uo -l 1"),
    "decisions": (f"{_LOGISTIC} --ignore w", f"{_LOGISTIC} --ignore w -q oo"),
    "trajectories": (f"{_LOGISTIC} --cubic mwi", f"{_LOGISTIC} -q mi -q wi --cubic mwi"),
    "rounds": (
        "--cb_explore_adf --squarecb -b 22 -q ui -q uo",
        "--cb_explore_adf --squarecb --gamma_scale 1000 -b 22",
    ),
}
_FACTORS = "10"


def absent(methods: Sequence[str], environment: Path) -> dict[str, str]:
    """Return those of the methods that are not installed, and what to say of each."""
    return {
        method: f"{method} is left out: {environment} is no environment with {PACKAGES[method]} (make rivals)."
        for method in methods
        if method in PACKAGES and not is_installed(environment, PACKAGES[method])
    }


class Rivals:
    """Runs rivals on points.

    Args:
        environment: The virtual environment that they are in.
        seed: For what they draw.
    """

    def __init__(self, environment: Path, seed: int) -> None:
        self._environment, self._seed = environment, seed

    def vw(
        self, kind: str, points: Sequence[Point], loss: Callable[[list[Floats]], float], on_point: OnPoint
    ) -> list[Floats]:
        """Return what Vowpal Wabbit says of each point, by the settings of which the loss is least in the end.

        Raises:
            ForewordError: It does not run.
        """
        found = [self._foretell(VW, "vw", settings, points, on_point) for settings in SETTINGS[kind]]
        return min(found, key=loss)

    def river(self, points: Sequence[Point], on_point: OnPoint) -> list[Floats]:
        """Return what River's factorization machine says of each point.

        Raises:
            ForewordError: It does not run.
        """
        return self._foretell(RIVER, "river", _FACTORS, points, on_point)

    def vw_rewards(self, games: Sequence[Sequence[Point]], on_round: OnPoint) -> list[Floats]:
        """Return each game's rewards, played by Vowpal Wabbit's SquareCB with the settings that earn most.

        Raises:
            ForewordError: It does not run.
        """
        found = [[self._play(settings, game, on_round) for game in games] for settings in SETTINGS["rounds"]]
        return max(found, key=lambda rewards: float(np.concatenate(rewards).mean()))

    def _play(self, settings: str, rounds: Sequence[Point], on_round: OnPoint) -> Floats:
        places = self._answers(VW, ["vw", "play", settings], rounds, on_round)
        return np.array([each.rewards[place] for each, place in zip(rounds, places, strict=True)])

    def _foretell(
        self, rival: str, name: str, settings: str, points: Sequence[Point], on_point: OnPoint
    ) -> list[Floats]:
        said = self._answers(rival, [name, "foretell", settings], points, on_point)
        return [checked(each, len(point.actions)) for each, point in zip(said, points, strict=True)]

    def _answers(
        self, rival: str, arguments: Sequence[str], points: Sequence[Point], on_point: OnPoint
    ) -> list[Any]:
        command = [str(python_of(self._environment)), str(_RUNNER), *arguments, str(self._seed)]
        return answers_of(rival, command, map(told, points), lambda done: on_point(done, len(points)))
