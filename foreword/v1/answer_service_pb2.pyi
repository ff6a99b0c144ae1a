import datetime

from foreword.v1 import answer_pb2 as _answer_pb2
from foreword.v1 import core_pb2 as _core_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Turn(_message.Message):
    __slots__ = ("role", "text")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    role: str
    text: str
    def __init__(self, role: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class AnswerRequest(_message.Message):
    __slots__ = ("user_id", "namespace", "question", "standalone_question", "locale", "tags", "conversation", "cached_only")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    STANDALONE_QUESTION_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    CACHED_ONLY_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    question: str
    standalone_question: str
    locale: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    conversation: _containers.RepeatedCompositeFieldContainer[Turn]
    cached_only: bool
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., question: _Optional[str] = ..., standalone_question: _Optional[str] = ..., locale: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., conversation: _Optional[_Iterable[_Union[Turn, _Mapping]]] = ..., cached_only: bool = ...) -> None: ...

class AnswerResponse(_message.Message):
    __slots__ = ("found", "text", "done")
    FOUND_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    found: _answer_pb2.CoreFound
    text: str
    done: _answer_pb2.AnswerDone
    def __init__(self, found: _Optional[_Union[_answer_pb2.CoreFound, _Mapping]] = ..., text: _Optional[str] = ..., done: _Optional[_Union[_answer_pb2.AnswerDone, _Mapping]] = ...) -> None: ...

class PutCoreRequest(_message.Message):
    __slots__ = ("core", "markdown", "question", "namespace", "locale", "tags", "aliases", "replace", "claim")
    CORE_FIELD_NUMBER: _ClassVar[int]
    MARKDOWN_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    REPLACE_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    core: _core_pb2.Core
    markdown: str
    question: str
    namespace: str
    locale: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    aliases: _containers.RepeatedScalarFieldContainer[str]
    replace: bool
    claim: str
    def __init__(self, core: _Optional[_Union[_core_pb2.Core, _Mapping]] = ..., markdown: _Optional[str] = ..., question: _Optional[str] = ..., namespace: _Optional[str] = ..., locale: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., aliases: _Optional[_Iterable[str]] = ..., replace: bool = ..., claim: _Optional[str] = ...) -> None: ...

class PutCoreResponse(_message.Message):
    __slots__ = ("core", "stored", "refused_aliases", "unchanged")
    CORE_FIELD_NUMBER: _ClassVar[int]
    STORED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_ALIASES_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    core: _core_pb2.Core
    stored: bool
    refused_aliases: _containers.RepeatedScalarFieldContainer[str]
    unchanged: bool
    def __init__(self, core: _Optional[_Union[_core_pb2.Core, _Mapping]] = ..., stored: bool = ..., refused_aliases: _Optional[_Iterable[str]] = ..., unchanged: bool = ...) -> None: ...

class GetCoreRequest(_message.Message):
    __slots__ = ("core_id", "question", "namespace", "locale", "claim")
    CORE_ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    core_id: str
    question: str
    namespace: str
    locale: str
    claim: bool
    def __init__(self, core_id: _Optional[str] = ..., question: _Optional[str] = ..., namespace: _Optional[str] = ..., locale: _Optional[str] = ..., claim: bool = ...) -> None: ...

class GetCoreResponse(_message.Message):
    __slots__ = ("found", "core", "aliases", "claim", "pending")
    FOUND_FIELD_NUMBER: _ClassVar[int]
    CORE_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    found: _answer_pb2.CoreFound
    core: _core_pb2.Core
    aliases: _containers.RepeatedCompositeFieldContainer[_core_pb2.CoreAlias]
    claim: str
    pending: bool
    def __init__(self, found: _Optional[_Union[_answer_pb2.CoreFound, _Mapping]] = ..., core: _Optional[_Union[_core_pb2.Core, _Mapping]] = ..., aliases: _Optional[_Iterable[_Union[_core_pb2.CoreAlias, _Mapping]]] = ..., claim: _Optional[str] = ..., pending: bool = ...) -> None: ...

class WrapCoreRequest(_message.Message):
    __slots__ = ("core_id", "core", "user_id", "namespace", "locale")
    CORE_ID_FIELD_NUMBER: _ClassVar[int]
    CORE_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    core_id: str
    core: _core_pb2.Core
    user_id: str
    namespace: str
    locale: str
    def __init__(self, core_id: _Optional[str] = ..., core: _Optional[_Union[_core_pb2.Core, _Mapping]] = ..., user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., locale: _Optional[str] = ...) -> None: ...

class WrapCoreResponse(_message.Message):
    __slots__ = ("text", "section_ids", "style")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SECTION_IDS_FIELD_NUMBER: _ClassVar[int]
    STYLE_FIELD_NUMBER: _ClassVar[int]
    text: str
    section_ids: _containers.RepeatedScalarFieldContainer[str]
    style: _answer_pb2.AppliedStyle
    def __init__(self, text: _Optional[str] = ..., section_ids: _Optional[_Iterable[str]] = ..., style: _Optional[_Union[_answer_pb2.AppliedStyle, _Mapping]] = ...) -> None: ...

class InvalidateCoresRequest(_message.Message):
    __slots__ = ("tag", "core_id", "alias_id", "everything", "question", "namespace", "locale", "dry_run")
    TAG_FIELD_NUMBER: _ClassVar[int]
    CORE_ID_FIELD_NUMBER: _ClassVar[int]
    ALIAS_ID_FIELD_NUMBER: _ClassVar[int]
    EVERYTHING_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    tag: str
    core_id: str
    alias_id: str
    everything: bool
    question: str
    namespace: str
    locale: str
    dry_run: bool
    def __init__(self, tag: _Optional[str] = ..., core_id: _Optional[str] = ..., alias_id: _Optional[str] = ..., everything: bool = ..., question: _Optional[str] = ..., namespace: _Optional[str] = ..., locale: _Optional[str] = ..., dry_run: bool = ...) -> None: ...

class InvalidatedCore(_message.Message):
    __slots__ = ("core_id", "question", "origin", "met_by")
    CORE_ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    MET_BY_FIELD_NUMBER: _ClassVar[int]
    core_id: str
    question: str
    origin: _core_pb2.CoreOrigin
    met_by: str
    def __init__(self, core_id: _Optional[str] = ..., question: _Optional[str] = ..., origin: _Optional[_Union[_core_pb2.CoreOrigin, str]] = ..., met_by: _Optional[str] = ...) -> None: ...

class InvalidateCoresResponse(_message.Message):
    __slots__ = ("cores", "core_count", "alias_count", "epoch")
    CORES_FIELD_NUMBER: _ClassVar[int]
    CORE_COUNT_FIELD_NUMBER: _ClassVar[int]
    ALIAS_COUNT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    cores: _containers.RepeatedCompositeFieldContainer[InvalidatedCore]
    core_count: int
    alias_count: int
    epoch: int
    def __init__(self, cores: _Optional[_Iterable[_Union[InvalidatedCore, _Mapping]]] = ..., core_count: _Optional[int] = ..., alias_count: _Optional[int] = ..., epoch: _Optional[int] = ...) -> None: ...

class ExplainAnswerRequest(_message.Message):
    __slots__ = ("answer_id",)
    ANSWER_ID_FIELD_NUMBER: _ClassVar[int]
    answer_id: str
    def __init__(self, answer_id: _Optional[str] = ...) -> None: ...

class ExplainAnswerResponse(_message.Message):
    __slots__ = ("explanation",)
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    explanation: _answer_pb2.AnswerExplanation
    def __init__(self, explanation: _Optional[_Union[_answer_pb2.AnswerExplanation, _Mapping]] = ...) -> None: ...

class AuditAnswersRequest(_message.Message):
    __slots__ = ("count", "served_only", "namespace")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SERVED_ONLY_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    count: int
    served_only: bool
    namespace: str
    def __init__(self, count: _Optional[int] = ..., served_only: bool = ..., namespace: _Optional[str] = ...) -> None: ...

class AuditAnswersResponse(_message.Message):
    __slots__ = ("hits",)
    HITS_FIELD_NUMBER: _ClassVar[int]
    hits: _containers.RepeatedCompositeFieldContainer[_answer_pb2.AuditedHit]
    def __init__(self, hits: _Optional[_Iterable[_Union[_answer_pb2.AuditedHit, _Mapping]]] = ...) -> None: ...

class ListCoresRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "namespace")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    namespace: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., namespace: _Optional[str] = ...) -> None: ...

class CoreEntry(_message.Message):
    __slots__ = ("core_id", "namespace", "locale", "question", "tags", "origin", "model", "created_at", "freshness", "served_count", "section_count", "caveat_count", "source_count", "cost_micro_usd")
    CORE_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    SERVED_COUNT_FIELD_NUMBER: _ClassVar[int]
    SECTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    CAVEAT_COUNT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    COST_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    core_id: str
    namespace: str
    locale: str
    question: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    origin: _core_pb2.CoreOrigin
    model: str
    created_at: _timestamp_pb2.Timestamp
    freshness: _core_pb2.CoreFreshness
    served_count: int
    section_count: int
    caveat_count: int
    source_count: int
    cost_micro_usd: int
    def __init__(self, core_id: _Optional[str] = ..., namespace: _Optional[str] = ..., locale: _Optional[str] = ..., question: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., origin: _Optional[_Union[_core_pb2.CoreOrigin, str]] = ..., model: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., freshness: _Optional[_Union[_core_pb2.CoreFreshness, str]] = ..., served_count: _Optional[int] = ..., section_count: _Optional[int] = ..., caveat_count: _Optional[int] = ..., source_count: _Optional[int] = ..., cost_micro_usd: _Optional[int] = ...) -> None: ...

class ListCoresResponse(_message.Message):
    __slots__ = ("cores", "next_page_token")
    CORES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    cores: _containers.RepeatedCompositeFieldContainer[CoreEntry]
    next_page_token: str
    def __init__(self, cores: _Optional[_Iterable[_Union[CoreEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
