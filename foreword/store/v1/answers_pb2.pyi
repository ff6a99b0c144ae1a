from foreword.store.v1 import store_pb2 as _store_pb2
from foreword.v1 import answer_pb2 as _answer_pb2
from foreword.v1 import core_pb2 as _core_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StoredCore(_message.Message):
    __slots__ = ("core", "vector", "vector_model")
    CORE_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    VECTOR_MODEL_FIELD_NUMBER: _ClassVar[int]
    core: _core_pb2.Core
    vector: bytes
    vector_model: str
    def __init__(self, core: _Optional[_Union[_core_pb2.Core, _Mapping]] = ..., vector: _Optional[bytes] = ..., vector_model: _Optional[str] = ...) -> None: ...

class StoredAlias(_message.Message):
    __slots__ = ("core_id", "alias")
    CORE_ID_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    core_id: bytes
    alias: _core_pb2.CoreAlias
    def __init__(self, core_id: _Optional[bytes] = ..., alias: _Optional[_Union[_core_pb2.CoreAlias, _Mapping]] = ...) -> None: ...

class StoredAliases(_message.Message):
    __slots__ = ("alias_ids",)
    ALIAS_IDS_FIELD_NUMBER: _ClassVar[int]
    alias_ids: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, alias_ids: _Optional[_Iterable[bytes]] = ...) -> None: ...

class StoredChange(_message.Message):
    __slots__ = ("core_id",)
    CORE_ID_FIELD_NUMBER: _ClassVar[int]
    core_id: bytes
    def __init__(self, core_id: _Optional[bytes] = ...) -> None: ...

class LastChange(_message.Message):
    __slots__ = ("number",)
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    number: int
    def __init__(self, number: _Optional[int] = ...) -> None: ...

class TaggedCores(_message.Message):
    __slots__ = ("core_ids",)
    CORE_IDS_FIELD_NUMBER: _ClassVar[int]
    core_ids: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, core_ids: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Lease(_message.Message):
    __slots__ = ("fence", "until_ms", "holder")
    FENCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    fence: int
    until_ms: int
    holder: str
    def __init__(self, fence: _Optional[int] = ..., until_ms: _Optional[int] = ..., holder: _Optional[str] = ...) -> None: ...

class Epoch(_message.Message):
    __slots__ = ("epoch",)
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    def __init__(self, epoch: _Optional[int] = ...) -> None: ...

class StoredFailure(_message.Message):
    __slots__ = ("until_ms", "message", "private_reason")
    UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_REASON_FIELD_NUMBER: _ClassVar[int]
    until_ms: int
    message: str
    private_reason: _answer_pb2.PrivateReason
    def __init__(self, until_ms: _Optional[int] = ..., message: _Optional[str] = ..., private_reason: _Optional[_Union[_answer_pb2.PrivateReason, str]] = ...) -> None: ...

class StoredAskers(_message.Message):
    __slots__ = ("askers", "since_ms")
    ASKERS_FIELD_NUMBER: _ClassVar[int]
    SINCE_MS_FIELD_NUMBER: _ClassVar[int]
    askers: _containers.RepeatedScalarFieldContainer[bytes]
    since_ms: int
    def __init__(self, askers: _Optional[_Iterable[bytes]] = ..., since_ms: _Optional[int] = ...) -> None: ...

class AskerRows(_message.Message):
    __slots__ = ("keys",)
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, keys: _Optional[_Iterable[bytes]] = ...) -> None: ...

class StoredText(_message.Message):
    __slots__ = ("text", "section_ids")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SECTION_IDS_FIELD_NUMBER: _ClassVar[int]
    text: str
    section_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, text: _Optional[str] = ..., section_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class StoredExplanation(_message.Message):
    __slots__ = ("explanation",)
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    explanation: _answer_pb2.AnswerExplanation
    def __init__(self, explanation: _Optional[_Union[_answer_pb2.AnswerExplanation, _Mapping]] = ...) -> None: ...

class StoredAudit(_message.Message):
    __slots__ = ("hit", "namespace")
    HIT_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    hit: _answer_pb2.AuditedHit
    namespace: str
    def __init__(self, hit: _Optional[_Union[_answer_pb2.AuditedHit, _Mapping]] = ..., namespace: _Optional[str] = ...) -> None: ...

class RingEnd(_message.Message):
    __slots__ = ("number",)
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    number: int
    def __init__(self, number: _Optional[int] = ...) -> None: ...

class StoredUse(_message.Message):
    __slots__ = ("count", "untiered_pico_usd", "wrapper_pico_usd")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    UNTIERED_PICO_USD_FIELD_NUMBER: _ClassVar[int]
    WRAPPER_PICO_USD_FIELD_NUMBER: _ClassVar[int]
    count: int
    untiered_pico_usd: int
    wrapper_pico_usd: int
    def __init__(self, count: _Optional[int] = ..., untiered_pico_usd: _Optional[int] = ..., wrapper_pico_usd: _Optional[int] = ...) -> None: ...

class StoredTierCost(_message.Message):
    __slots__ = ("tier", "calls", "input_tokens", "output_tokens", "pico_usd")
    TIER_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PICO_USD_FIELD_NUMBER: _ClassVar[int]
    tier: _answer_pb2.Tier
    calls: int
    input_tokens: int
    output_tokens: int
    pico_usd: int
    def __init__(self, tier: _Optional[_Union[_answer_pb2.Tier, str]] = ..., calls: _Optional[int] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., pico_usd: _Optional[int] = ...) -> None: ...

class StoredTotals(_message.Message):
    __slots__ = ("counts", "costs", "untiered_pico_usd", "day", "day_pico_usd")
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    COSTS_FIELD_NUMBER: _ClassVar[int]
    UNTIERED_PICO_USD_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    DAY_PICO_USD_FIELD_NUMBER: _ClassVar[int]
    counts: _answer_pb2.AnswerTotals
    costs: _containers.RepeatedCompositeFieldContainer[StoredTierCost]
    untiered_pico_usd: int
    day: str
    day_pico_usd: int
    def __init__(self, counts: _Optional[_Union[_answer_pb2.AnswerTotals, _Mapping]] = ..., costs: _Optional[_Iterable[_Union[StoredTierCost, _Mapping]]] = ..., untiered_pico_usd: _Optional[int] = ..., day: _Optional[str] = ..., day_pico_usd: _Optional[int] = ...) -> None: ...

class Prewarming(_message.Message):
    __slots__ = ("last_number", "batches")
    LAST_NUMBER_FIELD_NUMBER: _ClassVar[int]
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    last_number: int
    batches: _containers.RepeatedCompositeFieldContainer[PrewarmBatch]
    def __init__(self, last_number: _Optional[int] = ..., batches: _Optional[_Iterable[_Union[PrewarmBatch, _Mapping]]] = ...) -> None: ...

class PrewarmBatch(_message.Message):
    __slots__ = ("number", "batch", "cores", "most_pico_usd")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    CORES_FIELD_NUMBER: _ClassVar[int]
    MOST_PICO_USD_FIELD_NUMBER: _ClassVar[int]
    number: int
    batch: _store_pb2.ModelBatch
    cores: _containers.RepeatedCompositeFieldContainer[_core_pb2.Core]
    most_pico_usd: int
    def __init__(self, number: _Optional[int] = ..., batch: _Optional[_Union[_store_pb2.ModelBatch, _Mapping]] = ..., cores: _Optional[_Iterable[_Union[_core_pb2.Core, _Mapping]]] = ..., most_pico_usd: _Optional[int] = ...) -> None: ...

class Prewarmed(_message.Message):
    __slots__ = ("places",)
    PLACES_FIELD_NUMBER: _ClassVar[int]
    places: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, places: _Optional[_Iterable[int]] = ...) -> None: ...
