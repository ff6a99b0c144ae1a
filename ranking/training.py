"""Training: from examples to a global model, in numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foreword.clock import DAY_MS
from foreword.errors import FieldError
from ranking.block import Forgetting, Prior
from ranking.crossing import Moments, choose_crossing, make_slots, train_crossing
from ranking.encoder import best_encoder
from ranking.example import Example
from ranking.factors import Array, Content, Estimation, Factors, Groups, Observed, Strength
from ranking.features import (
    ACTION_FIELD,
    ACTION_TEXT,
    ACTION_VECTOR,
    CONTEXT_FIELDS,
    CONTEXT_TEXT,
    CONTEXT_VECTOR,
    SOURCE_FIELD,
    TOPIC_FIELD,
    Part,
    seed_features,
)
from ranking.model import SEED_BIAS_VARIANCE, SEED_VARIANCE, Field, GlobalModel, Layout, nothing_crossed
from ranking.recency import RECENCY_NAMES, Company, count_company
from ranking.replay import Foreseen, Past, replay
from ranking.table import Table
from ranking.vocabulary import Vocabulary, VocabularyRules, build_vocabulary

Floats: TypeAlias = NDArray[np.float32]

# How far actions' factors scatter at first: with weights of users around 1, a logit of about 1 between users' tastes.
_FACTOR_VARIANCE = 0.1
_LEVEL_VARIANCE = 0.5
# From three times so many users on who met a value, half of its seed features' length is gone; and an id's share.
_SEED_TRUSTED = 20.0
_ID_SHARE = 0.3
# Forms are tried on the newest of the examples: more take minutes, and tell no more.
_TRIED_MAX = 20_000
_RECENCY_RIDGE = 10.0
_RECENCY_STEPS = 8
_COHORT_TRUSTED = 30.0


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How a model is trained.

    Attributes:
        factors: Learned features of actions, at most; with fewer than eight users a factor, fewer, and more seeds.
        dimensions: Weights of a user, at most 16.
        sweeps: Times that users and actions are estimated from each other; 12 and 20 differ by .0002 of logloss on the
            first 10,000 ratings of MovieLens 100K. A training that starts from another takes a third of it.
        text_axes: Numbers that a text's vector is projected to: the axes along which the texts differ most.
        epochs: Passes over the examples in which moments are crossed with actions.
        vocabulary: Which values get a row of their own.
        strength: How much is assumed before anything is counted.
        forgetting: As users' blocks forget in serving.
        cohort_attribute: Attribute of the context that names a user's cohort; empty for one prior for all.
    """

    factors: int = 11
    dimensions: int = 16
    sweeps: int = 20
    text_axes: int = 8
    epochs: int = 8
    vocabulary: VocabularyRules = field(default_factory=VocabularyRules)
    strength: Strength = field(default_factory=Strength)
    forgetting: Forgetting = field(default_factory=Forgetting)
    cohort_attribute: str = ""


def train(
    examples: Sequence[Example],
    options: TrainingOptions | None = None,
    *,
    number: int,
    now_ms: int,
    random: np.random.Generator,
) -> GlobalModel:
    """Return a model trained from examples, which are in the order of time.

    Args:
        examples: At least one.
        options: How; the defaults without.
        number: The model's version, 1 or more.
        now_ms: The time; what was not seen for long before it leaves.
        random: For the factors to start from; the same draws make the same model.

    Raises:
        FieldError: There are no examples, or vectors of one kind differ in size.
    """
    table = Table()
    table.extend(examples)
    return Training(table, options or TrainingOptions(), number=number, now_ms=now_ms, random=random).model


class Training:
    """One training, with what it knows of the users it learned from.

    Args:
        table: The examples.
        options: How.
        number: The model's version.
        now_ms: The time.
        random: For the factors to start from.
        before: A training on the same table when it was shorter: its factors are the start.

    Attributes:
        model: What was trained.
        foreseen: Every example's logit before it was known, and every user's weights after the last, under the model.
    """

    def __init__(
        self,
        table: Table,
        options: TrainingOptions,
        *,
        number: int,
        now_ms: int,
        random: np.random.Generator,
        before: Training | None = None,
    ) -> None:
        if not len(table):
            raise FieldError("examples", "none", "at least one")
        self.table, self._options, self._random, self._before = table, options, random, before
        self._now_ms = now_ms
        self.vectors: dict[str, Floats] = before.vectors if before else {}
        self.recency: Floats
        self.form: str
        self.form_count: int
        users = len(table.users)
        self._factor_count = min(options.factors, max(users // 8, 1))
        self._seed_count = options.dimensions - 1 - self._factor_count
        self._columns = {
            name: table.column(name) for name in ("user", "action", "reward", "weight", "time_ms", "recent")
        }
        self._arrays: dict[str, Array] = {}
        self._seen = table.interned.seen()
        self._place_actions()
        self._place_contexts()
        self._company, self._recent = self._count_company()
        self.recency = before.recency if before else np.zeros(len(RECENCY_NAMES), np.float32)
        self._moment = np.zeros(len(table))
        self._own = np.zeros(self._rows_count, np.float32)
        self.factors = self._start()
        sweeps = options.sweeps if before is None else max(options.sweeps // 3, 1)
        if before is None:
            self._estimate(1)
        self._prior = self._priors()
        self._fit_recency()
        self._learn(sweeps)
        self._cross()
        self._learn(max(options.sweeps // 4, 1))
        self.foreseen = self._replay()
        self.model = GlobalModel(number, now_ms, self._layout(), self._all_arrays())

    def _learn(self, sweeps: int) -> None:
        """Estimate users and actions, and see what that foresees."""
        self._estimate(sweeps)
        self._fill_actions()
        self._prior = self._priors()
        self.foreseen = self._replay()

    def offsets(self) -> Array:
        """Return every example's score for everybody, as `GlobalModel.encode` gives it."""
        level = self.factors.action_mean[self._columns["action"], 0]
        found: Array = level + self._recent @ self.recency + self._moment
        return found

    # -- what the actions consist of

    def _place_actions(self) -> None:
        """Give the values of actions' fields their rows, and write down which action has which."""
        table = self.table
        names = [
            name
            for name in self._seen
            if name in (ACTION_FIELD, TOPIC_FIELD) or name.startswith("attribute ")
        ]
        texts = (ACTION_TEXT, [one.text for one in table.actions])
        vectors = (ACTION_VECTOR, [one.vector for one in table.actions])
        sizes = [len(one) for one in table.action_numbers]
        placed = self._placed(
            names,
            np.repeat(np.arange(len(sizes)), sizes),
            np.concatenate([np.array(one) for one in table.action_numbers]),
            np.concatenate([np.array(one) for one in table.action_weights]),
        )
        self._fields, self._action_values = self._with_dense(*placed, (texts, vectors))
        self._action_numbers = placed[1]
        self._rows_count = self._fields[-1].start + self._fields[-1].size
        ids = next(one for one in self._fields if one.name == ACTION_FIELD)
        self._id_start, self._ids = ids.start, ids.vocabulary or Vocabulary()
        self._row_of_action = np.array([self._ids.row(one.id) for one in table.actions])
        self._content = self._make_content()
        self._seeds = self._seed_features()

    def _place_contexts(self) -> None:
        """Give the values of moments' fields their rows."""
        table = self.table
        names = [name for name in self._seen if name in CONTEXT_FIELDS or name.startswith("context ")]
        texts = (CONTEXT_TEXT, [one.text for one in table.contexts])
        vectors = (CONTEXT_VECTOR, [one.vector for one in table.contexts])
        numbers = np.array(table.context_numbers)
        placed = self._placed(names, np.array(table.context_row), numbers, np.array(table.context_weights))
        self._context_fields, self._context_values = self._with_dense(*placed, (texts, vectors))
        last = self._context_fields[-1]
        self._context_rows_count = last.start + last.size

    def _placed(
        self, names: Sequence[str], row: Array, number: Array, weight: Array
    ) -> tuple[list[Field], tuple[Array, Array, Array, Array]]:
        """Return the fields, and of every value its row of the examples, field, row of the table and weight."""
        interned = self.table.interned
        fields: list[Field] = []
        start = 0
        for name in sorted(names):
            vocabulary = build_vocabulary(self._seen[name], self._options.vocabulary, self._now_ms)
            fields.append(Field(name, start, len(vocabulary), vocabulary))
            start += len(vocabulary)
        by_name = {one.name: (at, one) for at, one in enumerate(fields)}
        places = np.full((len(interned.counts), 2), -1)
        for (name, value), place in interned.numbers.items():
            at, one = by_name.get(name, (-1, None))
            if one and one.vocabulary:
                places[place] = at, one.start + one.vocabulary.row(value)
        return fields, (row, places[number, 0], places[number, 1], weight)

    def _with_dense(
        self,
        fields: list[Field],
        values: tuple[Array, Array, Array, Array],
        given: Sequence[tuple[str, Sequence[Any]]],
    ) -> tuple[list[Field], tuple[Array, Array, Array, Array]]:
        """Add fields for the numbers of texts and vectors."""
        parts = [values]
        for name, vectors in given:
            found = self._project(name, vectors)
            if found is None:
                continue
            there = np.flatnonzero([bool(one) for one in vectors])
            start, size = fields[-1].start + fields[-1].size, found.shape[1]
            rows, columns = np.repeat(there, size), np.tile(np.arange(start, start + size), len(there))
            parts.append((rows, np.full(len(rows), len(fields)), columns, found.ravel()))
            fields.append(Field(name, start, size, None, f"axes {name}"))
        row, field_, number, weight = (np.concatenate(one) for one in zip(*parts, strict=True))
        return fields, (row, field_, number, weight)

    def _make_content(self) -> Content:
        """Return what actions consist of; in place of an action's own row stand a constant, and its popularity.

        What an action is besides, its content does not foretell: that becomes its own row.
        """
        ids, start = len(self._ids), self._rows_count
        counts = np.bincount(
            self._row_of_action[self._columns["action"]], weights=self._columns["weight"], minlength=ids
        )
        self._popularity = np.log1p(counts) / 4 * (np.arange(ids) > 0)
        row, _, number, weight = self._action_values
        other = (number <= self._id_start) | (number >= self._id_start + ids)
        actions = np.arange(len(self._row_of_action))
        return Content(
            np.r_[row[other], actions, actions],
            np.r_[number[other], np.full(len(actions), start), np.full(len(actions), start + 1)],
            np.r_[weight[other], np.ones(len(actions)), self._popularity[self._row_of_action]],
            (len(actions), start + 2),
        )

    def _project(self, name: str, given: Sequence[Any]) -> Array | None:
        """Return the vectors of those who have one along their main axes; None when there are none."""
        there = [one for one in given if one]
        if len(there) < 2:
            return None
        if isinstance(there[0], str):
            encoder = best_encoder()
            for text in set(there) - self.vectors.keys():
                self.vectors[text] = encoder.encode(text)
            vectors = np.array([self.vectors[text] for text in there])
        else:
            if len({len(one) for one in there}) > 1:
                raise FieldError("vector", "vectors of different sizes", "one size for all of a training")
            vectors = np.array(there, np.float32)
        axes = main_axes(vectors, self._options.text_axes)
        self._arrays[f"axes {name}"] = axes
        return vectors @ axes

    def _seed_features(self) -> Array:
        """Return [A, S], the seed features of all actions, and set how much of them each value keeps."""
        table = self.table
        row, _, number, weight = self._action_numbers
        share = self._shares()
        self._arrays["seed_share"] = share.astype(np.float32)
        interned = np.concatenate([np.array(one) for one in table.action_numbers])
        parts = list(table.interned.numbers)
        known = {
            place: seed_features(Part(*parts[place]), self._seed_count) for place in set(interned.tolist())
        }
        each = np.array([known[place] for place in interned.tolist()]) * (weight * share[number])[:, None]
        return Groups(row, len(table.actions)).totals(each)

    def _shares(self) -> Array:
        """Return how much each value keeps of its seed features: less the more users have met it.

        What users have met is told apart by what was learned, and a feature drawn by lot would only disturb it.
        Ids keep hardly any: unlike an attribute's value, an id that is met once is seldom met again.
        """
        row, _, number, _ = self._action_numbers
        met = np.unique(
            self._columns["user"].astype(np.int64) * len(self.table.actions) + self._columns["action"]
        )
        users, actions = np.divmod(met, len(self.table.actions))
        order = np.argsort(row, kind="stable")
        sizes = np.bincount(row, minlength=len(self.table.actions))
        starts = np.cumsum(sizes) - sizes
        each = np.repeat(np.arange(len(met)), sizes[actions])
        within = np.arange(len(each)) - np.repeat(np.cumsum(sizes[actions]) - sizes[actions], sizes[actions])
        values = number[order][starts[actions][each] + within]
        pairs = np.unique(users[each] * self._rows_count + values)
        counts = np.bincount(pairs % self._rows_count, minlength=self._rows_count)
        share = np.sqrt(_SEED_TRUSTED / (_SEED_TRUSTED + counts))
        for one in self._fields:
            share[one.start] = 1.0
        ids = slice(self._id_start, self._id_start + len(self._ids))
        share[ids] = _ID_SHARE / np.sqrt(1.0 + counts[ids])
        share[self._id_start] = _ID_SHARE
        found: Array = share
        return found

    # -- what is estimated

    def _count_company(self) -> tuple[Company, Floats]:
        rows = self._row_of_action[self._columns["action"]]
        return count_company(rows, self._columns["recent"], self._columns["reward"], len(self._ids))

    def _estimate(self, sweeps: int) -> None:
        columns = self._columns
        seen = Observed(
            columns["user"],
            columns["action"],
            self._recent @ self.recency + self._moment,
            columns["reward"],
            columns["weight"],
        )
        estimation = Estimation(
            seen, self._content, self._seeds, factors=self.factors, strength=self._options.strength
        )
        for _ in range(sweeps):
            estimation.sweep()

    def _cross(self) -> None:
        """Cross moments with actions, in the form that foresees best what users and actions leave open."""
        columns, before = self._columns, self._before
        count = len(columns["user"])
        row, field_, number, weight = self._action_values
        other = (number < self._id_start) | (number >= self._id_start + len(self._ids))
        facts = row[other], field_[other], number[other], weight[other]
        # Few examples make few steps in a pass.
        epochs = self._options.epochs * (3 if count <= _TRIED_MAX else 1)
        moments = Moments(
            make_slots(count, len(self._context_fields), self._context_values),
            make_slots(count, len(self._context_fields), self._flags()),
            make_slots(len(self._row_of_action), len(self._fields), self._action_values),
            make_slots(len(self._row_of_action), len(self._fields), facts),
            self._row_of_action,
            np.unique(np.stack([columns["user"], columns["time_ms"] // DAY_MS]), axis=1, return_inverse=True)[
                1
            ].ravel(),
            columns["action"],
            self.foreseen.logit,
            columns["reward"],
            columns["weight"],
        )
        sizes = self._context_rows_count, self._rows_count
        if before and count < 2 * before.form_count:
            self.form, self.form_count = before.form, before.form_count
        else:
            tried = moments.take(np.arange(max(0, count - _TRIED_MAX), count))
            self.form = choose_crossing(tried, sizes=sizes, random=self._random, epochs=epochs)
            self.form_count = count
        crossing = train_crossing(moments, self.form, sizes=sizes, random=self._random, epochs=epochs)
        self._moment = crossing.logits(moments)
        # Serving finds it with the actions' own rows.
        self._own = crossing.arrays.pop("own")
        wide = crossing.arrays["wide"]
        shape = self._context_rows_count, len(wide) // self._context_rows_count
        self._arrays |= {**crossing.arrays, "wide": wide.reshape(shape)}

    def _flags(self) -> tuple[Array, Array, Array, Array]:
        """Return the values of moments that say where an example comes from."""
        row, field_, number, weight = self._context_values
        names = [one.name for one in self._context_fields]
        mine = field_ == (names.index(SOURCE_FIELD) if SOURCE_FIELD in names else -1)
        return row[mine], field_[mine], number[mine], weight[mine]

    def _start(self) -> Factors:
        users, actions = len(self.table.users), len(self.table.actions)
        size, factors = self._options.dimensions, self._factor_count
        variances = np.full(size, SEED_VARIANCE)
        variances[0] = SEED_BIAS_VARIANCE
        spread = np.full(1 + factors, _FACTOR_VARIANCE)
        spread[0] = _LEVEL_VARIANCE
        found = Factors(
            action_mean=self._random.standard_normal((actions, 1 + factors)) * np.sqrt(spread) * 0.5,
            action_covariance=np.tile(np.diag(spread) * 0.5, (actions, 1, 1)),
            content=np.zeros((self._content.values_count, 1 + factors)),
            user_mean=np.zeros((users, size)),
            user_covariance=np.tile(np.diag(variances) * 0.5, (users, 1, 1)),
            prior_mean=np.zeros(size),
            prior_covariance=np.diag(variances),
            action_prior=np.diag(spread),
        )
        found.action_mean[:, 0] = 0.0
        before = self._before.factors if self._before else None
        if before and before.action_mean.shape[1] == 1 + factors:
            found.action_mean[: len(before.action_mean)] = before.action_mean
            found.action_mean[len(before.action_mean) :] *= 0.1
            found.action_covariance[: len(before.action_mean)] = before.action_covariance
            found.user_mean[: len(before.user_mean)] = before.user_mean
            found.user_covariance[: len(before.user_mean)] = before.user_covariance
        return found

    # -- what serving needs

    def _fill_actions(self) -> None:
        """Write what each value adds into the tables, and what each action is besides into its own row."""
        content, known = self.factors.content, self.factors
        base, popular = content[-2], content[-1]
        rows = np.zeros((self._rows_count, content.shape[1]))
        rows[: len(content) - 2] = content[:-2]
        left = known.action_mean - self._content.foretell(content)
        weight = np.bincount(self._columns["action"], weights=self._columns["weight"], minlength=len(left))[
            :, None
        ]
        ids = len(self._ids)
        total, share = np.zeros((ids, left.shape[1])), np.zeros((ids, 1))
        np.add.at(total, self._row_of_action, left * weight)
        np.add.at(share, self._row_of_action, weight)
        own = total / np.maximum(share, 1e-9) + self._popularity[:, None] * popular
        rows[self._id_start + 1 : self._id_start + ids] = own[1:]
        # What the facts are worth in any moment was found beside the factors.
        rows[:, 0] += self._own
        self._arrays |= {"base": base.astype(np.float32), "action": rows.astype(np.float32)}

    def _priors(self) -> Prior:
        known = self.factors
        self._cohorts, of_user = self._cohorts_of_users()
        means, covariances = [known.prior_mean], [known.prior_covariance]
        for cohort in range(len(self._cohorts)):
            mine = of_user == cohort
            share = mine.sum() / (mine.sum() + _COHORT_TRUSTED)
            mean = known.prior_mean + share * (known.user_mean[mine].mean(axis=0) - known.prior_mean)
            apart = known.user_mean[mine] - mean
            spread = known.user_covariance[mine].mean(axis=0) + apart.T @ apart / mine.sum()
            means.append(mean)
            covariances.append(known.prior_covariance + share * (spread - known.prior_covariance))
        self._arrays["prior_means"] = np.array(means, np.float32)
        self._arrays["prior_covariances"] = np.array(covariances, np.float32)
        at = of_user + 1
        return Prior(self._arrays["prior_means"][at], self._arrays["prior_covariances"][at])

    def _cohorts_of_users(self) -> tuple[list[str], Array]:
        """Return the cohorts, and each user's by its place: the one named last; -1 for none."""
        attribute = self._options.cohort_attribute
        named = np.full(len(self.table.users), -1)
        if not attribute:
            return [], named
        cohorts: dict[str, int] = {}
        for user, places in enumerate(self.table.rows_of_user):
            name = self.table.contexts[places[-1]].attributes.get(attribute, "")
            if name:
                named[user] = cohorts.setdefault(name, len(cohorts))
        return list(cohorts), named

    def _replay(self) -> Foreseen:
        columns = self._columns
        features = np.hstack(
            [np.ones((len(self._seeds), 1)), self.factors.action_mean[:, 1:], self._seeds]
        ).astype(np.float32)
        past = Past(
            columns["user"],
            features[columns["action"]],
            self.offsets(),
            columns["reward"],
            columns["weight"],
            columns["time_ms"],
        )
        return replay(past, self._prior, self._options.forgetting)

    def _fit_recency(self) -> None:
        """Find the weights of the recency features (ridge, Newton's method).

        Beside actions' levels and users' biases alone: factors have seen the rewards that they explain, while
        company leaves an example's own out, and beside factors would be thought of less use than it is for what
        comes next.
        """
        features, columns = self._recent.astype(np.float64), self._columns
        rest = self.factors.action_mean[columns["action"], 0] + self._moment
        level = np.ones((len(rest), 1), np.float32)
        prior = Prior(self._prior.mean[:, :1], self._prior.covariance[:, :1, :1])
        past = Past(columns["user"], level, rest, columns["reward"], columns["weight"], columns["time_ms"])
        rest = replay(past, prior, self._options.forgetting).logit
        weights = self.recency.astype(np.float64)
        for _ in range(_RECENCY_STEPS):
            chance = 1 / (1 + np.exp(-(rest + features @ weights)))
            slope = columns["weight"] * chance * (1 - chance)
            pull = features.T @ (columns["weight"] * (columns["reward"] - chance)) - _RECENCY_RIDGE * weights
            bend = (features * slope[:, None]).T @ features + _RECENCY_RIDGE * np.eye(len(weights))
            weights = weights + np.linalg.solve(bend, pull)
        self.recency = weights.astype(np.float32)

    def _layout(self) -> Layout:
        return Layout(
            action_fields=tuple(self._fields),
            context_fields=() if self.form == "none" else tuple(self._context_fields),
            form=self.form,
            factors=self._factor_count,
            seeds=self._seed_count,
            encoder=best_encoder().name if self.vectors else "",
            cohort_attribute=self._options.cohort_attribute,
            cohorts=tuple(self._cohorts),
        )

    def _all_arrays(self) -> dict[str, Array]:
        found = {
            **self._arrays,
            "neighbours": self._company.neighbours,
            "likeness": self._company.likeness,
            "rates": self._company.rates,
            "recency": self.recency,
        }
        if self.form == "none":
            found |= nothing_crossed(self._rows_count, len(self._fields))
        return found


def main_axes(vectors: Array, count: int) -> Floats:
    """Return float32[size, count]: the directions in which vectors differ most (principal axes).

    Scaled so that a projection's numbers are about 1 in size together.
    """
    values, axes = np.linalg.eigh(np.cov(vectors.T, bias=True))
    kept = np.argsort(-values)[:count]
    kept = kept[values[kept] > 1e-9]
    spread = np.sqrt(values[kept].sum())
    found: Floats = (axes[:, kept] / max(spread, 1e-6)).astype(np.float32)
    return found
