"""What `foreword answer` says of cores and answers."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.duration_pb2 import Duration

from foreword.cli.output import bytes_text, usd_text
from foreword.naming.messages import escaped, quoted
from foreword.v1.answer_pb2 import (
    AnswerDone,
    AnswerTotals,
    AppliedStyle,
    CoreFound,
    HitKind,
    PrivateReason,
    Tier,
    WrapperKind,
)
from foreword.v1.core_pb2 import Core, CoreFreshness, CoreOrigin, SectionKind
from foreword.v1.profile_pb2 import Depth, Length

_HITS = {
    HitKind.HIT_KIND_UNSPECIFIED: "nothing",
    HitKind.HIT_KIND_EXACT: "the core of this question",
    HitKind.HIT_KIND_GENERATED: "a core written for this call",
    HitKind.HIT_KIND_JOINED: "a core that another call was writing",
    HitKind.HIT_KIND_FIRST_ASKER: "no core: of a question that one user asked so far none is kept",
}
_PRIVATE = {
    PrivateReason.PRIVATE_REASON_ASKER: "is about the asker",
    PrivateReason.PRIVATE_REASON_PERSONAL_DATA: "carries personal data",
    PrivateReason.PRIVATE_REASON_TIME: "depends on when it is asked",
    PrivateReason.PRIVATE_REASON_CONVERSATION: "needs the conversation",
    PrivateReason.PRIVATE_REASON_ACTION: "wants something done",
    PrivateReason.PRIVATE_REASON_UNREADABLE: "cannot be read for certain",
    PrivateReason.PRIVATE_REASON_ANSWER: "has an answer that cannot be shared",
}
_FROM_CORES = (
    HitKind.HIT_KIND_EXACT,
    HitKind.HIT_KIND_ALIAS,
    HitKind.HIT_KIND_SEMANTIC,
    HitKind.HIT_KIND_GENERATED,
    HitKind.HIT_KIND_JOINED,
)
_WRAPPERS = {
    WrapperKind.WRAPPER_KIND_DETERMINISTIC: "by code",
    WrapperKind.WRAPPER_KIND_PLAN: "by a model's plan",
    WrapperKind.WRAPPER_KIND_REWRITE: "by a model",
}
_TIERS = {
    Tier.TIER_CORE: "core",
    Tier.TIER_VERIFY: "judging",
    Tier.TIER_WRAPPER: "words",
    Tier.TIER_PRIVATE: "this answer alone",
}
# Two such lines below each other show where they differ; --json has questions whole.
_QUESTION_CHARACTERS = 96
_UNITS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))


def found_text(found: CoreFound) -> str:
    """Return how the core of an answer was found."""
    if found.hit == HitKind.HIT_KIND_PRIVATE:
        return f"no core: the question {private_text(found.private_reason)}"
    if found.hit == HitKind.HIT_KIND_ALIAS:
        how = f"the core of {quoted(found.core_question)}, which asks the same"
    elif found.hit == HitKind.HIT_KIND_SEMANTIC:
        how = f"the core of the near question {quoted(found.core_question)} ({found.similarity:.2f})"
    else:
        how = _HITS.get(found.hit, "a way that this version does not know")
    if not found.HasField("age"):
        return how
    freshness = CoreFreshness.Name(found.freshness).removeprefix("CORE_FRESHNESS_").lower().replace("_", " ")
    return f"{how}, {age_text(found.age)} old, {freshness}"


def private_text(reason: PrivateReason) -> str:
    """Return why a question is not shared, with the question as its subject."""
    return _PRIVATE.get(reason, "is not shared")


def age_text(age: Duration) -> str:
    """Return a time in its largest unit of which there are two at least."""
    seconds = max(age.ToSeconds(), 0)
    size, name = next(((size, name) for size, name in _UNITS if seconds >= 2 * size), (1, "seconds"))
    return f"{seconds // size:,} {name}"


def style_text(style: AppliedStyle) -> str:
    """Return how an answer was presented."""
    depth = Depth.Name(style.depth).removeprefix("DEPTH_").lower()
    length = Length.Name(style.length).removeprefix("LENGTH_").lower()
    parts = [f"depth {depth}", f"length {length}", f"tone {style.tone or 'neutral'}"]
    if style.example_domains:
        parts.append(f"examples of {', '.join(style.example_domains)}")
    if style.emphasis:
        parts.append(f"first {', '.join(style.emphasis)}")
    return "; ".join(parts)


def words_text(done: AnswerDone) -> str:
    """Return what the words of an answer were made of, and how."""
    sections = f"of the sections {', '.join(done.section_ids)}" if done.section_ids else "of no section"
    how = f"{_WRAPPERS.get(done.wrapper, 'for this call')}, {sections}"
    return f"{how}; not as configured: {done.fallback}" if done.fallback else how


def profile_text(done: AnswerDone) -> str:
    """Return whose style it was."""
    return f"revision {done.profile_revision:,} of the profile" if done.profile_revision else "the default"


def cost_text(done: AnswerDone) -> str:
    """Return what an answer cost, beside what it would have cost untiered."""
    spent = usd_text(sum(cost.micro_usd for cost in done.costs))
    if not done.untiered_micro_usd:
        return f"{spent} USD"
    return f"{spent} USD, untiered {usd_text(done.untiered_micro_usd)} USD"


def cost_rows(done: AnswerDone) -> Iterator[tuple[object, ...]]:
    """Yield a row for each tier that something was spent on."""
    for cost in done.costs:
        tier = _TIERS.get(cost.tier, "unknown")
        yield tier, cost.calls, cost.input_tokens, cost.output_tokens, usd_text(cost.micro_usd)


def answer_rows(totals: AnswerTotals) -> Iterator[tuple[str, str]]:
    """Yield a row of all answers, and one of what they cost; nothing before the first one."""
    count = sum(row.count for row in totals.hits)
    if not (count or totals.failed_count):
        return
    shared = sum(row.count for row in totals.hits if row.hit in _FROM_CORES)
    yield (
        "answers",
        f"{count:,}: {shared:,} from cores, {count - shared:,} of one call, {totals.failed_count:,} failed",
    )
    spent = sum(cost.micro_usd for cost in totals.costs)
    saved = f", untiered {usd_text(totals.untiered_micro_usd)} USD" if totals.untiered_micro_usd else ""
    yield "answers cost", f"{usd_text(spent)} USD{saved}; cores take {bytes_text(totals.cache_bytes)}"


def origin_text(origin: CoreOrigin) -> str:
    """Return how a core came to be."""
    return CoreOrigin.Name(origin).removeprefix("CORE_ORIGIN_").lower()


def core_freshness_text(freshness: CoreFreshness) -> str:
    """Return how current a core is."""
    if freshness == CoreFreshness.CORE_FRESHNESS_UNSPECIFIED:
        return "gone"
    return CoreFreshness.Name(freshness).removeprefix("CORE_FRESHNESS_").lower().replace("_", " ")


def core_lines(core: Core) -> Iterator[str]:
    """Yield all that a core says, as Markdown."""
    yield f"# {' '.join(core.question.split())}"
    yield from filter(None, (core.lead_short, core.lead_standard))
    for section in core.sections:
        kind = SectionKind.Name(section.kind).removeprefix("SECTION_KIND_").lower()
        yield f"## {section.title or section.section_id} ({', '.join((kind, *section.tags))})"
        for depth in ("overview", "standard", "deep"):
            if text := getattr(section, depth):
                yield f"{depth.capitalize()}: {text}"
    for example in core.examples:
        yield f"Example{f' ({example.domain})' if example.domain else ''}: {example.text}"
    yield from (f"Always said: {caveat.text}" for caveat in core.caveats)
    yield from (f"Source: {source.title} {source.uri}".rstrip() for source in core.sources)


def shortened(question: str) -> str:
    """Return a question on one line, cut where it is long."""
    line = escaped(" ".join(question.split()))
    return line if len(line) <= _QUESTION_CHARACTERS else f"{line[: _QUESTION_CHARACTERS - 1].rstrip()}…"
