"""Users and actions as Gaussians over a few common factors, estimated from who took what (variational Bayes)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

# Rows gathered at a time: 4,000 of 136 numbers stay within a core's cache of the second level.
_CHUNK_ROWS = 4_096
# What a logit's expected square is bounded by: where it is larger the bound is flat, and its curvature all but 0.
_SQUARE_MIN, _SQUARE_MAX = 1e-4, 400.0


class Groups:
    """Examples by their user, or by their action, for sums over each."""

    def __init__(self, keys: Array, count: int) -> None:
        self.order = np.argsort(keys, kind="stable")
        self.keys = keys[self.order]
        self.count = count
        self.sizes = np.bincount(keys, minlength=count)

    def sums(self, table: Array, index: Array, share: Array) -> Array:
        """Return `[count, width]`: for each group the sum of the rows `table[index]`, each times its share."""
        found = np.zeros((self.count, table.shape[1]), np.float64)
        table = np.ascontiguousarray(table, np.float32)
        index, share = index[self.order], share[self.order].astype(np.float32)
        for start in range(0, len(index), _CHUNK_ROWS):
            part = slice(start, start + _CHUNK_ROWS)
            keys = self.keys[part]
            firsts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
            found[keys[firsts]] += np.add.reduceat(table[index[part]] * share[part, None], firsts, axis=0)
        return found

    def totals(self, values: Array) -> Array:
        """Return `[count]` or `[count, width]`: the sums of values that each example has for itself."""
        values = values[self.order]
        shape = (self.count, *values.shape[1:])
        found = np.zeros(shape, np.float64)
        if len(values):
            firsts = np.flatnonzero(np.r_[True, self.keys[1:] != self.keys[:-1]])
            found[self.keys[firsts]] = np.add.reduceat(values, firsts, axis=0)
        return found


class Content:
    """What each action consists of besides being itself, as a sparse matrix; and what that foretells (ridge).

    Args:
        rows: Of the actions, one for each value.
        columns: Of the values.
        weights: How much each counts.
        shape: Actions and values.
    """

    def __init__(self, rows: Array, columns: Array, weights: Array, shape: tuple[int, int]) -> None:
        self._rows, self._columns, self._weights = rows, columns, weights.astype(np.float64)
        self._by_row, self._by_column = Groups(rows, shape[0]), Groups(columns, shape[1])
        self.values_count = shape[1]

    def foretell(self, weights: Array) -> Array:
        """Return `[actions, width]` from the values' `[values, width]`."""
        return self._by_row.sums(weights, self._columns, self._weights)

    def fit(self, wanted: Array, trust: Array, ridge: float, start: Array, steps: int = 10) -> Array:
        """Return values' weights that foretell `wanted`, each action trusted so much; by conjugate gradients."""

        def normal(weights: Array) -> Array:
            return self._back(self.foretell(weights) * trust[:, None]) + ridge * weights

        found = start.copy()
        left = self._back(wanted * trust[:, None]) - normal(found)
        towards = left.copy()
        length = (left * left).sum(axis=0)
        for _ in range(steps):
            moved = normal(towards)
            step = length / np.maximum((towards * moved).sum(axis=0), 1e-30)
            found += step * towards
            left -= step * moved
            now = (left * left).sum(axis=0)
            towards = left + now / np.maximum(length, 1e-30) * towards
            length = now
        return found

    def _back(self, values: Array) -> Array:
        return self._by_column.sums(values, self._rows, self._weights)


class Observed(NamedTuple):
    """Examples: `user` and `action` int[n]; `offset` (what else is known of the logit), `reward`, `weight` float[n]."""

    user: Array
    action: Array
    offset: Array
    reward: Array
    weight: Array


@dataclass(slots=True)
class Factors:
    """What is estimated. With L factors, S seed features and D = 1 + L + S.

    Attributes:
        action_mean: [A, 1 + L], each action's own score and factors.
        action_covariance: [A, 1 + L, 1 + L].
        content: [values, 1 + L], what the values of its fields add to both.
        user_mean: [U, D], each user's bias, weights of the factors, and of the seed features.
        user_covariance: [U, D, D].
        prior_mean, prior_covariance: [D], [D, D], of users.
        action_prior: [1 + L, 1 + L], how actions scatter around what their content foretells.
    """

    action_mean: Array
    action_covariance: Array
    content: Array
    user_mean: Array
    user_covariance: Array
    prior_mean: Array
    prior_covariance: Array
    action_prior: Array


class Strength(NamedTuple):
    """How much is assumed before anything is counted.

    Attributes:
        users: Users that the prior of users is worth.
        actions: Actions that the prior of actions is worth.
        ridge: How many actions must agree on a value before half of what they say is believed.
    """

    users: float = 20.0
    actions: float = 20.0
    ridge: float = 3.0


class Estimation:
    """Alternates between users and actions, each given the other with its uncertainty.

    The logistic likelihood is bounded by a Gaussian one that touches it at the present estimate (Jaakkola & Jordan,
    "Bayesian parameter estimation via variational methods", Statistics and Computing 10, 2000); priors of both
    sides are estimated along (empirical Bayes), each action's around what its content foretells.

    Args:
        seen: The examples.
        content: What the actions consist of.
        seeds: [A, S], fixed features that a user's weights are learned for, too.
        factors: Where to start; changed in place.
        strength: Of the priors.
    """

    def __init__(
        self, seen: Observed, content: Content, seeds: Array, *, factors: Factors, strength: Strength
    ) -> None:
        self._seen, self._content, self._seeds = seen, content, seeds
        self.factors, self._strength = factors, strength
        self._users = Groups(seen.user, len(factors.user_mean))
        self._actions = Groups(seen.action, len(factors.action_mean))
        self._assumed_users = factors.prior_covariance.copy()
        self._assumed_actions = factors.action_prior.copy()
        self._halved = seen.weight * (seen.reward - 0.5)
        # Whose examples count for less, such as a simulated user, says as much less of what users are like.
        met = np.maximum(np.bincount(seen.user, minlength=len(factors.user_mean)), 1)
        sums = np.bincount(seen.user, weights=seen.weight, minlength=len(factors.user_mean))
        self._trust = np.minimum(sums / met, 1.0)

    def sweep(self) -> None:
        """Improve users, then actions, then what is assumed of both."""
        self._estimate_users(self._curvature())
        self._estimate_actions(self._curvature())
        self._estimate_content()
        self._estimate_priors()

    def _curvature(self) -> Array:
        """Return twice Jaakkola's lambda for each example, times its weight."""
        known, seen = self.factors, self._seen
        factors = known.action_mean.shape[1] - 1
        # The logit is a product of two rows, and so is its square but for doubt; of the variances only the diagonals
        # count: where the bound touches matters little.
        level, ones = known.action_mean[:, :1], np.ones((len(known.action_mean), 1))
        actions = np.hstack([level, ones, known.action_mean[:, 1:], self._seeds]).astype(np.float32)
        users = np.hstack([np.ones((len(known.user_mean), 1)), known.user_mean]).astype(np.float32)
        spread, doubt = _diagonals(known.action_covariance), _diagonals(known.user_covariance)
        mine = known.user_mean[:, 1 : 1 + factors]
        theirs = known.action_mean[:, 1:] ** 2 + spread[:, 1:]
        of_actions = np.hstack([spread[:, :1], ones, spread[:, 1:], theirs]).astype(np.float32)
        of_users = np.hstack([users[:, :1], doubt[:, :1], mine**2, doubt[:, 1 : 1 + factors]]).astype(
            np.float32
        )
        found = np.empty(len(seen.user), np.float64)
        for start in range(0, len(found), _CHUNK_ROWS):
            part = slice(start, start + _CHUNK_ROWS)
            action, user = seen.action[part], seen.user[part]
            logit = seen.offset[part] + np.einsum("nk,nk->n", actions[action], users[user])
            square = logit**2 + np.einsum("nk,nk->n", of_actions[action], of_users[user])
            root = np.sqrt(np.clip(square, _SQUARE_MIN, _SQUARE_MAX))
            found[part] = np.tanh(root / 2) / (2 * root)
        return seen.weight * found

    def _estimate_users(self, curvature: Array) -> None:
        known, seen = self.factors, self._seen
        factors = known.action_mean.shape[1] - 1
        features = np.hstack([np.ones((len(self._seeds), 1)), known.action_mean[:, 1:], self._seeds])
        size = features.shape[1]
        moments = features[:, :, None] * features[:, None, :]
        moments[:, 1 : 1 + factors, 1 : 1 + factors] += known.action_covariance[:, 1:, 1:]
        biased = features * known.action_mean[:, :1]
        biased[:, 1 : 1 + factors] += known.action_covariance[:, 0, 1:]
        precision = unpack(self._users.sums(pack(moments), seen.action, curvature), size)
        pull = self._users.sums(features, seen.action, self._halved - curvature * seen.offset)
        pull -= self._users.sums(biased, seen.action, curvature)
        assumed = np.linalg.inv(known.prior_covariance)
        known.user_covariance = np.linalg.inv(precision + assumed)
        pull += assumed @ known.prior_mean
        known.user_mean = (known.user_covariance @ pull[:, :, None])[:, :, 0]

    def _estimate_actions(self, curvature: Array) -> None:
        known, seen = self.factors, self._seen
        size = known.action_mean.shape[1]
        features = known.user_mean[:, :size].copy()
        features[:, 0] = 1.0
        moments = features[:, :, None] * features[:, None, :]
        moments[:, 1:, 1:] += known.user_covariance[:, 1:size, 1:size]
        biased = features * known.user_mean[:, :1]
        biased[:, 1:] += known.user_covariance[:, 0, 1:size]
        seeded = (self._seeds[seen.action] * known.user_mean[seen.user, size:]).sum(axis=1)
        precision = unpack(self._actions.sums(pack(moments), seen.user, curvature), size)
        pull = self._actions.sums(features, seen.user, self._halved - curvature * (seen.offset + seeded))
        pull -= self._actions.sums(biased, seen.user, curvature)
        assumed = np.linalg.inv(known.action_prior)
        known.action_covariance = np.linalg.inv(precision + assumed)
        pull += self._content.foretell(known.content) @ assumed
        known.action_mean = (known.action_covariance @ pull[:, :, None])[:, :, 0]

    def _estimate_content(self) -> None:
        known = self.factors
        scatter = np.trace(known.action_prior)
        doubt = np.trace(known.action_covariance, axis1=1, axis2=2)
        # An action of which nothing is known stands where its content foretold: it must not confirm that.
        trust = np.maximum(scatter - doubt, 0.0) / scatter
        known.content = self._content.fit(known.action_mean, trust, self._strength.ridge, known.content)

    def _estimate_priors(self) -> None:
        known, strength = self.factors, self._strength
        actions, trust = len(known.action_mean), self._trust
        users = float(trust.sum()) + strength.users
        known.prior_mean = trust @ known.user_mean / users
        apart = known.user_mean - known.prior_mean
        known.prior_covariance = (
            strength.users * self._assumed_users
            + np.einsum("u,uij->ij", trust, known.user_covariance)
            + (apart * trust[:, None]).T @ apart
        ) / users
        left = known.action_mean - self._content.foretell(known.content)
        known.action_prior = (
            strength.actions * self._assumed_actions + known.action_covariance.sum(axis=0) + left.T @ left
        ) / (strength.actions + actions)


def pack(matrices: Array) -> Array:
    """Return the upper triangles of symmetric matrices, a row each, in 32 bits: half the memory to go through."""
    rows, columns = np.triu_indices(matrices.shape[1])
    return matrices[:, rows, columns].astype(np.float32)


def unpack(packed: Array, size: int) -> Array:
    """Return symmetric matrices from their upper triangles."""
    rows, columns = np.triu_indices(size)
    found = np.empty((len(packed), size, size), packed.dtype)
    found[:, rows, columns] = packed
    found[:, columns, rows] = packed
    return found


def _diagonals(matrices: Array) -> Array:
    return np.diagonal(matrices, axis1=1, axis2=2)
