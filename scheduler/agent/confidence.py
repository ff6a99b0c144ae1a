"""How sure a belief is: computed from its evidence, never asserted by whoever proposed it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from foreword.clock import DAY_MS
from foreword.v1 import profile_pb2

# What a day's evidence counts for. What somebody says of themselves is known better than anything seen of them: one
# statement weighs as much as a dozen days of acts. Feedback is chosen; an act may be by the way.
_KIND_WEIGHT: Mapping[int, float] = {
    profile_pb2.EVIDENCE_KIND_STATEMENT: 12.0,
    profile_pb2.EVIDENCE_KIND_FEEDBACK: 2.0,
    profile_pb2.EVIDENCE_KIND_ACTION: 1.0,
}
# Evidence of this weight makes a belief as likely as not.
_HALF_WEIGHT = 4.0
CONFIDENCE_MAX = 0.98
"""Nothing about a person is certain."""
# Acts lose half their say in this many days of the user's own activity without another; words hold until other words.
_HALF_LIFE_DAYS = 180.0


def confidence(
    kinds: Sequence[int], count: int, days: int, *, against: int = 0, against_days: int = 0, age_ms: int = 0
) -> float:
    """Return how sure evidence makes, from 0 to 0.98: w / (w + a + 4), rounded to hundredths.

    w is what the evidence weighs: n events on d days count d × (1 + ½ log₂(n / d)), since those of one day say much the
    same, each for what its kind is worth (a statement 12, feedback 2, an act 1); acts and feedback lose half for each
    180 days by which all else that is known of the user is newer; all together weigh no less than the weightiest alone.
    a is what speaks against it, by number and days.

    Args:
        kinds: The `EvidenceKind` of each event kept; those that are not kept are taken to be like them.
        count: Events that support it, at least one.
        days: On how many days.
        against: Events that speak against it.
        against_days: On how many days.
        age_ms: From its newest evidence to the newest event of the user, in ms.
    """
    fade = 2.0 ** (-max(0, age_ms) / (_HALF_LIFE_DAYS * DAY_MS))
    worth = [
        _KIND_WEIGHT.get(kind, 0.0) * (1.0 if kind == profile_pb2.EVIDENCE_KIND_STATEMENT else fade)
        for kind in kinds
    ]
    mean = math.fsum(worth) / max(1, len(worth))
    # Acts beside a statement lower the mean, and make what was said no less sure.
    weight = max([_independent(count, days) * mean, *worth])
    opposed = _independent(against, against_days)
    return round(min(CONFIDENCE_MAX, weight / (weight + opposed + _HALF_WEIGHT)), 2)


def _independent(count: int, days: int) -> float:
    """Return how many independent observations so many events on so many days are worth."""
    spread = max(1, min(days, count))
    return spread * (1.0 + 0.5 * math.log2(count / spread)) if count else 0.0
