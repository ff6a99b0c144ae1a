"""Which stored answers are served to which questions, rightly and wrongly, by Foreword and by others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path

from evaluations.answer_report import AnswerReport, make_report
from evaluations.question_pairs import Pair, read_pairs
from evaluations.rivals import ENVIRONMENT, NOTE, RIVALS, absent, served_by
from foreword.config import Config, Price
from foreword.embedding import load_embedder, similarity
from foreword.llm import Model, ModelError
from foreword.llm.prices import estimate_pico_usd
from foreword.tokens import count_tokens
from foreword.v1.core_pb2 import Core
from tiering.errors import UnusableAnswerError
from tiering.judging import OUTPUT_TOKENS_MAX, judge_request, read_verdict
from tiering.matching import difference
from tiering.private import private_reason
from tiering.question import normalise

EMBEDDING = "wordllama"
COSINES = (0.80, 0.90, 0.95)
# What a provider puts around a question and its schema.
_AROUND_TOKENS = 500

Progress = Callable[[str, int, int], object]


class Matching:
    """Whether the answer to a question is served to another, by the rules of `tiering`.

    Each pair is looked at alone, as if nothing else were stored.

    Args:
        config: The product's configuration.

    Raises:
        MissingExtraError: The extra `embeddings` is not installed.
    """

    def __init__(self, config: Config) -> None:
        self._locale = config.tiering.locale
        self._similarity_min = config.tiering.similarity_min
        self._embed = lru_cache(maxsize=2)(load_embedder(EMBEDDING).embed)

    def is_exact(self, pair: Pair) -> bool:
        """Return whether both have one normal form."""
        return normalise(pair.asked, self._locale) == normalise(pair.stored, self._locale)

    def cosine(self, pair: Pair) -> float:
        """Return the cosine of their vectors."""
        return similarity(self._embed(pair.asked), self._embed(pair.stored))

    def is_alike(self, pair: Pair, least: float) -> bool:
        """Return whether the cosine is at least so much: what most caches go by."""
        return self.cosine(pair) >= least

    def is_passed(self, pair: Pair) -> bool:
        """Return whether one is near the other, and the veto lets it pass; English alone has a veto."""
        is_english = self._locale.partition("-")[0].lower() == "en"
        is_near = is_english and self.is_alike(pair, self._similarity_min)
        return self.is_exact(pair) or (is_near and not difference(pair.asked, pair.stored))

    def is_guarded(self, pair: Pair) -> bool:
        """Return whether the mode `guarded` serves it: what may be private finds its own form alone."""
        return self.is_exact(pair) or (self.is_passed(pair) and not self._is_private(pair.asked))

    def judged(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Return those that the mode `verified` asks a model about."""
        return [pair for pair in dict.fromkeys(pairs) if self.is_guarded(pair) and not self.is_exact(pair)]

    def _is_private(self, question: str) -> bool:
        return bool(private_reason(question, conversation=(), standalone_question="", locale=self._locale))


def evaluate_answers(
    files: Sequence[Path],
    *,
    config: Config,
    model: Model | None = None,
    rivals: Path = ENVIRONMENT,
    on_progress: Progress = lambda _method, _done, _total: None,
) -> AnswerReport:
    """Try each way to find a stored answer on pairs of questions.

    Args:
        files: JSON lines of pairs, as `read_pairs` reads them.
        config: The product's configuration.
        model: Judges near questions, as in the mode `verified`; None leaves that row out.
        rivals: The virtual environment that has other caches; they are left out where there is none.
        on_progress: Told the method, how many of its pairs are done, and of how many.

    Raises:
        FieldError: A file cannot be read, or a line is no pair.
        MissingExtraError: The extra `embeddings` is not installed.
        ModelError: The model does not take questions of ours.
        ForewordError: Another cache does not run.
    """
    pairs, matching, notes = read_pairs(files), Matching(config), [_note(config)]
    ways: dict[str, Callable[[Pair], bool]] = {
        "normal form": matching.is_exact,
        **{f"cosine >= {least:.2f}": partial(matching.is_alike, least=least) for least in COSINES},
        "normal form, veto": matching.is_passed,
        "foreword": matching.is_guarded,
    }
    served = {way: [each(pair) for pair in pairs] for way, each in ways.items()}
    if model is not None:
        judged = matching.judged(pairs)
        verdicts = asyncio.run(_judge(judged, model, config, on_progress))
        served["foreword, verified"] = [matching.is_exact(pair) or bool(verdicts.get(pair)) for pair in pairs]
        lost = sum(verdict is None for verdict in verdicts.values())
        notes.append(
            f"{config.tiering.judge_model} was asked about {len(judged):,} pairs; {lost:,} answers were of no use."
        )
    notes.append(absent(rivals) or NOTE)
    for rival in () if absent(rivals) else RIVALS:
        served[rival] = served_by(rival, rivals, pairs, partial(on_progress, rival))
    return make_report(pairs, served, notes)


def most_pico_usd(files: Sequence[Path], config: Config, price: Price) -> int:
    """Return what the judge can cost at most, in pico-USD: every verdict at its longest.

    Raises:
        FieldError: A file cannot be read, or a line is no pair.
        MissingExtraError: The extra `embeddings` is not installed.
    """
    total = 0
    for pair in Matching(config).judged(read_pairs(files)):
        request = judge_request(pair.asked, Core(question=pair.stored), model=config.tiering.judge_model)
        tokens = count_tokens(request.instructions) + count_tokens(request.prompt) + _AROUND_TOKENS
        total += estimate_pico_usd(tokens, OUTPUT_TOKENS_MAX, price, in_batch=False)
    return total


async def _judge(
    pairs: Sequence[Pair], model: Model, config: Config, on_progress: Progress
) -> dict[Pair, bool | None]:
    """Return what the model says of each pair; None where it says nothing that can be used: that is not served."""
    verdicts: dict[Pair, bool | None] = {}
    places = asyncio.Semaphore(config.agent.calls_max)

    async def judge(pair: Pair) -> None:
        request = judge_request(pair.asked, Core(question=pair.stored), model=config.tiering.judge_model)
        try:
            async with places:
                verdicts[pair] = read_verdict(await model.ask(request))
        except UnusableAnswerError:
            verdicts[pair] = None
        except ModelError as error:
            if error.failure in ("unauthorized", "rejected"):
                raise
            verdicts[pair] = None
        on_progress("foreword, verified", len(verdicts), len(pairs))

    try:
        async with asyncio.TaskGroup() as group:
            for pair in pairs:
                group.create_task(judge(pair))
    except* ModelError as errors:
        raise errors.exceptions[0] from None
    finally:
        await model.close()
    return verdicts


def _note(config: Config) -> str:
    return (
        f"Each pair alone, as if nothing else were stored. Cosines are of {EMBEDDING}; veto: those of at least "
        f"{config.tiering.similarity_min} that differ in nothing; guarded: unless the answer may be the asker's own."
    )
