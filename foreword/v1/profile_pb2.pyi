import datetime

from google.protobuf import any_pb2 as _any_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Segment(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEGMENT_UNSPECIFIED: _ClassVar[Segment]
    SEGMENT_NEW: _ClassVar[Segment]
    SEGMENT_ACTIVE: _ClassVar[Segment]
    SEGMENT_SEMI_ACTIVE: _ClassVar[Segment]
    SEGMENT_DORMANT: _ClassVar[Segment]

class Cadence(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CADENCE_UNSPECIFIED: _ClassVar[Cadence]
    CADENCE_AFTER_SESSION: _ClassVar[Cadence]
    CADENCE_NIGHTLY: _ClassVar[Cadence]
    CADENCE_INTERVAL: _ClassVar[Cadence]
    CADENCE_ON_OPEN: _ClassVar[Cadence]
    CADENCE_CRON: _ClassVar[Cadence]
    CADENCE_MANUAL: _ClassVar[Cadence]
    CADENCE_NEVER: _ClassVar[Cadence]

class Depth(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEPTH_UNSPECIFIED: _ClassVar[Depth]
    DEPTH_OVERVIEW: _ClassVar[Depth]
    DEPTH_STANDARD: _ClassVar[Depth]
    DEPTH_DEEP: _ClassVar[Depth]

class Length(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LENGTH_UNSPECIFIED: _ClassVar[Length]
    LENGTH_SHORT: _ClassVar[Length]
    LENGTH_MEDIUM: _ClassVar[Length]
    LENGTH_LONG: _ClassVar[Length]

class EvidenceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVIDENCE_KIND_UNSPECIFIED: _ClassVar[EvidenceKind]
    EVIDENCE_KIND_ACTION: _ClassVar[EvidenceKind]
    EVIDENCE_KIND_STATEMENT: _ClassVar[EvidenceKind]
    EVIDENCE_KIND_FEEDBACK: _ClassVar[EvidenceKind]

class BeliefKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BELIEF_KIND_UNSPECIFIED: _ClassVar[BeliefKind]
    BELIEF_KIND_INTEREST: _ClassVar[BeliefKind]
    BELIEF_KIND_EXPERTISE: _ClassVar[BeliefKind]
    BELIEF_KIND_GOAL: _ClassVar[BeliefKind]
    BELIEF_KIND_PREFERENCE: _ClassVar[BeliefKind]
    BELIEF_KIND_CONSTRAINT: _ClassVar[BeliefKind]
    BELIEF_KIND_DISLIKE: _ClassVar[BeliefKind]

class BeliefSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BELIEF_SOURCE_UNSPECIFIED: _ClassVar[BeliefSource]
    BELIEF_SOURCE_EXPLICIT: _ClassVar[BeliefSource]
    BELIEF_SOURCE_BEHAVIOURAL: _ClassVar[BeliefSource]
    BELIEF_SOURCE_INFERRED: _ClassVar[BeliefSource]

class Stance(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STANCE_UNSPECIFIED: _ClassVar[Stance]
    STANCE_NO: _ClassVar[Stance]
    STANCE_YES: _ClassVar[Stance]
SEGMENT_UNSPECIFIED: Segment
SEGMENT_NEW: Segment
SEGMENT_ACTIVE: Segment
SEGMENT_SEMI_ACTIVE: Segment
SEGMENT_DORMANT: Segment
CADENCE_UNSPECIFIED: Cadence
CADENCE_AFTER_SESSION: Cadence
CADENCE_NIGHTLY: Cadence
CADENCE_INTERVAL: Cadence
CADENCE_ON_OPEN: Cadence
CADENCE_CRON: Cadence
CADENCE_MANUAL: Cadence
CADENCE_NEVER: Cadence
DEPTH_UNSPECIFIED: Depth
DEPTH_OVERVIEW: Depth
DEPTH_STANDARD: Depth
DEPTH_DEEP: Depth
LENGTH_UNSPECIFIED: Length
LENGTH_SHORT: Length
LENGTH_MEDIUM: Length
LENGTH_LONG: Length
EVIDENCE_KIND_UNSPECIFIED: EvidenceKind
EVIDENCE_KIND_ACTION: EvidenceKind
EVIDENCE_KIND_STATEMENT: EvidenceKind
EVIDENCE_KIND_FEEDBACK: EvidenceKind
BELIEF_KIND_UNSPECIFIED: BeliefKind
BELIEF_KIND_INTEREST: BeliefKind
BELIEF_KIND_EXPERTISE: BeliefKind
BELIEF_KIND_GOAL: BeliefKind
BELIEF_KIND_PREFERENCE: BeliefKind
BELIEF_KIND_CONSTRAINT: BeliefKind
BELIEF_KIND_DISLIKE: BeliefKind
BELIEF_SOURCE_UNSPECIFIED: BeliefSource
BELIEF_SOURCE_EXPLICIT: BeliefSource
BELIEF_SOURCE_BEHAVIOURAL: BeliefSource
BELIEF_SOURCE_INFERRED: BeliefSource
STANCE_UNSPECIFIED: Stance
STANCE_NO: Stance
STANCE_YES: Stance

class Profile(_message.Message):
    __slots__ = ("user_id", "namespace", "computed_at", "cadence", "segment", "revision", "content_preferences", "search_defaults", "notification_config", "self_model", "presentation", "semantic_summary", "foreword", "provenance", "product", "memory", "is_default", "summary_embedding", "rollback", "segment_name", "default_basis")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_AT_FIELD_NUMBER: _ClassVar[int]
    CADENCE_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CONTENT_PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    SEARCH_DEFAULTS_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATION_CONFIG_FIELD_NUMBER: _ClassVar[int]
    SELF_MODEL_FIELD_NUMBER: _ClassVar[int]
    PRESENTATION_FIELD_NUMBER: _ClassVar[int]
    SEMANTIC_SUMMARY_FIELD_NUMBER: _ClassVar[int]
    FOREWORD_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    IS_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    ROLLBACK_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_BASIS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    computed_at: _timestamp_pb2.Timestamp
    cadence: Cadence
    segment: Segment
    revision: int
    content_preferences: ContentPreferences
    search_defaults: SearchDefaults
    notification_config: NotificationConfig
    self_model: SelfModel
    presentation: Presentation
    semantic_summary: str
    foreword: Foreword
    provenance: Provenance
    product: _any_pb2.Any
    memory: Memory
    is_default: bool
    summary_embedding: Embedding
    rollback: Rollback
    segment_name: str
    default_basis: DefaultBasis
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., computed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cadence: _Optional[_Union[Cadence, str]] = ..., segment: _Optional[_Union[Segment, str]] = ..., revision: _Optional[int] = ..., content_preferences: _Optional[_Union[ContentPreferences, _Mapping]] = ..., search_defaults: _Optional[_Union[SearchDefaults, _Mapping]] = ..., notification_config: _Optional[_Union[NotificationConfig, _Mapping]] = ..., self_model: _Optional[_Union[SelfModel, _Mapping]] = ..., presentation: _Optional[_Union[Presentation, _Mapping]] = ..., semantic_summary: _Optional[str] = ..., foreword: _Optional[_Union[Foreword, _Mapping]] = ..., provenance: _Optional[_Union[Provenance, _Mapping]] = ..., product: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., memory: _Optional[_Union[Memory, _Mapping]] = ..., is_default: bool = ..., summary_embedding: _Optional[_Union[Embedding, _Mapping]] = ..., rollback: _Optional[_Union[Rollback, _Mapping]] = ..., segment_name: _Optional[str] = ..., default_basis: _Optional[_Union[DefaultBasis, _Mapping]] = ...) -> None: ...

class DefaultBasis(_message.Message):
    __slots__ = ("digest", "editorial_digest", "editorial_topic_count", "trending_topic_count", "user_count", "cohort_attribute", "cohort")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    EDITORIAL_DIGEST_FIELD_NUMBER: _ClassVar[int]
    EDITORIAL_TOPIC_COUNT_FIELD_NUMBER: _ClassVar[int]
    TRENDING_TOPIC_COUNT_FIELD_NUMBER: _ClassVar[int]
    USER_COUNT_FIELD_NUMBER: _ClassVar[int]
    COHORT_ATTRIBUTE_FIELD_NUMBER: _ClassVar[int]
    COHORT_FIELD_NUMBER: _ClassVar[int]
    digest: str
    editorial_digest: str
    editorial_topic_count: int
    trending_topic_count: int
    user_count: int
    cohort_attribute: str
    cohort: str
    def __init__(self, digest: _Optional[str] = ..., editorial_digest: _Optional[str] = ..., editorial_topic_count: _Optional[int] = ..., trending_topic_count: _Optional[int] = ..., user_count: _Optional[int] = ..., cohort_attribute: _Optional[str] = ..., cohort: _Optional[str] = ...) -> None: ...

class Rollback(_message.Message):
    __slots__ = ("revision", "requested_at", "data_watermark", "taken_back")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    DATA_WATERMARK_FIELD_NUMBER: _ClassVar[int]
    TAKEN_BACK_FIELD_NUMBER: _ClassVar[int]
    revision: int
    requested_at: _timestamp_pb2.Timestamp
    data_watermark: _timestamp_pb2.Timestamp
    taken_back: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, revision: _Optional[int] = ..., requested_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., data_watermark: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., taken_back: _Optional[_Iterable[int]] = ...) -> None: ...

class TopicAffinity(_message.Message):
    __slots__ = ("topic", "score", "evidence_count", "last_seen", "stance", "explanation")
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_FIELD_NUMBER: _ClassVar[int]
    STANCE_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    topic: str
    score: float
    evidence_count: int
    last_seen: _timestamp_pb2.Timestamp
    stance: Stance
    explanation: str
    def __init__(self, topic: _Optional[str] = ..., score: _Optional[float] = ..., evidence_count: _Optional[int] = ..., last_seen: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stance: _Optional[_Union[Stance, str]] = ..., explanation: _Optional[str] = ...) -> None: ...

class ContentPreferences(_message.Message):
    __slots__ = ("high_affinity_topics", "low_affinity_topics", "preferred_depth", "preferred_length_percentile")
    HIGH_AFFINITY_TOPICS_FIELD_NUMBER: _ClassVar[int]
    LOW_AFFINITY_TOPICS_FIELD_NUMBER: _ClassVar[int]
    PREFERRED_DEPTH_FIELD_NUMBER: _ClassVar[int]
    PREFERRED_LENGTH_PERCENTILE_FIELD_NUMBER: _ClassVar[int]
    high_affinity_topics: _containers.RepeatedCompositeFieldContainer[TopicAffinity]
    low_affinity_topics: _containers.RepeatedCompositeFieldContainer[TopicAffinity]
    preferred_depth: Depth
    preferred_length_percentile: int
    def __init__(self, high_affinity_topics: _Optional[_Iterable[_Union[TopicAffinity, _Mapping]]] = ..., low_affinity_topics: _Optional[_Iterable[_Union[TopicAffinity, _Mapping]]] = ..., preferred_depth: _Optional[_Union[Depth, str]] = ..., preferred_length_percentile: _Optional[int] = ...) -> None: ...

class ImplicitFilter(_message.Message):
    __slots__ = ("field", "value", "share", "evidence_count")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    field: str
    value: str
    share: float
    evidence_count: int
    def __init__(self, field: _Optional[str] = ..., value: _Optional[str] = ..., share: _Optional[float] = ..., evidence_count: _Optional[int] = ...) -> None: ...

class BoostSignal(_message.Message):
    __slots__ = ("field", "value", "weight")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    field: str
    value: str
    weight: float
    def __init__(self, field: _Optional[str] = ..., value: _Optional[str] = ..., weight: _Optional[float] = ...) -> None: ...

class SearchDefaults(_message.Message):
    __slots__ = ("implicit_filters", "boost_signals")
    IMPLICIT_FILTERS_FIELD_NUMBER: _ClassVar[int]
    BOOST_SIGNALS_FIELD_NUMBER: _ClassVar[int]
    implicit_filters: _containers.RepeatedCompositeFieldContainer[ImplicitFilter]
    boost_signals: _containers.RepeatedCompositeFieldContainer[BoostSignal]
    def __init__(self, implicit_filters: _Optional[_Iterable[_Union[ImplicitFilter, _Mapping]]] = ..., boost_signals: _Optional[_Iterable[_Union[BoostSignal, _Mapping]]] = ...) -> None: ...

class HourRange(_message.Message):
    __slots__ = ("start_hour", "end_hour")
    START_HOUR_FIELD_NUMBER: _ClassVar[int]
    END_HOUR_FIELD_NUMBER: _ClassVar[int]
    start_hour: int
    end_hour: int
    def __init__(self, start_hour: _Optional[int] = ..., end_hour: _Optional[int] = ...) -> None: ...

class NotificationConfig(_message.Message):
    __slots__ = ("trigger_topics", "suppress_topics", "quiet_hours_utc")
    TRIGGER_TOPICS_FIELD_NUMBER: _ClassVar[int]
    SUPPRESS_TOPICS_FIELD_NUMBER: _ClassVar[int]
    QUIET_HOURS_UTC_FIELD_NUMBER: _ClassVar[int]
    trigger_topics: _containers.RepeatedScalarFieldContainer[str]
    suppress_topics: _containers.RepeatedScalarFieldContainer[str]
    quiet_hours_utc: HourRange
    def __init__(self, trigger_topics: _Optional[_Iterable[str]] = ..., suppress_topics: _Optional[_Iterable[str]] = ..., quiet_hours_utc: _Optional[_Union[HourRange, _Mapping]] = ...) -> None: ...

class Evidence(_message.Message):
    __slots__ = ("event_id", "time", "kind")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    time: _timestamp_pb2.Timestamp
    kind: EvidenceKind
    def __init__(self, event_id: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[_Union[EvidenceKind, str]] = ...) -> None: ...

class Belief(_message.Message):
    __slots__ = ("belief_id", "statement", "confidence", "evidence", "evidence_count", "valid_from", "valid_to", "subject", "proposed_by", "kind", "source", "contradictions", "contradiction_count", "first_observed", "last_observed", "day_count")
    BELIEF_ID_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_TO_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_BY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CONTRADICTIONS_FIELD_NUMBER: _ClassVar[int]
    CONTRADICTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    FIRST_OBSERVED_FIELD_NUMBER: _ClassVar[int]
    LAST_OBSERVED_FIELD_NUMBER: _ClassVar[int]
    DAY_COUNT_FIELD_NUMBER: _ClassVar[int]
    belief_id: str
    statement: str
    confidence: float
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    evidence_count: int
    valid_from: _timestamp_pb2.Timestamp
    valid_to: _timestamp_pb2.Timestamp
    subject: str
    proposed_by: str
    kind: BeliefKind
    source: BeliefSource
    contradictions: _containers.RepeatedCompositeFieldContainer[Evidence]
    contradiction_count: int
    first_observed: _timestamp_pb2.Timestamp
    last_observed: _timestamp_pb2.Timestamp
    day_count: int
    def __init__(self, belief_id: _Optional[str] = ..., statement: _Optional[str] = ..., confidence: _Optional[float] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ..., evidence_count: _Optional[int] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., subject: _Optional[str] = ..., proposed_by: _Optional[str] = ..., kind: _Optional[_Union[BeliefKind, str]] = ..., source: _Optional[_Union[BeliefSource, str]] = ..., contradictions: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ..., contradiction_count: _Optional[int] = ..., first_observed: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_observed: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., day_count: _Optional[int] = ...) -> None: ...

class Expertise(_message.Message):
    __slots__ = ("area", "level", "evidence_count", "proposed_by", "evidence")
    AREA_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_BY_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    area: str
    level: float
    evidence_count: int
    proposed_by: str
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    def __init__(self, area: _Optional[str] = ..., level: _Optional[float] = ..., evidence_count: _Optional[int] = ..., proposed_by: _Optional[str] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ...) -> None: ...

class Goal(_message.Message):
    __slots__ = ("goal_id", "statement", "confidence", "evidence", "valid_from", "valid_to", "proposed_by", "source", "evidence_count", "day_count", "last_observed", "subject")
    GOAL_ID_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_FIELD_NUMBER: _ClassVar[int]
    VALID_TO_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_BY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    DAY_COUNT_FIELD_NUMBER: _ClassVar[int]
    LAST_OBSERVED_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    goal_id: str
    statement: str
    confidence: float
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    valid_from: _timestamp_pb2.Timestamp
    valid_to: _timestamp_pb2.Timestamp
    proposed_by: str
    source: BeliefSource
    evidence_count: int
    day_count: int
    last_observed: _timestamp_pb2.Timestamp
    subject: str
    def __init__(self, goal_id: _Optional[str] = ..., statement: _Optional[str] = ..., confidence: _Optional[float] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ..., valid_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., proposed_by: _Optional[str] = ..., source: _Optional[_Union[BeliefSource, str]] = ..., evidence_count: _Optional[int] = ..., day_count: _Optional[int] = ..., last_observed: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., subject: _Optional[str] = ...) -> None: ...

class Preference(_message.Message):
    __slots__ = ("key", "value", "confidence", "evidence_count", "proposed_by", "source", "evidence")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_BY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    confidence: float
    evidence_count: int
    proposed_by: str
    source: BeliefSource
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ..., confidence: _Optional[float] = ..., evidence_count: _Optional[int] = ..., proposed_by: _Optional[str] = ..., source: _Optional[_Union[BeliefSource, str]] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ...) -> None: ...

class SelfModel(_message.Message):
    __slots__ = ("beliefs", "expertise", "goals", "preferences")
    BELIEFS_FIELD_NUMBER: _ClassVar[int]
    EXPERTISE_FIELD_NUMBER: _ClassVar[int]
    GOALS_FIELD_NUMBER: _ClassVar[int]
    PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    beliefs: _containers.RepeatedCompositeFieldContainer[Belief]
    expertise: _containers.RepeatedCompositeFieldContainer[Expertise]
    goals: _containers.RepeatedCompositeFieldContainer[Goal]
    preferences: _containers.RepeatedCompositeFieldContainer[Preference]
    def __init__(self, beliefs: _Optional[_Iterable[_Union[Belief, _Mapping]]] = ..., expertise: _Optional[_Iterable[_Union[Expertise, _Mapping]]] = ..., goals: _Optional[_Iterable[_Union[Goal, _Mapping]]] = ..., preferences: _Optional[_Iterable[_Union[Preference, _Mapping]]] = ...) -> None: ...

class Presentation(_message.Message):
    __slots__ = ("depth", "tone", "example_domains", "emphasis", "length", "proposed_by", "locale")
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    TONE_FIELD_NUMBER: _ClassVar[int]
    EXAMPLE_DOMAINS_FIELD_NUMBER: _ClassVar[int]
    EMPHASIS_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_BY_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    depth: Depth
    tone: str
    example_domains: _containers.RepeatedScalarFieldContainer[str]
    emphasis: _containers.RepeatedScalarFieldContainer[str]
    length: Length
    proposed_by: str
    locale: str
    def __init__(self, depth: _Optional[_Union[Depth, str]] = ..., tone: _Optional[str] = ..., example_domains: _Optional[_Iterable[str]] = ..., emphasis: _Optional[_Iterable[str]] = ..., length: _Optional[_Union[Length, str]] = ..., proposed_by: _Optional[str] = ..., locale: _Optional[str] = ...) -> None: ...

class ForewordCut(_message.Message):
    __slots__ = ("byte_end", "token_count")
    BYTE_END_FIELD_NUMBER: _ClassVar[int]
    TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    byte_end: int
    token_count: int
    def __init__(self, byte_end: _Optional[int] = ..., token_count: _Optional[int] = ...) -> None: ...

class ForewordPart(_message.Message):
    __slots__ = ("kind", "text", "token_count")
    KIND_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    kind: str
    text: str
    token_count: int
    def __init__(self, kind: _Optional[str] = ..., text: _Optional[str] = ..., token_count: _Optional[int] = ...) -> None: ...

class Foreword(_message.Message):
    __slots__ = ("text", "token_count", "tokenizer", "cuts", "parts")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOKENIZER_FIELD_NUMBER: _ClassVar[int]
    CUTS_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    text: str
    token_count: int
    tokenizer: str
    cuts: _containers.RepeatedCompositeFieldContainer[ForewordCut]
    parts: _containers.RepeatedCompositeFieldContainer[ForewordPart]
    def __init__(self, text: _Optional[str] = ..., token_count: _Optional[int] = ..., tokenizer: _Optional[str] = ..., cuts: _Optional[_Iterable[_Union[ForewordCut, _Mapping]]] = ..., parts: _Optional[_Iterable[_Union[ForewordPart, _Mapping]]] = ...) -> None: ...

class Embedding(_message.Message):
    __slots__ = ("model", "dimensions", "values", "scale")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    model: str
    dimensions: int
    values: bytes
    scale: float
    def __init__(self, model: _Optional[str] = ..., dimensions: _Optional[int] = ..., values: _Optional[bytes] = ..., scale: _Optional[float] = ...) -> None: ...

class Provenance(_message.Message):
    __slots__ = ("generator", "model", "prompt_version", "window", "event_count", "data_watermark", "cost_micro_usd")
    GENERATOR_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROMPT_VERSION_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    DATA_WATERMARK_FIELD_NUMBER: _ClassVar[int]
    COST_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    generator: str
    model: str
    prompt_version: str
    window: _duration_pb2.Duration
    event_count: int
    data_watermark: _timestamp_pb2.Timestamp
    cost_micro_usd: int
    def __init__(self, generator: _Optional[str] = ..., model: _Optional[str] = ..., prompt_version: _Optional[str] = ..., window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., event_count: _Optional[int] = ..., data_watermark: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cost_micro_usd: _Optional[int] = ...) -> None: ...

class TopicSpelling(_message.Message):
    __slots__ = ("text", "event_count")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    text: str
    event_count: int
    def __init__(self, text: _Optional[str] = ..., event_count: _Optional[int] = ...) -> None: ...

class FadedCount(_message.Message):
    __slots__ = ("field", "value", "weight", "negative_weight", "event_count", "last_seen", "rating_sum", "rating_weight", "spellings", "stance", "stance_time", "short_day_sum", "long_day_sum", "last_day", "last_day_weight", "accepted_count", "rejected_count", "rating_total", "rating_count", "against_count")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_FIELD_NUMBER: _ClassVar[int]
    RATING_SUM_FIELD_NUMBER: _ClassVar[int]
    RATING_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    SPELLINGS_FIELD_NUMBER: _ClassVar[int]
    STANCE_FIELD_NUMBER: _ClassVar[int]
    STANCE_TIME_FIELD_NUMBER: _ClassVar[int]
    SHORT_DAY_SUM_FIELD_NUMBER: _ClassVar[int]
    LONG_DAY_SUM_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REJECTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    RATING_TOTAL_FIELD_NUMBER: _ClassVar[int]
    RATING_COUNT_FIELD_NUMBER: _ClassVar[int]
    AGAINST_COUNT_FIELD_NUMBER: _ClassVar[int]
    field: str
    value: str
    weight: float
    negative_weight: float
    event_count: int
    last_seen: _timestamp_pb2.Timestamp
    rating_sum: float
    rating_weight: float
    spellings: _containers.RepeatedCompositeFieldContainer[TopicSpelling]
    stance: Stance
    stance_time: _timestamp_pb2.Timestamp
    short_day_sum: float
    long_day_sum: float
    last_day: int
    last_day_weight: float
    accepted_count: int
    rejected_count: int
    rating_total: float
    rating_count: int
    against_count: int
    def __init__(self, field: _Optional[str] = ..., value: _Optional[str] = ..., weight: _Optional[float] = ..., negative_weight: _Optional[float] = ..., event_count: _Optional[int] = ..., last_seen: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., rating_sum: _Optional[float] = ..., rating_weight: _Optional[float] = ..., spellings: _Optional[_Iterable[_Union[TopicSpelling, _Mapping]]] = ..., stance: _Optional[_Union[Stance, str]] = ..., stance_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., short_day_sum: _Optional[float] = ..., long_day_sum: _Optional[float] = ..., last_day: _Optional[int] = ..., last_day_weight: _Optional[float] = ..., accepted_count: _Optional[int] = ..., rejected_count: _Optional[int] = ..., rating_total: _Optional[float] = ..., rating_count: _Optional[int] = ..., against_count: _Optional[int] = ...) -> None: ...

class RecentAct(_message.Message):
    __slots__ = ("time", "type", "item_id", "topics", "subject", "stance")
    TIME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    STANCE_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    type: str
    item_id: str
    topics: _containers.RepeatedScalarFieldContainer[str]
    subject: str
    stance: Stance
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., type: _Optional[str] = ..., item_id: _Optional[str] = ..., topics: _Optional[_Iterable[str]] = ..., subject: _Optional[str] = ..., stance: _Optional[_Union[Stance, str]] = ...) -> None: ...

class Offers(_message.Message):
    __slots__ = ("accepted_count", "rejected_count", "accepted_length_count", "accepted_length_sum", "rejected_length_count", "rejected_length_sum")
    ACCEPTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REJECTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_LENGTH_COUNT_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_LENGTH_SUM_FIELD_NUMBER: _ClassVar[int]
    REJECTED_LENGTH_COUNT_FIELD_NUMBER: _ClassVar[int]
    REJECTED_LENGTH_SUM_FIELD_NUMBER: _ClassVar[int]
    accepted_count: int
    rejected_count: int
    accepted_length_count: int
    accepted_length_sum: float
    rejected_length_count: int
    rejected_length_sum: float
    def __init__(self, accepted_count: _Optional[int] = ..., rejected_count: _Optional[int] = ..., accepted_length_count: _Optional[int] = ..., accepted_length_sum: _Optional[float] = ..., rejected_length_count: _Optional[int] = ..., rejected_length_sum: _Optional[float] = ...) -> None: ...

class Wish(_message.Message):
    __slots__ = ("key", "value", "time")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    time: _timestamp_pb2.Timestamp
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Memory(_message.Message):
    __slots__ = ("as_of", "half_life", "topics", "attributes", "hour_weights", "event_count", "total_weight", "mean_length", "length_weight", "rating_sum", "rating_square_sum", "rating_weight", "wishes", "short_day_sum", "long_day_sum", "last_day", "last_day_weight", "recent", "active_days", "first_seen", "offers", "rating_total", "rating_count", "is_partial")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    HALF_LIFE_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    HOUR_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    MEAN_LENGTH_FIELD_NUMBER: _ClassVar[int]
    LENGTH_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    RATING_SUM_FIELD_NUMBER: _ClassVar[int]
    RATING_SQUARE_SUM_FIELD_NUMBER: _ClassVar[int]
    RATING_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    WISHES_FIELD_NUMBER: _ClassVar[int]
    SHORT_DAY_SUM_FIELD_NUMBER: _ClassVar[int]
    LONG_DAY_SUM_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    RECENT_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_DAYS_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEEN_FIELD_NUMBER: _ClassVar[int]
    OFFERS_FIELD_NUMBER: _ClassVar[int]
    RATING_TOTAL_FIELD_NUMBER: _ClassVar[int]
    RATING_COUNT_FIELD_NUMBER: _ClassVar[int]
    IS_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    half_life: _duration_pb2.Duration
    topics: _containers.RepeatedCompositeFieldContainer[FadedCount]
    attributes: _containers.RepeatedCompositeFieldContainer[FadedCount]
    hour_weights: _containers.RepeatedScalarFieldContainer[float]
    event_count: int
    total_weight: float
    mean_length: float
    length_weight: float
    rating_sum: float
    rating_square_sum: float
    rating_weight: float
    wishes: _containers.RepeatedCompositeFieldContainer[Wish]
    short_day_sum: float
    long_day_sum: float
    last_day: int
    last_day_weight: float
    recent: _containers.RepeatedCompositeFieldContainer[RecentAct]
    active_days: _containers.RepeatedScalarFieldContainer[int]
    first_seen: _timestamp_pb2.Timestamp
    offers: Offers
    rating_total: float
    rating_count: int
    is_partial: bool
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., half_life: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., topics: _Optional[_Iterable[_Union[FadedCount, _Mapping]]] = ..., attributes: _Optional[_Iterable[_Union[FadedCount, _Mapping]]] = ..., hour_weights: _Optional[_Iterable[float]] = ..., event_count: _Optional[int] = ..., total_weight: _Optional[float] = ..., mean_length: _Optional[float] = ..., length_weight: _Optional[float] = ..., rating_sum: _Optional[float] = ..., rating_square_sum: _Optional[float] = ..., rating_weight: _Optional[float] = ..., wishes: _Optional[_Iterable[_Union[Wish, _Mapping]]] = ..., short_day_sum: _Optional[float] = ..., long_day_sum: _Optional[float] = ..., last_day: _Optional[int] = ..., last_day_weight: _Optional[float] = ..., recent: _Optional[_Iterable[_Union[RecentAct, _Mapping]]] = ..., active_days: _Optional[_Iterable[int]] = ..., first_seen: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., offers: _Optional[_Union[Offers, _Mapping]] = ..., rating_total: _Optional[float] = ..., rating_count: _Optional[int] = ..., is_partial: bool = ...) -> None: ...
