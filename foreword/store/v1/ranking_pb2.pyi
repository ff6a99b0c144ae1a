import datetime

from foreword.v1 import ranking_pb2 as _ranking_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RankActionsRequest(_message.Message):
    __slots__ = ("user_id", "namespace", "context", "candidates", "explore", "limit")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    EXPLORE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    context: _ranking_pb2.RankingContext
    candidates: _containers.RepeatedScalarFieldContainer[bytes]
    explore: bool
    limit: int
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., context: _Optional[_Union[_ranking_pb2.RankingContext, _Mapping]] = ..., candidates: _Optional[_Iterable[bytes]] = ..., explore: bool = ..., limit: _Optional[int] = ...) -> None: ...

class RankActionsResponse(_message.Message):
    __slots__ = ("decision_id", "order", "scores", "propensities", "model_version", "is_uniform", "observation_count", "unknown")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    PROPENSITIES_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    IS_UNIFORM_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    order: bytes
    scores: bytes
    propensities: bytes
    model_version: int
    is_uniform: bool
    observation_count: int
    unknown: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, decision_id: _Optional[str] = ..., order: _Optional[bytes] = ..., scores: _Optional[bytes] = ..., propensities: _Optional[bytes] = ..., model_version: _Optional[int] = ..., is_uniform: bool = ..., observation_count: _Optional[int] = ..., unknown: _Optional[_Iterable[int]] = ...) -> None: ...

class LoggedDecision(_message.Message):
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
    context: _ranking_pb2.RankingContext
    offered: _containers.RepeatedScalarFieldContainer[bytes]
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
    def __init__(self, decision_id: _Optional[str] = ..., user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., context: _Optional[_Union[_ranking_pb2.RankingContext, _Mapping]] = ..., offered: _Optional[_Iterable[bytes]] = ..., scores: _Optional[_Iterable[float]] = ..., propensities: _Optional[_Iterable[float]] = ..., candidate_count: _Optional[int] = ..., model_version: _Optional[int] = ..., is_uniform: bool = ..., observation_count: _Optional[int] = ..., mean: _Optional[_Iterable[float]] = ..., recent: _Optional[_Iterable[int]] = ..., recent_times: _Optional[_Iterable[int]] = ..., recent_rewards: _Optional[_Iterable[float]] = ...) -> None: ...
