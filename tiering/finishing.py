"""What Foreword itself sets of a core, whoever wrote it."""

from __future__ import annotations

from collections.abc import Sequence

from foreword.llm import micro_usd
from foreword.v1.core_pb2 import Core, CoreOrigin
from tiering.accounts import Spent
from tiering.asked import check_tags
from tiering.cores import Asked


def finish(core: Core, asked: Asked, tags: Sequence[str], origin: CoreOrigin, now_ms: int) -> None:
    """Set what a core answers, where it belongs, how it came to be and when; add tags to its own.

    Raises:
        FieldError: There are too many tags with those.
    """
    every = list(dict.fromkeys((*core.tags, *tags)))
    check_tags(every)
    core.tags[:] = every
    core.namespace, core.locale, core.question = asked.namespace, asked.locale, asked.question
    core.origin = origin
    core.created_at.FromMilliseconds(now_ms)
    core.ClearField("core_id")
    core.ClearField("revisions")


def add_costs(core: Core, spent: Sequence[Spent]) -> None:
    """Set what writing a core cost."""
    usages = [each.usage for each in spent]
    core.input_tokens = sum(
        each.input_tokens + each.cache_read_tokens + each.cache_write_tokens for each in usages
    )
    core.output_tokens = sum(each.output_tokens for each in usages)
    core.cost_micro_usd = micro_usd(sum(each.pico_usd for each in spent))
