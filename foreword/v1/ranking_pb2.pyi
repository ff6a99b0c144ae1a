import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Candidate(_message.Message):
    __slots__ = ("action_id", "topics", "attributes", "text", "vector", "irreversible")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    IRREVERSIBLE_FIELD_NUMBER: _ClassVar[int]
    action_id: str
    topics: _containers.RepeatedScalarFieldContainer[str]
    attributes: _containers.ScalarMap[str, str]
    text: str
    vector: _containers.RepeatedScalarFieldContainer[float]
    irreversible: bool
    def __init__(self, action_id: _Optional[str] = ..., topics: _Optional[_Iterable[str]] = ..., attributes: _Optional[_Mapping[str, str]] = ..., text: _Optional[str] = ..., vector: _Optional[_Iterable[float]] = ..., irreversible: bool = ...) -> None: ...

class RankingContext(_message.Message):
    __slots__ = ("attributes", "text", "session_id")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    attributes: _containers.ScalarMap[str, str]
    text: str
    session_id: str
    def __init__(self, attributes: _Optional[_Mapping[str, str]] = ..., text: _Optional[str] = ..., session_id: _Optional[str] = ...) -> None: ...

class RankingDecision(_message.Message):
    __slots__ = ("decision_id", "user_id", "namespace", "time", "context", "offered", "scores", "propensities", "candidate_count", "model_version", "is_uniform", "observation_count", "mean", "recent", "recent_times", "recent_rewards")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    OFFERED_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    PROPENSITIES_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_COUNT_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    IS_UNIFORM_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_COUNT_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    RECENT_FIELD_NUMBER: _ClassVar[int]
    RECENT_TIMES_FIELD_NUMBER: _ClassVar[int]
    RECENT_REWARDS_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    user_id: str
    namespace: str
    time: _timestamp_pb2.Timestamp
    context: RankingContext
    offered: _containers.RepeatedCompositeFieldContainer[Candidate]
    scores: _containers.RepeatedScalarFieldContainer[float]
    propensities: _containers.RepeatedScalarFieldContainer[float]
    candidate_count: int
    model_version: int
    is_uniform: bool
    observation_count: int
    mean: _containers.RepeatedScalarFieldContainer[float]
    recent: _containers.RepeatedScalarFieldContainer[int]
    recent_times: _containers.RepeatedScalarFieldContainer[int]
    recent_rewards: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, decision_id: _Optional[str] = ..., user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., context: _Optional[_Union[RankingContext, _Mapping]] = ..., offered: _Optional[_Iterable[_Union[Candidate, _Mapping]]] = ..., scores: _Optional[_Iterable[float]] = ..., propensities: _Optional[_Iterable[float]] = ..., candidate_count: _Optional[int] = ..., model_version: _Optional[int] = ..., is_uniform: bool = ..., observation_count: _Optional[int] = ..., mean: _Optional[_Iterable[float]] = ..., recent: _Optional[_Iterable[int]] = ..., recent_times: _Optional[_Iterable[int]] = ..., recent_rewards: _Optional[_Iterable[float]] = ...) -> None: ...

class RankingBlock(_message.Message):
    __slots__ = ("model_version", "observation_count", "updated_at", "mean", "deviation")
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_COUNT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    DEVIATION_FIELD_NUMBER: _ClassVar[int]
    model_version: int
    observation_count: int
    updated_at: _timestamp_pb2.Timestamp
    mean: _containers.RepeatedScalarFieldContainer[float]
    deviation: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, model_version: _Optional[int] = ..., observation_count: _Optional[int] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., mean: _Optional[_Iterable[float]] = ..., deviation: _Optional[_Iterable[float]] = ...) -> None: ...

class ScorePart(_message.Message):
    __slots__ = ("feature", "effect", "is_personal")
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    IS_PERSONAL_FIELD_NUMBER: _ClassVar[int]
    feature: str
    effect: float
    is_personal: bool
    def __init__(self, feature: _Optional[str] = ..., effect: _Optional[float] = ..., is_personal: bool = ...) -> None: ...

class ScoreExplanation(_message.Message):
    __slots__ = ("action_id", "score", "parts")
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    action_id: str
    score: float
    parts: _containers.RepeatedCompositeFieldContainer[ScorePart]
    def __init__(self, action_id: _Optional[str] = ..., score: _Optional[float] = ..., parts: _Optional[_Iterable[_Union[ScorePart, _Mapping]]] = ...) -> None: ...

class RankingStatus(_message.Message):
    __slots__ = ("model_version", "decision_count", "feedback_count", "duplicate_count", "unknown_count", "unknown_candidate_count", "rebased_count", "other_version_count", "block_count", "logged_count", "unlogged_count")
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    DECISION_COUNT_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_COUNT_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_CANDIDATE_COUNT_FIELD_NUMBER: _ClassVar[int]
    REBASED_COUNT_FIELD_NUMBER: _ClassVar[int]
    OTHER_VERSION_COUNT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_COUNT_FIELD_NUMBER: _ClassVar[int]
    LOGGED_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNLOGGED_COUNT_FIELD_NUMBER: _ClassVar[int]
    model_version: int
    decision_count: int
    feedback_count: int
    duplicate_count: int
    unknown_count: int
    unknown_candidate_count: int
    rebased_count: int
    other_version_count: int
    block_count: int
    logged_count: int
    unlogged_count: int
    def __init__(self, model_version: _Optional[int] = ..., decision_count: _Optional[int] = ..., feedback_count: _Optional[int] = ..., duplicate_count: _Optional[int] = ..., unknown_count: _Optional[int] = ..., unknown_candidate_count: _Optional[int] = ..., rebased_count: _Optional[int] = ..., other_version_count: _Optional[int] = ..., block_count: _Optional[int] = ..., logged_count: _Optional[int] = ..., unlogged_count: _Optional[int] = ...) -> None: ...
