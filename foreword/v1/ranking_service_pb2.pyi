import datetime

from foreword.v1 import event_pb2 as _event_pb2
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
    candidates: _containers.RepeatedCompositeFieldContainer[_ranking_pb2.Candidate]
    explore: bool
    limit: int
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., context: _Optional[_Union[_ranking_pb2.RankingContext, _Mapping]] = ..., candidates: _Optional[_Iterable[_Union[_ranking_pb2.Candidate, _Mapping]]] = ..., explore: bool = ..., limit: _Optional[int] = ...) -> None: ...

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
    order: _containers.RepeatedScalarFieldContainer[int]
    scores: _containers.RepeatedScalarFieldContainer[float]
    propensities: _containers.RepeatedScalarFieldContainer[float]
    model_version: int
    is_uniform: bool
    observation_count: int
    unknown: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, decision_id: _Optional[str] = ..., order: _Optional[_Iterable[int]] = ..., scores: _Optional[_Iterable[float]] = ..., propensities: _Optional[_Iterable[float]] = ..., model_version: _Optional[int] = ..., is_uniform: bool = ..., observation_count: _Optional[int] = ..., unknown: _Optional[_Iterable[int]] = ...) -> None: ...

class RecordFeedbackRequest(_message.Message):
    __slots__ = ("decision_id", "action_id", "user_id", "namespace", "action", "context", "feedback", "reward", "text", "feedback_id", "time")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    REWARD_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    action_id: str
    user_id: str
    namespace: str
    action: _ranking_pb2.Candidate
    context: _ranking_pb2.RankingContext
    feedback: _event_pb2.Feedback
    reward: float
    text: str
    feedback_id: str
    time: _timestamp_pb2.Timestamp
    def __init__(self, decision_id: _Optional[str] = ..., action_id: _Optional[str] = ..., user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., action: _Optional[_Union[_ranking_pb2.Candidate, _Mapping]] = ..., context: _Optional[_Union[_ranking_pb2.RankingContext, _Mapping]] = ..., feedback: _Optional[_Union[_event_pb2.Feedback, str]] = ..., reward: _Optional[float] = ..., text: _Optional[str] = ..., feedback_id: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RecordFeedbackResponse(_message.Message):
    __slots__ = ("accepted", "observation_count", "model_version")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_COUNT_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    accepted: bool
    observation_count: int
    model_version: int
    def __init__(self, accepted: bool = ..., observation_count: _Optional[int] = ..., model_version: _Optional[int] = ...) -> None: ...

class ExplainRankingRequest(_message.Message):
    __slots__ = ("decision_id", "limit")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    limit: int
    def __init__(self, decision_id: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ExplainRankingResponse(_message.Message):
    __slots__ = ("decision", "explanations", "absent")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    EXPLANATIONS_FIELD_NUMBER: _ClassVar[int]
    ABSENT_FIELD_NUMBER: _ClassVar[int]
    decision: _ranking_pb2.RankingDecision
    explanations: _containers.RepeatedCompositeFieldContainer[_ranking_pb2.ScoreExplanation]
    absent: str
    def __init__(self, decision: _Optional[_Union[_ranking_pb2.RankingDecision, _Mapping]] = ..., explanations: _Optional[_Iterable[_Union[_ranking_pb2.ScoreExplanation, _Mapping]]] = ..., absent: _Optional[str] = ...) -> None: ...
