"""One refresh, from the input the scheduler read to the result it writes; no store, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, replace

from foreword.config import Config
from foreword.naming import Names
from foreword.signs import signs_of
from foreword.topics import topic_key
from foreword.v1 import activity_pb2, event_pb2, profile_pb2
from scheduler.agent.affinity import rank
from scheduler.agent.apply import Refusal, apply
from scheduler.agent.evidence import Evidence, evidence_of
from scheduler.agent.extractive import EXTRACTIVE, EXTRACTIVE_VERSION, propose
from scheduler.agent.findings import Findings, find
from scheduler.agent.general import BUILT_IN, Generals, without_general
from scheduler.agent.history import History, refold, reopened
from scheduler.agent.limits import fit
from scheduler.agent.memory import Memory, decide, fold, to_proto
from scheduler.agent.name_users import names_among, user_mark
from scheduler.agent.population import PopulationDelta, PopulationView
from scheduler.agent.proposal import Proposal, Usage
from scheduler.agent.ranked import NOTHING_RANKED, RankedTopics, with_ranked
from scheduler.agent.recast import name_synonyms, recast_profile
from scheduler.agent.render import foreword, summary
from scheduler.agent.rows import drop
from scheduler.agent.saying import compose
from scheduler.agent.sections import fill
from scheduler.agent.statement import may_stand
from scheduler.agent.summary_embedding import put_summary_embedding
from scheduler.agent.upkeep import upkeep
from scheduler.agent.vetting import Vetting
from scheduler.agent.window import weigh

# Between the versions in `provenance.prompt_version`: of code, then of the prompt, where a model had a part.
VERSION_JOINT = "+"


@dataclass(frozen=True)
class RefreshInput:
    """All that one refresh may know.

    Attributes:
        user_id: The user.
        namespace: The tenant's space.
        now_ms: The time of the refresh, in ms since 1970; window weights are measured from it.
        segment: Number of the `Segment`.
        cadence: Number of the `Cadence`.
        activity: First and last seen and counts per day.
        new_events: Accepted since the last refresh, of any time; folded into the memory once.
        window_events: Not older than `now - window.days`, ascending by time, at most `window.events_max`;
            includes the new ones of that time.
        previous: The profile in force, or None; its memory holds every event consumed before.
        population: The users of the namespace, without `new_events`, and which of its topics mean the same.
        history: All events, where the profile is to be made from them alone; None else.
        generals: What users of the namespace are served as long as they have too few events.
        ranked: What ranking has learned of the user's topics; nothing where that is not taken in.
    """

    user_id: str
    namespace: str
    now_ms: int
    segment: int
    cadence: int
    activity: activity_pb2.UserActivity
    new_events: Sequence[event_pb2.Event]
    window_events: Sequence[event_pb2.Event]
    previous: profile_pb2.Profile | None
    population: PopulationView
    history: History | None = None
    generals: Generals = BUILT_IN
    ranked: RankedTopics = NOTHING_RANKED


@dataclass
class RefreshResult:
    """What the scheduler writes.

    Attributes:
        profile: Complete but for `revision`, which the store sets; its own `foreword` field is set.
        foreword: The text with its cuts, as in `profile.foreword`.
        is_default: Too few meaningful events; the profile is the default one and still carries the memory.
        usage: Tokens and cost of the proposals.
        population_delta: What the new events add to the namespace's population.
        refusals: Operations that were not applied, and why.
        applied_count: Operations applied of what was proposed beside code; with 0 and no product the profile is as
            code alone writes it.
    """

    profile: profile_pb2.Profile
    foreword: profile_pb2.Foreword
    is_default: bool
    population_delta: PopulationDelta
    usage: Usage = field(default_factory=Usage)
    refusals: list[Refusal] = field(default_factory=list)
    applied_count: int = 0


def refresh(refresh_input: RefreshInput, config: Config) -> RefreshResult:
    """Compute one user's profile and foreword by code alone.

    Raises:
        FieldError: The profile would break a limit; names the field at fault.
    """
    return complete(draft(refresh_input, config))


def code_version(provenance: profile_pb2.Provenance) -> str:
    """Return the version of code's own rules by which a revision was written, whether or not a model had a part."""
    return provenance.prompt_version.partition(VERSION_JOINT)[0]


@dataclass(frozen=True)
class Draft:
    """What code knows of a user before any provider is asked.

    Attributes:
        input: What the refresh was given.
        config: The configuration in force.
        memory: The memory with the new events in it.
        delta: What the new events add to the population.
        findings: What a provider is told; None below the cold-start limit, unless the user said something outright.
    """

    input: RefreshInput
    config: Config
    memory: Memory
    delta: PopulationDelta
    findings: Findings | None


def draft(refresh_input: RefreshInput, config: Config) -> Draft:
    """Read out of the events what can be counted; the first half of a refresh, without a provider."""
    synonyms = refresh_input.population.synonyms
    previous = recast_profile(refresh_input.previous, synonyms)
    previous = None if previous is None else without_general(previous)
    refresh_input = replace(refresh_input, previous=previous)
    signs = signs_of(config.agent.signs)
    current = evidence_of(refresh_input.window_events, previous, signs, synonyms)
    known = {item.event.event_id: item for item in current}
    # Most news is in the window too, and need not be read twice.
    late = [event for event in refresh_input.new_events if event.event_id not in known]
    known |= {item.event.event_id: item for item in evidence_of(late, previous, signs, synonyms)}
    news = [known[event.event_id] for event in refresh_input.new_events if event.event_id in known]
    words = config.foreword.words_of(refresh_input.namespace)
    remembered = previous.memory if previous is not None and previous.HasField("memory") else None
    history, removed = refresh_input.history, list[Evidence]()
    if history is None or previous is None:
        memory, delta = fold(remembered, news, config.window.half_life_days)
    else:
        kept = evidence_of(history.kept, previous, signs, synonyms)
        removed = evidence_of(history.removed, previous, signs, synonyms)
        known |= {item.event.event_id: item for item in kept}
        memory, delta = refold(remembered, kept, removed, history, config.window.half_life_days)
        previous = reopened(previous, removed, kept)
        refresh_input = replace(refresh_input, previous=previous)
    name_synonyms(memory, delta, news, removed, synonyms)
    users, mark = refresh_input.population.name_users, user_mark(refresh_input.user_id)
    # What models are told of a namespace names only what many of its users have.
    if words.policy == "shared" or config.asks_models():
        delta.names, delta.user_mark = _names_carried(memory, words.names()), mark
    decide(memory, current)
    is_cold = memory.events < config.cold_start.events_min
    if is_cold and not (memory.says_something() or any(item.corrects for item in current)):
        return Draft(refresh_input, config, memory, delta, None)
    is_cut = len(refresh_input.window_events) >= config.window.events_max
    window = weigh(current, refresh_input.now_ms, config.window, is_cut=is_cut)
    counted = rank(window, memory, refresh_input.population, refresh_input.now_ms)
    affinities = with_ranked(counted, refresh_input.ranked, config.ranking.profile_weight)
    news_ids = frozenset(item.event.event_id for item in news)
    findings = find(
        affinities,
        window,
        memory,
        refresh_input.population,
        names=words.names(lambda name: users.count(name, mark)),
        words=words.domain_words(),
        known=known,
        news=news_ids,
        active_days=len(refresh_input.activity.days),
        # A user whose first events these are does not yet count in the population.
        others=refresh_input.population.user_count - (1 - delta.user_count),
        others_share=lambda topic: _others_share(refresh_input.population, memory, delta, topic),
        signs=signs,
        is_cold=is_cold,
    )
    return Draft(refresh_input, config, memory, delta, findings)


def _others_share(
    population: PopulationView, memory: Memory, delta: PopulationDelta, topic: str
) -> float | None:
    """Return a topic's share of what other users did: the population holds all of the user's but the news."""
    own = memory.topics[topic].events - delta.topics.get(topic, (0.0, 0.0, 0))[2]
    return population.event_share(topic, own, memory.events - delta.event_count)


def _names_carried(memory: Memory, names: Names) -> frozenset[str]:
    """Return what a user's activity calls things: topics, attributes and types, but nothing sensitive.

    Of the memory rather than of the news, so that names are known soon after a namespace takes up the policy.
    """
    attributes = [word for field, value in memory.attributes for word in (field.replace("_", " "), value)]
    carried = [*(count.name() for count in memory.topics.values()), *attributes]
    return names_among(name for name in carried if not names.withholds(name))


def complete(drafted: Draft, proposals: Sequence[Proposal] = ()) -> RefreshResult:
    """Apply what code proposes, then what others do, and render it; the second half of a refresh.

    Args:
        drafted: What code knows of the user now, which may be more than a model knew when it was asked.
        proposals: What models propose, in order; an operation that does not hold now is refused alone.

    Raises:
        FieldError: The profile would break a limit; names the field at fault.
    """
    findings, previous = drafted.findings, drafted.input.previous
    if findings is None:
        return _default(drafted)
    counts = {topic: count.events for topic, count in drafted.memory.topics.items()}
    looked_at = [(each, Vetting(findings, each.operations, previous).vetted) for each in proposals]
    by_code = _by_code(drafted, findings)
    applied = apply([(by_code, None), *looked_at], previous, findings.known, counts)
    applied_counts = applied.counts[1:]
    # What code finds taken back by a rollback is no fault of a model's.
    refusals = applied.refusals[len(by_code.operations) - applied.counts[0] :]
    refused = {affinity.key for affinity in findings.low if affinity.is_refused}
    withdraw(applied.self_model, refused, findings.names)
    profile = profile_pb2.Profile(user_id=drafted.input.user_id, namespace=drafted.input.namespace)
    fill(profile, findings, previous)
    profile.self_model.CopyFrom(applied.self_model)
    profile.presentation.CopyFrom(applied.presentation)
    used = [
        each
        for each, count in zip(proposals, applied_counts, strict=True)
        if count or each.product is not None
    ]
    products = [each.product for each in used if each.product is not None]
    if products:
        profile.product.CopyFrom(products[-1])
    elif previous is not None and previous.HasField("product"):
        profile.product.CopyFrom(previous.product)
    sayings = compose(findings, applied.self_model)
    profile.semantic_summary = summary(sayings)
    profile.foreword.CopyFrom(foreword(sayings, drafted.config.foreword.tokens_max))
    put_summary_embedding(profile, previous, drafted.config.agent.embedding)
    _stamp(profile, drafted, used)
    fit(profile)
    return RefreshResult(
        profile,
        profile.foreword,
        False,
        drafted.delta,
        _sum(proposals),
        refusals,
        sum(applied_counts),
    )


def _by_code(drafted: Draft, findings: Findings) -> Proposal:
    previous, source = drafted.input.previous, drafted.input
    kept = upkeep(findings, previous, now_ms=source.now_ms, window_days=drafted.config.window.days)
    return Proposal([*propose(findings, previous), *kept])


def _default(drafted: Draft) -> RefreshResult:
    profile = profile_pb2.Profile()
    profile.CopyFrom(drafted.input.generals.of(to_proto(drafted.memory)))
    profile.user_id, profile.namespace = drafted.input.user_id, drafted.input.namespace
    _stamp(profile, drafted, ())
    return RefreshResult(profile, profile.foreword, True, drafted.delta)


def _sum(proposals: Iterable[Proposal]) -> Usage:
    usages = [each.usage for each in proposals]
    return Usage(
        sum(usage.input_tokens for usage in usages),
        sum(usage.output_tokens for usage in usages),
        sum(usage.cost_micro_usd for usage in usages),
    )


def withdraw(self_model: profile_pb2.SelfModel, refused: Set[str], names: Names) -> None:
    """Remove preferences for what the user said no to, and all that is sensitive, whoever proposed it and when.

    What a model proposed goes as well when a name in it may not be said any more.
    """
    withholds = names.withholds
    drop(self_model.preferences, lambda row: topic_key(row.value) in refused or withholds(row.value))
    drop(self_model.beliefs, lambda row: withholds(row.subject) or withholds(row.statement))
    drop(self_model.expertise, lambda row: withholds(row.area))
    drop(self_model.goals, lambda row: withholds(row.statement))
    drop(self_model.beliefs, lambda row: row.proposed_by and not may_stand(row.statement, names))
    drop(self_model.goals, lambda row: row.proposed_by and not may_stand(row.statement, names))
    drop(self_model.preferences, lambda row: row.proposed_by and not may_stand(row.value, names))
    drop(self_model.expertise, lambda row: row.proposed_by and names.name(row.area) is None)


def _stamp(profile: profile_pb2.Profile, drafted: Draft, used: Sequence[Proposal]) -> None:
    """Set who the profile is of, how it came to be, and the memory that the next refresh builds on.

    Args:
        profile: The profile.
        drafted: Where it comes from.
        used: The proposals of which something is in it.
    """
    source = drafted.input
    profile.computed_at.FromMilliseconds(source.now_ms)
    profile.segment = source.segment  # type: ignore[assignment]
    profile.segment_name = drafted.config.segments.name_of(source.segment)
    profile.cadence = source.cadence  # type: ignore[assignment]
    profile.memory.CopyFrom(to_proto(drafted.memory))
    if source.previous is not None and source.previous.HasField("rollback"):
        profile.rollback.CopyFrom(source.previous.rollback)
    provenance = profile.provenance
    provenance.generator = used[-1].proposed_by if used else EXTRACTIVE
    provenance.model = used[-1].model if used else ""
    versions = [EXTRACTIVE_VERSION, *(each.prompt_version for each in used[-1:])]
    provenance.prompt_version = VERSION_JOINT.join(versions)
    provenance.window.seconds = drafted.config.window.days * 86_400
    provenance.event_count = len(source.window_events)
    provenance.data_watermark.FromMilliseconds(drafted.memory.as_of_ms)
    provenance.cost_micro_usd = _sum(used).cost_micro_usd
