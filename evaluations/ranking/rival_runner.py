"""Runs another learner on points: a program for that learner's own environment, which Foreword is not in.

    python rival_runner.py vw|river foretell|play SETTINGS SEED

Reads JSON lines of a user, the facts and words of a moment, actions, and what came of each. `foretell`: answers each
line with a probability for each action, and learns all of them after that. `play`: answers with the index of the action
it chooses, and learns the reward of that one alone.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Sequence
from typing import Any, Protocol

Told = dict[str, Any]
# What Vowpal Wabbit takes for its own.
_MARKS = re.compile(r"[\s:|]")


class Rival(Protocol):
    """Another learner."""

    def foretell(self, told: Told) -> list[float]:
        """Return a probability for each action, and learn what came of all."""

    def play(self, told: Told) -> int:
        """Return the index of an action, and learn what came of it."""


class Vw:
    """Vowpal Wabbit.

    Args:
        settings: Its own options.
        seed: For what it draws.
    """

    def __init__(self, settings: str, seed: int) -> None:
        from vowpalwabbit import Workspace

        self._workspace = Workspace(f"--quiet --random_seed {seed} {settings}")
        self._random = random.Random(seed)

    def foretell(self, told: Told) -> list[float]:
        """Each action is an example of its own, with its moment and user."""
        moment = _moment(told)
        lines = [f"{moment} {_action(action)}" for action in told["actions"]]
        said = [float(self._workspace.predict(line)) for line in lines]
        for line, reward in zip(lines, told["rewards"], strict=True):
            self._workspace.learn(f"{1 if reward > 0 else -1} {line}")
        return said

    def play(self, told: Told) -> int:
        """The moment is shared, and actions are drawn by the probabilities it gives."""
        shared = f"shared {_moment(told)}"
        lines = [_action(action) for action in told["actions"]]
        chances = self._workspace.predict([shared, *lines])
        place: int = self._random.choices(range(len(lines)), chances)[0]
        # It wants costs.
        lines[place] = f"{place}:{-told['rewards'][place]}:{chances[place]} {lines[place]}"
        self._workspace.learn([shared, *lines])
        return place


class River:
    """River's factorization machine; its settings are the number of factors."""

    def __init__(self, settings: str, seed: int) -> None:
        from river import facto

        self._model = facto.FMClassifier(n_factors=int(settings), seed=seed)

    def foretell(self, told: Told) -> list[float]:
        """Each action is an example of its own."""
        facts = [_facts(told, action) for action in told["actions"]]
        said = [float(self._model.predict_proba_one(each).get(True, 0.5)) for each in facts]
        for each, reward in zip(facts, told["rewards"], strict=True):
            self._model.learn_one(each, reward > 0)
        return said

    def play(self, told: Told) -> int:
        """It has no way to explore."""
        raise NotImplementedError(told)


def _moment(told: Told) -> str:
    return f"|u {_word(told['user'])} |m {_line(told['moment'])} |w {_line(told['words'])}"


def _action(action: Told) -> str:
    numbers = " ".join(f"n{place}:{value}" for place, value in enumerate(action["numbers"]))
    return f"|i {_word(action['id'])} |o {_line(action['own'])} |n {numbers}"


def _line(words: Sequence[str]) -> str:
    return " ".join(map(_word, words))


def _word(text: str) -> str:
    return _MARKS.sub("_", text)


def _facts(told: Told, action: Told) -> dict[str, float]:
    words = [f"user={told['user']}", f"id={action['id']}", *action["own"], *told["moment"]]
    facts = dict.fromkeys([*words, *(f"says={word}" for word in told["words"])], 1.0)
    return facts | {f"number {place}": value for place, value in enumerate(action["numbers"])}


def main(rival: str, task: str, settings: str, seed: str) -> None:
    """Answer all points on standard input."""
    # What these print themselves is not for whoever reads the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    model: Rival = Vw(settings, int(seed)) if rival == "vw" else River(settings, int(seed))
    answer = {"foretell": model.foretell, "play": model.play}[task]
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
