"""One training: from the store's events to a model that is put in force, or refused because it foretells worse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from foreword.config_ranking import Ranking as Settings
from foreword.errors import StoreError
from foreword.store import ActivityReader
from ranking.block import Forgetting
from ranking.example import Example
from ranking.judging import mean, progressive_losses
from ranking.model import GlobalModel
from ranking.model_folder import By, Entry, ModelFolder, Verdict
from ranking.training import TrainingOptions, train
from ranking.training_log import gathered

Progress = Callable[[str, int, int], None]

# Weights tried for a simulated example, beside 0: evenly apart as ratios. At 1 they hurt in the end (0057).
SYNTHETIC_WEIGHTS = (0.03, 0.1, 0.3, 1.0)
# A difference of the mean loss below this is none: two trainings of the same examples differ by as much.
_LOSS_MARGIN = 1e-3
# Fewer examples tell two models apart by nothing but chance.
UNSEEN_MIN = 100
# By how much examples must have grown, if none is new by its time, for another model to be worth it.
_GROWN = 1.2


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to.

    Attributes:
        entry: What stands in the history; None when nothing was trained.
        example_count: Real examples that there were.
        synthetic_count: Simulated ones.
        why: In one clause, for a person.
    """

    entry: Entry | None
    example_count: int
    synthetic_count: int
    why: str


def train_store(
    reader: ActivityReader,
    folder: ModelFolder,
    settings: Settings,
    *,
    now_ms: int,
    by: By = By.OPERATOR,
    random: np.random.Generator | None = None,
    on_progress: Progress = lambda _step, _done, _total: None,
    is_dry_run: bool = False,
) -> Trained:
    """Train a model from the newest examples and put it in force unless it is worse than the one that is.

    The newest share of the examples is held out, a model is trained from the others, and both foretell those, each
    before it is learned. The one that is put in force is then trained from all of them. After a rollback the trainer's
    is held back, until an operator trains one.

    Args:
        reader: Of the store's events.
        folder: Of the models; locked for the while.
        settings: `[ranking]`.
        now_ms: The time.
        by: Who has it trained.
        random: Draws what was not chosen, and where trainings start; None for chance.
        on_progress: Called with what is done, and how far it is.
        is_dry_run: Whether to train and compare, and change nothing.

    Raises:
        StoreLockedError: Another training is under way.
        StoreNotWritableError: The model cannot be written.
    """
    with folder.locked():
        chance = random if random is not None else np.random.default_rng()
        return _Training(folder, settings, now_ms, chance, on_progress).run(reader, by, is_dry_run=is_dry_run)


class _Training:
    def __init__(
        self,
        folder: ModelFolder,
        settings: Settings,
        now_ms: int,
        random: np.random.Generator,
        on_progress: Progress,
    ) -> None:
        self._folder, self._settings = folder, settings
        self._now_ms, self._random, self._on_progress = now_ms, random, on_progress
        self._forgetting = Forgetting(half_life_days=settings.half_life_days)
        self._options = TrainingOptions(
            forgetting=self._forgetting, cohort_attribute=settings.cohort_attribute
        )

    def run(self, reader: ActivityReader, by: By, *, is_dry_run: bool) -> Trained:
        found = gathered(
            reader,
            self._settings.train_examples_max,
            self._random,
            lambda done, total: self._on_progress("reading users", done, total),
        )
        real = [example for example in found if not example.is_synthetic]
        synthetic = [example for example in found if example.is_synthetic]
        if len(real) < self._settings.train_examples_min:
            why = f"{len(real):,} examples are too few to train from; {self._settings.train_examples_min:,} are needed"
            return Trained(None, len(real), len(synthetic), why)
        serving = self._serving()
        held_out = round(len(real) * self._settings.holdout_share) or 1
        unseen = sum(example.context.time_ms > serving.made_ms for example in real)
        if unseen >= UNSEEN_MIN:
            held_out = min(held_out, unseen)
        elif len(real) >= _GROWN * self._trained_from(serving):
            # History was imported: older than the model, but not known to it. What it has seen it cannot be asked.
            serving = GlobalModel.seed()
        else:
            why = (
                f"fewer than {UNSEEN_MIN} examples are newer than model {serving.version}, which is in force"
            )
            return Trained(None, len(real), len(synthetic), why)
        entry = replace(self._compared(real, synthetic, held_out, serving), by=by)
        if entry.verdict is Verdict.TAKEN and by is By.TRAINER and self._folder.is_held_back():
            entry = replace(entry, verdict=Verdict.HELD_BACK)
        if entry.verdict is Verdict.TAKEN and not is_dry_run:
            self._on_progress("training from all", 0, 1)
            model = self._train(real, synthetic, entry.synthetic_weight, entry.number)
            self._folder.publish(model, entry)
            self._folder.prune(self._settings.models_kept)
        elif not is_dry_run:
            self._folder.note(entry)
        return Trained(entry, len(real), len(synthetic), _why(entry))

    def _compared(
        self, real: Sequence[Example], synthetic: Sequence[Example], held_out: int, serving: GlobalModel
    ) -> Entry:
        """Return what is to become of a model trained from all examples, by one that was trained without the newest."""
        earlier = real[:-held_out]
        losses: dict[float, float] = {}
        weights = (0.0, *SYNTHETIC_WEIGHTS) if synthetic else (0.0,)
        for place, weight in enumerate(weights):
            self._on_progress("training", place, len(weights) + 1)
            candidate = self._train(earlier, synthetic, weight, serving.version + 1)
            losses[weight] = self._judged(candidate, real, held_out)
        self._on_progress("comparing", len(weights), len(weights) + 1)
        serving_loss = self._judged(serving, real, held_out)
        weight = min(losses, key=lambda tried: (losses[tried], tried))
        is_worse = losses[weight] > serving_loss + _LOSS_MARGIN
        return Entry(
            number=self._folder.next_number(),
            at_ms=self._now_ms,
            verdict=Verdict.REFUSED if is_worse else Verdict.TAKEN,
            examples=len(real),
            held_out=held_out,
            logloss=losses[weight],
            serving_number=serving.version,
            serving_logloss=serving_loss,
            synthetic_weight=weight,
        )

    def _serving(self) -> GlobalModel:
        """Return the model in force; the one that knows nothing in place of a damaged one, which is to be replaced."""
        try:
            return self._folder.load(self._folder.current())
        except StoreError:
            return GlobalModel.seed()

    def _trained_from(self, model: GlobalModel) -> int:
        counts = [entry.examples for entry in self._folder.history() if entry.number == model.version]
        return max(counts, default=0)

    def _judged(self, model: GlobalModel, real: Sequence[Example], held_out: int) -> float:
        return mean(progressive_losses(model, real, held_out, self._forgetting), real)

    def _train(
        self, real: Sequence[Example], synthetic: Sequence[Example], weight: float, number: int
    ) -> GlobalModel:
        mixed = list(real)
        if weight:
            mixed += [replace(example, weight=weight * example.weight) for example in synthetic]
            mixed.sort(key=lambda example: example.context.time_ms)
        return train(mixed, self._options, number=number, now_ms=self._now_ms, random=self._random)


def _why(entry: Entry) -> str:
    compared = (
        f"loss {entry.logloss:.4f} on the newest {entry.held_out:,} examples; "
        f"{entry.serving_logloss:.4f} of model {entry.serving_number}, which is in force"
    )
    held = "; an operator went back, and `foreword rank train` ends that"
    return f"{entry.verdict}, {compared}{held if entry.verdict is Verdict.HELD_BACK else ''}"


def models_directory(store_directory: Path) -> Path:
    """Return where a store's models are."""
    return store_directory / "ranking"
