"""The model that all users share: what an action and a moment are worth to everybody, and as features of a user's
weights."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foreword.errors import FieldError, MissingExtraError
from ranking.block import DIMENSIONS_MAX, Floats, Prior, UserBlock
from ranking.encoder import Encoder, load_encoder
from ranking.example import Action, Context
from ranking.features import (
    ACTION_FIELD,
    ACTION_TEXT,
    ACTION_VECTOR,
    CONTEXT_TEXT,
    CONTEXT_VECTOR,
    LAST_FIELDS,
    TOPIC_FIELD,
    Part,
    action_parts,
    context_parts,
    seed_features,
)
from ranking.files import read_directory, write_directory
from ranking.making import made_of
from ranking.recency import RECENCY_NAMES, Company, no_company
from ranking.ring import EMPTY, Ring
from ranking.vocabulary import Vocabulary

Array: TypeAlias = NDArray[Any]

# Actions whose rows are kept at hand: eight times what one request may bring; some 4 MB.
_KEPT_ACTIONS_MAX = 4_096
# Between two actions that are reckoned beforehand, of 0.2 ms each: less, and requests wait for the interpreter.
_PREPARE_PAUSE_SECONDS = 0.0005
# The fields of an action, and those of a moment.
_LISTED = ("action_fields", "context_fields")
# How far users differ before anything is known: in whether they take things at all, and in each value's weight.
SEED_BIAS_VARIANCE, SEED_VARIANCE = 1.0, 0.7
_SIDES = ("cross_left", "cross_right")


class Encoded(NamedTuple):
    """Actions in numbers: an action's logit for a user is `offset + features · mean`.

    None of the arrays is to be written to: some are kept for the next time.

    Attributes:
        offset: float32[n], its score for everybody, in this moment and after these last actions.
        features: float32[n, D], what the user's weights are multiplied with; the first column is 1.
        rows: int[n], each action's row, as `GlobalModel.row_of` says.
        unknown: Places of the actions that have none.
    """

    offset: Floats
    features: Floats
    rows: Array
    unknown: Sequence[int] = ()


class _Gathered(NamedTuple):
    """What of a set of actions is the same in every moment: `features`, `rows` and `unknown` as in `Encoded`,
    `level` float32[n] what each is worth to everybody, `slots` float32[n, m] what a moment is multiplied with."""

    features: Floats
    slots: Floats
    level: Floats
    rows: Array
    unknown: list[int]


@dataclass(frozen=True, slots=True)
class Field:
    """One kind of fact, and where its values stand in the tables.

    Attributes:
        name: As in `ranking.features`.
        start: Row of its first value.
        vocabulary: Its values; None for a dense vector, each of whose numbers is a row.
        size: Rows.
        axes: Array that projects the vector; empty with a vocabulary.
    """

    name: str
    start: int
    size: int
    vocabulary: Vocabulary | None = None
    axes: str = ""


class Layout(NamedTuple):
    """What the arrays mean.

    Attributes:
        action_fields, context_fields: In the order of the tables.
        factors: Learned features of an action; `seeds` more are drawn by hash for what is hardly known.
        encoder: Name of the texts' encoder; empty when no text was seen.
        cohort_attribute: Which attribute of a context names the user's cohort; empty for none.
        cohorts: Names, in the order of the priors from the second on.
        form: How moment and action are crossed: `none`, `fm`, `fwfm` or `cross`.
        seed_scale: What each seed feature is multiplied with.
    """

    action_fields: tuple[Field, ...] = ()
    context_fields: tuple[Field, ...] = ()
    factors: int = 0
    seeds: int = DIMENSIONS_MAX - 1
    encoder: str = ""
    cohort_attribute: str = ""
    cohorts: tuple[str, ...] = ()
    form: str = "none"
    seed_scale: float = 1.0

    @property
    def dimensions(self) -> int:
        """Weights of a user."""
        return 1 + self.factors + self.seeds


class _Placed(NamedTuple):
    """A part with its row in the tables, and its field's place; -1 for both where the model does not know the field."""

    part: Part
    row: int
    field: int


class _Kept:
    """Actions seen before, by id, with a row of numbers for each. Rows are only added, so that reading needs no
    lock.

    Attributes:
        places: Each action's row by its id, as the action was last.
    """

    def __init__(self, width: int, capacity: int = _KEPT_ACTIONS_MAX) -> None:
        self.places: dict[str, tuple[int, Action]] = {}
        self.numbers = np.zeros((capacity, width), np.float32)
        self.rows = np.zeros(capacity, np.int64)
        self.used = 0


class GlobalModel:
    """Scores for everybody, and the features that a user's own weights are for. Immutable; safe to share among threads.

    Args:
        number: Its version, from 1 on; 0 for the one before any training.
        made_ms: When it was trained, in milliseconds since 1970.
        layout: What the arrays mean.
        arrays: As `ranking.training` makes them; never changed.
    """

    def __init__(self, number: int, made_ms: int, layout: Layout, arrays: Mapping[str, Array]) -> None:
        self.number, self.made_ms, self.layout = number, made_ms, layout
        self.arrays = dict(arrays)
        self.company = Company(*(arrays[name] for name in ("neighbours", "likeness", "rates", "recency")))
        self._action_fields = {field.name: (at, field) for at, field in enumerate(layout.action_fields)}
        self._context_fields = {field.name: (at, field) for at, field in enumerate(layout.context_fields)}
        self._actions = self._vocabulary(ACTION_FIELD)
        self._crossed_size = arrays["action_crossed"].shape[1]
        self._slots = len(layout.context_fields) * self._crossed_size
        self._rank = arrays["cross_left"].shape[1]
        self._encoder = _encoder(layout.encoder)
        self._lock = threading.Lock()
        self._width = layout.dimensions + self._slots + 2 * self._rank + 1
        self._kept = _Kept(self._width)
        self._priors = tuple(map(Prior, arrays["prior_means"], arrays["prior_covariances"]))
        # What is made of a set of actions is kept under it, so that no set holds a former model.
        self._mark = object()

    @classmethod
    def seed(cls) -> GlobalModel:
        """Return the model before any training: it knows no action, but tells them apart, so that users can be
        learned."""
        layout = Layout()
        variances = np.full(layout.dimensions, SEED_VARIANCE, np.float32)
        variances[0] = SEED_BIAS_VARIANCE
        company = no_company()
        arrays: dict[str, Array] = {
            "base": np.zeros(1, np.float32),
            "action": np.zeros((0, 1), np.float32),
            "seed_share": np.zeros(0, np.float32),
            "neighbours": company.neighbours,
            "likeness": company.likeness,
            "rates": company.rates,
            "recency": np.zeros(len(RECENCY_NAMES), np.float32),
            "prior_means": np.zeros((1, layout.dimensions), np.float32),
            "prior_covariances": np.diag(variances)[None],
            **nothing_crossed(0, 0),
        }
        return cls(0, 0, layout, arrays)

    @property
    def version(self) -> int:
        """Return the model's number."""
        return self.number

    @property
    def dimensions(self) -> int:
        """Return how many weights a user has, at most 16."""
        return self.layout.dimensions

    def prior(self, cohort: str = "") -> Prior:
        """Return what is assumed of a new user of a cohort; of any user when the cohort is not known."""
        at = self.layout.cohorts.index(cohort) + 1 if cohort in self.layout.cohorts else 0
        return self._priors[at]

    def cohort(self, context: Context) -> str:
        """Return the cohort that a context names; empty for none."""
        return (
            context.attributes.get(self.layout.cohort_attribute, "") if self.layout.cohort_attribute else ""
        )

    def row_of(self, action: Action) -> int:
        """Return the action's row, for a user's ring; 0 when it has none."""
        return self._actions.row(action.id)

    def encode(self, context: Context, actions: Sequence[Action], recent: Ring = EMPTY) -> Encoded:
        """Return the actions in numbers, after a user's last actions."""
        gathered = made_of(actions, "in numbers", self._mark, self._gathered)
        offset = gathered.level
        if self.layout.context_fields:
            level, moment, wide = self._moment(context, recent)
            offset = offset + level
            offset += gathered.slots @ moment
            if len(wide):
                offset += wide[gathered.rows]
        if recent.rows and len(self.company.rates) > 1:
            offset = offset + self.company.scores(gathered.rows, recent)
        return Encoded(offset, gathered.features, gathered.rows, gathered.unknown)

    def explain(
        self, context: Context, action: Action, recent: Ring, mean: Floats
    ) -> list[tuple[str, float]]:
        """Return what each fact adds to the action's logit for a user with such weights; together they are the logit.

        A value of the action counts with what it is worth to everybody and to the user; what it is worth in this moment
        is named after both.
        """
        found: dict[str, float] = {"bias": float(self.arrays["base"][0] + mean[0])}
        for name, amount in (
            *self._explain_action(action, mean),
            *self._explain_moment(context, action, recent),
        ):
            found[name] = found.get(name, 0.0) + amount
        return [(name, amount) for name, amount in found.items() if amount]

    def topic_scores(self, block: UserBlock) -> list[tuple[str, float, float]]:
        """Return for each topic how much more it moves this user's logit than others', and the standard deviation.

        Of an action with this topic alone. Best first.
        """
        apart = block.mean - self.prior().mean
        scores = []
        for topic in self._vocabulary(TOPIC_FIELD).values:
            features = self._part_features(Part(TOPIC_FIELD, topic))[1:]
            spread = float(features @ block.covariance[1:, 1:] @ features)
            scores.append((topic, float(features @ apart[1:]), spread**0.5))
        return sorted(scores, key=lambda score: -score[1])

    def save(self, directory: Path) -> None:
        """Write the model as a new directory; it is complete when its manifest is there.

        Raises:
            StoreNotWritableError: It cannot be written.
        """
        layout, lists = self.layout._asdict(), {}
        for side in _LISTED:
            for at, one in enumerate(layout[side]):
                if one.vocabulary is not None:
                    lists[f"{side}_{at}"] = one.vocabulary.values
            layout[side] = [[one.name, one.start, one.size, one.axes] for one in layout[side]]
        facts = {"number": self.number, "made_ms": self.made_ms, "layout": layout}
        write_directory(directory, facts, self.arrays, lists)

    @classmethod
    def load(cls, directory: Path) -> GlobalModel:
        """Read a model.

        Raises:
            StoreMissingError: No model is there.
            StoreVersionError: A later Foreword wrote it.
            StoreCorruptError: It is not whole, or a byte of it has changed.
        """
        facts, arrays, lists = read_directory(directory)
        layout = dict(facts["layout"])
        for side in _LISTED:
            layout[side] = tuple(
                Field(name, start, size, _vocabulary(lists.get(f"{side}_{at}")), axes)
                for at, (name, start, size, axes) in enumerate(layout[side])
            )
        layout["cohorts"] = tuple(layout["cohorts"])
        return cls(facts["number"], facts["made_ms"], Layout(**layout), arrays)

    def prepare(self, former: GlobalModel) -> None:
        """Have at hand what a model has that this one is to take the place of, letting whoever answers go first.

        Up to 3 s, for at most 4,096 actions: otherwise the first requests after a swap pay for it, with 20 ms for
        100 candidates.
        """
        # Copied at once: the former one goes on being asked.
        for _, action in list(former._kept.places.values())[-_KEPT_ACTIONS_MAX:]:
            self._keep([action])
            time.sleep(_PREPARE_PAUSE_SECONDS)

    def _vocabulary(self, name: str) -> Vocabulary:
        found = self._action_fields.get(name)
        return (found[1].vocabulary if found else None) or Vocabulary()

    def _gathered(self, actions: Sequence[Action]) -> _Gathered:
        kept = self._kept
        places: list[int] = []
        for action in actions:
            found = kept.places.get(action.id)
            if found is None or (found[1] is not action and found[1] != action):
                kept, places = self._keep(actions)
                break
            places.append(found[0])
        numbers, rows = kept.numbers.take(places, axis=0), kept.rows.take(places)
        size = self.layout.dimensions
        unknown = [place for place, row in enumerate(rows.tolist()) if not row]
        return _Gathered(numbers[:, :size], numbers[:, size:-1], numbers[:, -1], rows, unknown)

    def _keep(self, actions: Sequence[Action]) -> tuple[_Kept, list[int]]:
        with self._lock:
            kept = self._kept
            if kept.used + len(actions) > len(kept.rows):
                # From the start again: which was used last would have to be written down at every reading.
                kept = self._kept = _Kept(self._width, max(_KEPT_ACTIONS_MAX, 2 * len(actions)))
            places = []
            for action in actions:
                found = kept.places.get(action.id)
                if found is None or found[1] != action:
                    kept.numbers[kept.used] = self._numbers(action)
                    kept.rows[kept.used] = self.row_of(action)
                    found = kept.places[action.id] = kept.used, action
                    kept.used += 1
                places.append(found[0])
            return kept, places

    def _numbers(self, action: Action) -> Floats:
        """Return an action's row: features, what a moment is multiplied with, and its score for everybody."""
        placed = list(self._placed_action(action))
        rows = [one.row for one in placed if one.row >= 0]
        weights = np.array([one.part.weight for one in placed if one.row >= 0], np.float32)
        own = self.arrays["base"] + weights @ self.arrays["action"][rows]
        seeds = sum((self._seeds(one) for one in placed), np.zeros(self.layout.seeds, np.float32))
        crossed = np.zeros((len(self.layout.action_fields), self._crossed_size), np.float32)
        for one in placed:
            if one.row >= 0:
                crossed[one.field] += one.part.weight * self.arrays["action_crossed"][one.row]
        left, right = (crossed.ravel() @ self.arrays[side][self._slots :] for side in _SIDES)
        slots = (self.arrays["pairs"] @ crossed).ravel()
        level = own[:1] + left @ right
        return np.concatenate([np.ones(1, np.float32), own[1:], seeds, slots, right, left, level])

    def _moment(self, context: Context, recent: Ring) -> tuple[float, Floats, Floats]:
        """Return what a moment adds to every action, what actions' rows are multiplied with, and what it adds to
        each id."""
        wide = np.zeros(self.arrays["wide"].shape[1], np.float32)
        level = 0.0
        crossed = np.zeros((len(self.layout.context_fields), self._crossed_size), np.float32)
        for one in self._placed_context(context, recent):
            level += one.part.weight * float(self.arrays["context"][one.row])
            crossed[one.field] += one.part.weight * self.arrays["context_crossed"][one.row]
            wide += one.part.weight * self.arrays["wide"][one.row]
        slots = crossed.ravel()
        left, right = (slots @ self.arrays[side][: self._slots] for side in _SIDES)
        return level + float(left @ right), np.concatenate([slots, left, right]), wide

    def _placed_action(self, action: Action) -> Iterator[_Placed]:
        """Yield an action's parts with their rows; -1 where the model does not know the field."""
        for part in action_parts(action):
            at, field = self._action_fields.get(part.field, (-1, None))
            row = field.start + field.vocabulary.row(part.value) if field and field.vocabulary else -1
            yield _Placed(part, row, at)
        yield from self._dense(
            self._action_fields, (ACTION_TEXT, action.text), (ACTION_VECTOR, action.vector)
        )

    def _placed_context(self, context: Context, recent: Ring) -> Iterator[_Placed]:
        parts = context_parts(context)
        for name, row in zip(LAST_FIELDS, recent.taken(len(LAST_FIELDS)), strict=False):
            parts.append(Part(name, self._actions.value(row if row < len(self._actions) else 0)))
        for part in parts:
            at, field = self._context_fields.get(part.field, (-1, None))
            if field and field.vocabulary:
                yield _Placed(part, field.start + field.vocabulary.row(part.value), at)
        yield from self._dense(
            self._context_fields, (CONTEXT_TEXT, context.text), (CONTEXT_VECTOR, context.vector)
        )

    def _dense(
        self,
        fields: Mapping[str, tuple[int, Field]],
        text: tuple[str, str],
        vector: tuple[str, Sequence[float]],
    ) -> Iterator[_Placed]:
        for name, given in (text, vector):
            found = fields.get(name)
            if not found or not given:
                continue
            at, field = found
            numbers = self._encoded(given) if isinstance(given, str) else np.array(given, np.float32)
            axes = self.arrays[field.axes]
            if len(numbers) != len(axes):
                raise FieldError("vector", f"{len(numbers)} numbers", f"{len(axes)}, as in training")
            for number, weight in enumerate((numbers @ axes).tolist()):
                yield _Placed(Part(name, "", weight), field.start + number, at)

    def _encoded(self, text: str) -> Floats:
        """Return a text's vector; zeros where the encoder is not installed any more: the ids still count."""
        if self._encoder is None:
            return np.zeros(256, np.float32)
        return self._encoder.encode(text)

    def _seeds(self, one: _Placed) -> Floats:
        """Return the seed features of a part: the whole of them where its value has no row of its own."""
        is_dense = not one.part.value and one.row >= 0
        share = float(self.arrays["seed_share"][one.row]) if one.row >= 0 else 1.0
        if is_dense or not share or not self.layout.seeds:
            return np.zeros(self.layout.seeds, np.float32)
        return np.float32(share * self.layout.seed_scale) * seed_features(one.part, self.layout.seeds)

    def _explain_action(self, action: Action, mean: Floats) -> Iterator[tuple[str, float]]:
        yield "bias", float(self.arrays["base"][1:] @ mean[1 : 1 + self.layout.factors])
        for one in self._placed_action(action):
            amount = float(self._seeds(one) @ mean[1 + self.layout.factors :])
            if one.row >= 0:
                own = self.arrays["action"][one.row]
                amount += one.part.weight * float(own[0] + own[1:] @ mean[1 : 1 + self.layout.factors])
            yield _name(one.part), amount

    def _explain_moment(self, context: Context, action: Action, recent: Ring) -> Iterator[tuple[str, float]]:
        moment = list(self._placed_context(context, recent)) if self.layout.context_fields else []
        known = [one for one in self._placed_action(action) if one.row >= 0]
        crossed = self._crossed(moment, "context_crossed"), self._crossed(known, "action_crossed")
        for here, slots in zip(moment, crossed[0], strict=True):
            yield _name(here.part), here.part.weight * float(self.arrays["context"][here.row])
            if self.arrays["wide"].shape[1]:
                amount = here.part.weight * float(self.arrays["wide"][here.row, self.row_of(action)])
                yield f"{_name(here.part)} × {ACTION_FIELD} {action.id}", amount
            for one, others in zip(known, crossed[1], strict=True):
                amount = float(self.arrays["pairs"][here.field, one.field] * (slots @ others))
                yield f"{_name(here.part)} × {_name(one.part)}", amount
        if self._rank:
            yield from self._explain_cross(moment, known, [*crossed[0], *crossed[1]])
        if recent.rows and len(self.company.rates) > 1:
            found = self.company.features(np.array([self.row_of(action)]), recent)[0] * self.arrays["recency"]
            yield from zip(RECENCY_NAMES, found.tolist(), strict=True)

    def _explain_cross(
        self, moment: Sequence[_Placed], known: Sequence[_Placed], crossed: Sequence[Floats]
    ) -> Iterator[tuple[str, float]]:
        """Yield what the cross layer adds: it multiplies everything with everything, so each pair of parts has
        its share."""
        parts = [*moment, *known]
        fields = [one.field for one in moment] + [
            len(self.layout.context_fields) + one.field for one in known
        ]
        left, right = (
            [
                slots @ self.arrays[side].reshape(-1, self._crossed_size, self._rank)[at]
                for slots, at in zip(crossed, fields, strict=True)
            ]
            for side in _SIDES
        )
        for one, mine in zip(parts, left, strict=True):
            for other, theirs in zip(parts, right, strict=True):
                yield f"{_name(one.part)} × {_name(other.part)}", float(mine @ theirs)

    def _crossed(self, placed: Sequence[_Placed], table: str) -> list[Floats]:
        return [one.part.weight * self.arrays[table][one.row] for one in placed]

    def _part_features(self, part: Part) -> Floats:
        """Return float32[D], what one value adds to an action's features; without the bias."""
        at, field = self._action_fields.get(part.field, (-1, None))
        row = field.start + field.vocabulary.row(part.value) if field and field.vocabulary else -1
        learned = self.arrays["action"][row, 1:] if row >= 0 else np.zeros(self.layout.factors, np.float32)
        return np.concatenate([np.zeros(1, np.float32), learned, self._seeds(_Placed(part, row, at))])


def nothing_crossed(action_rows: int, action_fields: int) -> dict[str, Array]:
    """Return the arrays of a model that does not look at the moment."""
    return {
        "context": np.zeros(0, np.float32),
        "wide": np.zeros((0, 0), np.float32),
        "action_crossed": np.zeros((action_rows, 0), np.float32),
        "context_crossed": np.zeros((0, 0), np.float32),
        "pairs": np.zeros((0, action_fields), np.float32),
        "cross_left": np.zeros((0, 0), np.float32),
        "cross_right": np.zeros((0, 0), np.float32),
    }


def _encoder(name: str) -> Encoder | None:
    try:
        return load_encoder(name) if name else None
    except MissingExtraError:
        return None


def _name(part: Part) -> str:
    if part.field.startswith(("attribute ", "context ")):
        return f"{part.field}={part.value}"
    return f"{part.field} {part.value}".rstrip()


def _vocabulary(values: Sequence[str] | None) -> Vocabulary | None:
    return None if values is None else Vocabulary(values)
