import datetime

from foreword.v1 import core_pb2 as _core_pb2
from foreword.v1 import profile_pb2 as _profile_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HitKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HIT_KIND_UNSPECIFIED: _ClassVar[HitKind]
    HIT_KIND_EXACT: _ClassVar[HitKind]
    HIT_KIND_ALIAS: _ClassVar[HitKind]
    HIT_KIND_SEMANTIC: _ClassVar[HitKind]
    HIT_KIND_GENERATED: _ClassVar[HitKind]
    HIT_KIND_JOINED: _ClassVar[HitKind]
    HIT_KIND_PRIVATE: _ClassVar[HitKind]
    HIT_KIND_FIRST_ASKER: _ClassVar[HitKind]

class PrivateReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRIVATE_REASON_UNSPECIFIED: _ClassVar[PrivateReason]
    PRIVATE_REASON_ASKER: _ClassVar[PrivateReason]
    PRIVATE_REASON_PERSONAL_DATA: _ClassVar[PrivateReason]
    PRIVATE_REASON_TIME: _ClassVar[PrivateReason]
    PRIVATE_REASON_CONVERSATION: _ClassVar[PrivateReason]
    PRIVATE_REASON_ACTION: _ClassVar[PrivateReason]
    PRIVATE_REASON_UNREADABLE: _ClassVar[PrivateReason]
    PRIVATE_REASON_ANSWER: _ClassVar[PrivateReason]

class WrapperKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WRAPPER_KIND_UNSPECIFIED: _ClassVar[WrapperKind]
    WRAPPER_KIND_DETERMINISTIC: _ClassVar[WrapperKind]
    WRAPPER_KIND_PLAN: _ClassVar[WrapperKind]
    WRAPPER_KIND_REWRITE: _ClassVar[WrapperKind]

class Tier(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIER_UNSPECIFIED: _ClassVar[Tier]
    TIER_CORE: _ClassVar[Tier]
    TIER_VERIFY: _ClassVar[Tier]
    TIER_WRAPPER: _ClassVar[Tier]
    TIER_PRIVATE: _ClassVar[Tier]
HIT_KIND_UNSPECIFIED: HitKind
HIT_KIND_EXACT: HitKind
HIT_KIND_ALIAS: HitKind
HIT_KIND_SEMANTIC: HitKind
HIT_KIND_GENERATED: HitKind
HIT_KIND_JOINED: HitKind
HIT_KIND_PRIVATE: HitKind
HIT_KIND_FIRST_ASKER: HitKind
PRIVATE_REASON_UNSPECIFIED: PrivateReason
PRIVATE_REASON_ASKER: PrivateReason
PRIVATE_REASON_PERSONAL_DATA: PrivateReason
PRIVATE_REASON_TIME: PrivateReason
PRIVATE_REASON_CONVERSATION: PrivateReason
PRIVATE_REASON_ACTION: PrivateReason
PRIVATE_REASON_UNREADABLE: PrivateReason
PRIVATE_REASON_ANSWER: PrivateReason
WRAPPER_KIND_UNSPECIFIED: WrapperKind
WRAPPER_KIND_DETERMINISTIC: WrapperKind
WRAPPER_KIND_PLAN: WrapperKind
WRAPPER_KIND_REWRITE: WrapperKind
TIER_UNSPECIFIED: Tier
TIER_CORE: Tier
TIER_VERIFY: Tier
TIER_WRAPPER: Tier
TIER_PRIVATE: Tier

class AppliedStyle(_message.Message):
    __slots__ = ("depth", "tone", "example_domains", "emphasis", "length", "locale")
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    TONE_FIELD_NUMBER: _ClassVar[int]
    EXAMPLE_DOMAINS_FIELD_NUMBER: _ClassVar[int]
    EMPHASIS_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    depth: _profile_pb2.Depth
    tone: str
    example_domains: _containers.RepeatedScalarFieldContainer[str]
    emphasis: _containers.RepeatedScalarFieldContainer[str]
    length: _profile_pb2.Length
    locale: str
    def __init__(self, depth: _Optional[_Union[_profile_pb2.Depth, str]] = ..., tone: _Optional[str] = ..., example_domains: _Optional[_Iterable[str]] = ..., emphasis: _Optional[_Iterable[str]] = ..., length: _Optional[_Union[_profile_pb2.Length, str]] = ..., locale: _Optional[str] = ...) -> None: ...

class TierCost(_message.Message):
    __slots__ = ("tier", "calls", "input_tokens", "output_tokens", "micro_usd")
    TIER_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    tier: Tier
    calls: int
    input_tokens: int
    output_tokens: int
    micro_usd: int
    def __init__(self, tier: _Optional[_Union[Tier, str]] = ..., calls: _Optional[int] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., micro_usd: _Optional[int] = ...) -> None: ...

class CoreFound(_message.Message):
    __slots__ = ("hit", "core_id", "age", "freshness", "private_reason", "core_question", "similarity")
    HIT_FIELD_NUMBER: _ClassVar[int]
    CORE_ID_FIELD_NUMBER: _ClassVar[int]
    AGE_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_REASON_FIELD_NUMBER: _ClassVar[int]
    CORE_QUESTION_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    hit: HitKind
    core_id: str
    age: _duration_pb2.Duration
    freshness: _core_pb2.CoreFreshness
    private_reason: PrivateReason
    core_question: str
    similarity: float
    def __init__(self, hit: _Optional[_Union[HitKind, str]] = ..., core_id: _Optional[str] = ..., age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., freshness: _Optional[_Union[_core_pb2.CoreFreshness, str]] = ..., private_reason: _Optional[_Union[PrivateReason, str]] = ..., core_question: _Optional[str] = ..., similarity: _Optional[float] = ...) -> None: ...

class AnswerDone(_message.Message):
    __slots__ = ("answer_id", "section_ids", "style", "wrapper", "fallback", "costs", "untiered_micro_usd", "profile_revision")
    ANSWER_ID_FIELD_NUMBER: _ClassVar[int]
    SECTION_IDS_FIELD_NUMBER: _ClassVar[int]
    STYLE_FIELD_NUMBER: _ClassVar[int]
    WRAPPER_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_FIELD_NUMBER: _ClassVar[int]
    COSTS_FIELD_NUMBER: _ClassVar[int]
    UNTIERED_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    PROFILE_REVISION_FIELD_NUMBER: _ClassVar[int]
    answer_id: str
    section_ids: _containers.RepeatedScalarFieldContainer[str]
    style: AppliedStyle
    wrapper: WrapperKind
    fallback: str
    costs: _containers.RepeatedCompositeFieldContainer[TierCost]
    untiered_micro_usd: int
    profile_revision: int
    def __init__(self, answer_id: _Optional[str] = ..., section_ids: _Optional[_Iterable[str]] = ..., style: _Optional[_Union[AppliedStyle, _Mapping]] = ..., wrapper: _Optional[_Union[WrapperKind, str]] = ..., fallback: _Optional[str] = ..., costs: _Optional[_Iterable[_Union[TierCost, _Mapping]]] = ..., untiered_micro_usd: _Optional[int] = ..., profile_revision: _Optional[int] = ...) -> None: ...

class AnswerExplanation(_message.Message):
    __slots__ = ("answer_id", "answered_at", "found", "done", "alias", "core", "served_count", "break_even_count")
    ANSWER_ID_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_AT_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    CORE_FIELD_NUMBER: _ClassVar[int]
    SERVED_COUNT_FIELD_NUMBER: _ClassVar[int]
    BREAK_EVEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    answer_id: str
    answered_at: _timestamp_pb2.Timestamp
    found: CoreFound
    done: AnswerDone
    alias: _core_pb2.CoreAlias
    core: _core_pb2.Core
    served_count: int
    break_even_count: int
    def __init__(self, answer_id: _Optional[str] = ..., answered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., found: _Optional[_Union[CoreFound, _Mapping]] = ..., done: _Optional[_Union[AnswerDone, _Mapping]] = ..., alias: _Optional[_Union[_core_pb2.CoreAlias, _Mapping]] = ..., core: _Optional[_Union[_core_pb2.Core, _Mapping]] = ..., served_count: _Optional[int] = ..., break_even_count: _Optional[int] = ...) -> None: ...

class AnswerTotals(_message.Message):
    __slots__ = ("hits", "costs", "untiered_micro_usd", "failed_count", "stale_count", "refused_count", "cache_bytes")
    class Hits(_message.Message):
        __slots__ = ("hit", "count")
        HIT_FIELD_NUMBER: _ClassVar[int]
        COUNT_FIELD_NUMBER: _ClassVar[int]
        hit: HitKind
        count: int
        def __init__(self, hit: _Optional[_Union[HitKind, str]] = ..., count: _Optional[int] = ...) -> None: ...
    HITS_FIELD_NUMBER: _ClassVar[int]
    COSTS_FIELD_NUMBER: _ClassVar[int]
    UNTIERED_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    FAILED_COUNT_FIELD_NUMBER: _ClassVar[int]
    STALE_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    CACHE_BYTES_FIELD_NUMBER: _ClassVar[int]
    hits: _containers.RepeatedCompositeFieldContainer[AnswerTotals.Hits]
    costs: _containers.RepeatedCompositeFieldContainer[TierCost]
    untiered_micro_usd: int
    failed_count: int
    stale_count: int
    refused_count: int
    cache_bytes: int
    def __init__(self, hits: _Optional[_Iterable[_Union[AnswerTotals.Hits, _Mapping]]] = ..., costs: _Optional[_Iterable[_Union[TierCost, _Mapping]]] = ..., untiered_micro_usd: _Optional[int] = ..., failed_count: _Optional[int] = ..., stale_count: _Optional[int] = ..., refused_count: _Optional[int] = ..., cache_bytes: _Optional[int] = ...) -> None: ...

class AuditedHit(_message.Message):
    __slots__ = ("met_at", "question", "core_question", "core_id", "similarity", "veto", "verdict", "was_served", "alias_id")
    MET_AT_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    CORE_QUESTION_FIELD_NUMBER: _ClassVar[int]
    CORE_ID_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    VETO_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    WAS_SERVED_FIELD_NUMBER: _ClassVar[int]
    ALIAS_ID_FIELD_NUMBER: _ClassVar[int]
    met_at: _timestamp_pb2.Timestamp
    question: str
    core_question: str
    core_id: str
    similarity: float
    veto: str
    verdict: str
    was_served: bool
    alias_id: str
    def __init__(self, met_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., question: _Optional[str] = ..., core_question: _Optional[str] = ..., core_id: _Optional[str] = ..., similarity: _Optional[float] = ..., veto: _Optional[str] = ..., verdict: _Optional[str] = ..., was_served: bool = ..., alias_id: _Optional[str] = ...) -> None: ...
