import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SectionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SECTION_KIND_UNSPECIFIED: _ClassVar[SectionKind]
    SECTION_KIND_EXPLANATION: _ClassVar[SectionKind]
    SECTION_KIND_STEPS: _ClassVar[SectionKind]
    SECTION_KIND_REFERENCE: _ClassVar[SectionKind]
    SECTION_KIND_BACKGROUND: _ClassVar[SectionKind]
    SECTION_KIND_TROUBLESHOOTING: _ClassVar[SectionKind]

class CoreOrigin(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CORE_ORIGIN_UNSPECIFIED: _ClassVar[CoreOrigin]
    CORE_ORIGIN_GENERATED: _ClassVar[CoreOrigin]
    CORE_ORIGIN_CURATED: _ClassVar[CoreOrigin]
    CORE_ORIGIN_PREWARMED: _ClassVar[CoreOrigin]

class CoreFreshness(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CORE_FRESHNESS_UNSPECIFIED: _ClassVar[CoreFreshness]
    CORE_FRESHNESS_FRESH: _ClassVar[CoreFreshness]
    CORE_FRESHNESS_STALE: _ClassVar[CoreFreshness]
    CORE_FRESHNESS_STALE_IF_ERROR: _ClassVar[CoreFreshness]
SECTION_KIND_UNSPECIFIED: SectionKind
SECTION_KIND_EXPLANATION: SectionKind
SECTION_KIND_STEPS: SectionKind
SECTION_KIND_REFERENCE: SectionKind
SECTION_KIND_BACKGROUND: SectionKind
SECTION_KIND_TROUBLESHOOTING: SectionKind
CORE_ORIGIN_UNSPECIFIED: CoreOrigin
CORE_ORIGIN_GENERATED: CoreOrigin
CORE_ORIGIN_CURATED: CoreOrigin
CORE_ORIGIN_PREWARMED: CoreOrigin
CORE_FRESHNESS_UNSPECIFIED: CoreFreshness
CORE_FRESHNESS_FRESH: CoreFreshness
CORE_FRESHNESS_STALE: CoreFreshness
CORE_FRESHNESS_STALE_IF_ERROR: CoreFreshness

class CoreSection(_message.Message):
    __slots__ = ("section_id", "kind", "title", "tags", "overview", "standard", "deep")
    SECTION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    OVERVIEW_FIELD_NUMBER: _ClassVar[int]
    STANDARD_FIELD_NUMBER: _ClassVar[int]
    DEEP_FIELD_NUMBER: _ClassVar[int]
    section_id: str
    kind: SectionKind
    title: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    overview: str
    standard: str
    deep: str
    def __init__(self, section_id: _Optional[str] = ..., kind: _Optional[_Union[SectionKind, str]] = ..., title: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., overview: _Optional[str] = ..., standard: _Optional[str] = ..., deep: _Optional[str] = ...) -> None: ...

class CoreCaveat(_message.Message):
    __slots__ = ("caveat_id", "text")
    CAVEAT_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    caveat_id: str
    text: str
    def __init__(self, caveat_id: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class CoreExample(_message.Message):
    __slots__ = ("domain", "text")
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    domain: str
    text: str
    def __init__(self, domain: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class CoreSource(_message.Message):
    __slots__ = ("title", "uri")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    title: str
    uri: str
    def __init__(self, title: _Optional[str] = ..., uri: _Optional[str] = ...) -> None: ...

class CoreRevisions(_message.Message):
    __slots__ = ("model", "prompt", "corpus", "epoch")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    CORPUS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    model: str
    prompt: str
    corpus: str
    epoch: int
    def __init__(self, model: _Optional[str] = ..., prompt: _Optional[str] = ..., corpus: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...

class Core(_message.Message):
    __slots__ = ("core_id", "namespace", "locale", "question", "lead_short", "lead_standard", "sections", "caveats", "examples", "sources", "tags", "revisions", "origin", "created_at", "cost_micro_usd", "input_tokens", "output_tokens")
    CORE_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    LEAD_SHORT_FIELD_NUMBER: _ClassVar[int]
    LEAD_STANDARD_FIELD_NUMBER: _ClassVar[int]
    SECTIONS_FIELD_NUMBER: _ClassVar[int]
    CAVEATS_FIELD_NUMBER: _ClassVar[int]
    EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    REVISIONS_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    COST_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    core_id: str
    namespace: str
    locale: str
    question: str
    lead_short: str
    lead_standard: str
    sections: _containers.RepeatedCompositeFieldContainer[CoreSection]
    caveats: _containers.RepeatedCompositeFieldContainer[CoreCaveat]
    examples: _containers.RepeatedCompositeFieldContainer[CoreExample]
    sources: _containers.RepeatedCompositeFieldContainer[CoreSource]
    tags: _containers.RepeatedScalarFieldContainer[str]
    revisions: CoreRevisions
    origin: CoreOrigin
    created_at: _timestamp_pb2.Timestamp
    cost_micro_usd: int
    input_tokens: int
    output_tokens: int
    def __init__(self, core_id: _Optional[str] = ..., namespace: _Optional[str] = ..., locale: _Optional[str] = ..., question: _Optional[str] = ..., lead_short: _Optional[str] = ..., lead_standard: _Optional[str] = ..., sections: _Optional[_Iterable[_Union[CoreSection, _Mapping]]] = ..., caveats: _Optional[_Iterable[_Union[CoreCaveat, _Mapping]]] = ..., examples: _Optional[_Iterable[_Union[CoreExample, _Mapping]]] = ..., sources: _Optional[_Iterable[_Union[CoreSource, _Mapping]]] = ..., tags: _Optional[_Iterable[str]] = ..., revisions: _Optional[_Union[CoreRevisions, _Mapping]] = ..., origin: _Optional[_Union[CoreOrigin, str]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cost_micro_usd: _Optional[int] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ...) -> None: ...

class CoreAlias(_message.Message):
    __slots__ = ("alias_id", "question", "judged_by", "created_at")
    ALIAS_ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    JUDGED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    alias_id: str
    question: str
    judged_by: str
    created_at: _timestamp_pb2.Timestamp
    def __init__(self, alias_id: _Optional[str] = ..., question: _Optional[str] = ..., judged_by: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
