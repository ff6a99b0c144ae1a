"""Why an action came to its place: what moved its score, for everybody and for this user."""

from __future__ import annotations

import numpy as np

from foreword.v1.ranking_pb2 import RankingDecision, ScoreExplanation, ScorePart
from ranking.correction import Correction
from ranking.model import GlobalModel
from ranking.requests import read_action, read_context
from ranking.ring import Ring

# What is below moves no order, and fills a screen.
_EFFECT_MIN = 1e-4
_BIAS = "bias"


def explanations(
    model: GlobalModel, decision: RankingDecision, limit: int, correction: Correction | None = None
) -> list[ScoreExplanation]:
    """Return what moved the scores of the first offered actions, with the user's parameters as they were then.

    Args:
        model: The one that the decision was scored with.
        decision: As it was logged.
        limit: How many actions.
        correction: What the model is corrected by now.
    """
    context = read_context(decision.context, decision.time.ToMilliseconds())
    mean = np.asarray(decision.mean, np.float32)
    recent = Ring(tuple(decision.recent), tuple(decision.recent_times), tuple(decision.recent_rewards))
    found = []
    for candidate, score in zip(decision.offered[:limit], decision.scores, strict=False):
        action = read_action(candidate, len(candidate.vector))
        common = dict(model.explain(context, action, recent, model.prior(model.cohort(context)).mean))
        whole = dict(model.explain(context, action, recent, mean))
        if correction is not None:
            common = {name: correction.trust * effect for name, effect in common.items()}
            whole = {name: correction.trust * effect for name, effect in whole.items()}
        own = {name: whole.get(name, 0.0) - common.get(name, 0.0) for name in whole | common}
        for name, effect in correction.explain(context, action) if correction is not None else ():
            common[name] = common.get(name, 0.0) + effect
        parts = [*_parts(own, is_personal=True), *_parts(common, is_personal=False)]
        # The bias comes last, however great: it moves all candidates alike.
        parts.sort(key=lambda part: (part.feature == _BIAS, -abs(part.effect)))
        found.append(ScoreExplanation(action_id=candidate.action_id, score=score, parts=parts))
    return found


def _parts(effects: dict[str, float], *, is_personal: bool) -> list[ScorePart]:
    return [
        ScorePart(feature=name, effect=effect, is_personal=is_personal)
        for name, effect in effects.items()
        if abs(effect) >= _EFFECT_MIN
    ]
