from foreword.v1 import backfill_pb2 as _backfill_pb2
from foreword.v1 import erasure_pb2 as _erasure_pb2
from foreword.v1 import model_status_pb2 as _model_status_pb2
from foreword.v1 import profile_pb2 as _profile_pb2
from foreword.v1 import profile_change_pb2 as _profile_change_pb2
from foreword.v1 import topic_alias_pb2 as _topic_alias_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BatchStage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BATCH_STAGE_UNSPECIFIED: _ClassVar[BatchStage]
    BATCH_STAGE_INTENDED: _ClassVar[BatchStage]
    BATCH_STAGE_SENT: _ClassVar[BatchStage]
BATCH_STAGE_UNSPECIFIED: BatchStage
BATCH_STAGE_INTENDED: BatchStage
BATCH_STAGE_SENT: BatchStage

class RatePrior(_message.Message):
    __slots__ = ("shape", "exposure")
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    EXPOSURE_FIELD_NUMBER: _ClassVar[int]
    shape: float
    exposure: float
    def __init__(self, shape: _Optional[float] = ..., exposure: _Optional[float] = ...) -> None: ...

class PolicyInForce(_message.Message):
    __slots__ = ("opens_per_day", "opens_per_event", "changes_per_event", "returns_came", "returns_left", "threshold", "computed_ms", "budget", "expected", "expected_sum", "actual_sum", "users", "newcomers")
    OPENS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    OPENS_PER_EVENT_FIELD_NUMBER: _ClassVar[int]
    CHANGES_PER_EVENT_FIELD_NUMBER: _ClassVar[int]
    RETURNS_CAME_FIELD_NUMBER: _ClassVar[int]
    RETURNS_LEFT_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    COMPUTED_MS_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_SUM_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_SUM_FIELD_NUMBER: _ClassVar[int]
    USERS_FIELD_NUMBER: _ClassVar[int]
    NEWCOMERS_FIELD_NUMBER: _ClassVar[int]
    opens_per_day: RatePrior
    opens_per_event: RatePrior
    changes_per_event: RatePrior
    returns_came: float
    returns_left: float
    threshold: float
    computed_ms: int
    budget: float
    expected: float
    expected_sum: float
    actual_sum: float
    users: int
    newcomers: float
    def __init__(self, opens_per_day: _Optional[_Union[RatePrior, _Mapping]] = ..., opens_per_event: _Optional[_Union[RatePrior, _Mapping]] = ..., changes_per_event: _Optional[_Union[RatePrior, _Mapping]] = ..., returns_came: _Optional[float] = ..., returns_left: _Optional[float] = ..., threshold: _Optional[float] = ..., computed_ms: _Optional[int] = ..., budget: _Optional[float] = ..., expected: _Optional[float] = ..., expected_sum: _Optional[float] = ..., actual_sum: _Optional[float] = ..., users: _Optional[int] = ..., newcomers: _Optional[float] = ...) -> None: ...

class ErasureReceipt(_message.Message):
    __slots__ = ("erased_ms", "counts")
    ERASED_MS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    erased_ms: int
    counts: _containers.RepeatedCompositeFieldContainer[_erasure_pb2.StoreCount]
    def __init__(self, erased_ms: _Optional[int] = ..., counts: _Optional[_Iterable[_Union[_erasure_pb2.StoreCount, _Mapping]]] = ...) -> None: ...

class SchedulerProblem(_message.Message):
    __slots__ = ("message", "since_ms")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SINCE_MS_FIELD_NUMBER: _ClassVar[int]
    message: str
    since_ms: int
    def __init__(self, message: _Optional[str] = ..., since_ms: _Optional[int] = ...) -> None: ...

class SchedulerProblems(_message.Message):
    __slots__ = ("problems",)
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    problems: _containers.RepeatedCompositeFieldContainer[SchedulerProblem]
    def __init__(self, problems: _Optional[_Iterable[_Union[SchedulerProblem, _Mapping]]] = ...) -> None: ...

class ModelHealth(_message.Message):
    __slots__ = ("segments", "providers")
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    segments: _containers.RepeatedCompositeFieldContainer[_model_status_pb2.SegmentModel]
    providers: _containers.RepeatedCompositeFieldContainer[_model_status_pb2.ModelProvider]
    def __init__(self, segments: _Optional[_Iterable[_Union[_model_status_pb2.SegmentModel, _Mapping]]] = ..., providers: _Optional[_Iterable[_Union[_model_status_pb2.ModelProvider, _Mapping]]] = ...) -> None: ...

class Population(_message.Message):
    __slots__ = ("as_of_ms", "topics", "total_weight", "user_count", "length_weights", "names", "event_count")
    AS_OF_MS_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    USER_COUNT_FIELD_NUMBER: _ClassVar[int]
    LENGTH_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    as_of_ms: int
    topics: _containers.RepeatedCompositeFieldContainer[_profile_pb2.FadedCount]
    total_weight: float
    user_count: int
    length_weights: _containers.RepeatedScalarFieldContainer[float]
    names: _containers.RepeatedCompositeFieldContainer[NameUsers]
    event_count: int
    def __init__(self, as_of_ms: _Optional[int] = ..., topics: _Optional[_Iterable[_Union[_profile_pb2.FadedCount, _Mapping]]] = ..., total_weight: _Optional[float] = ..., user_count: _Optional[int] = ..., length_weights: _Optional[_Iterable[float]] = ..., names: _Optional[_Iterable[_Union[NameUsers, _Mapping]]] = ..., event_count: _Optional[int] = ...) -> None: ...

class NameUsers(_message.Message):
    __slots__ = ("name", "user_marks")
    NAME_FIELD_NUMBER: _ClassVar[int]
    USER_MARKS_FIELD_NUMBER: _ClassVar[int]
    name: str
    user_marks: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., user_marks: _Optional[_Iterable[int]] = ...) -> None: ...

class ModelBatch(_message.Message):
    __slots__ = ("stage", "intended_ms", "batch_id", "provider", "model", "item_count", "polled_ms", "error")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    INTENDED_MS_FIELD_NUMBER: _ClassVar[int]
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ITEM_COUNT_FIELD_NUMBER: _ClassVar[int]
    POLLED_MS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    stage: BatchStage
    intended_ms: int
    batch_id: str
    provider: str
    model: str
    item_count: int
    polled_ms: int
    error: str
    def __init__(self, stage: _Optional[_Union[BatchStage, str]] = ..., intended_ms: _Optional[int] = ..., batch_id: _Optional[str] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., item_count: _Optional[int] = ..., polled_ms: _Optional[int] = ..., error: _Optional[str] = ...) -> None: ...

class TopicAliases(_message.Message):
    __slots__ = ("aliases", "split_topics", "version")
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    SPLIT_TOPICS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    aliases: _containers.RepeatedCompositeFieldContainer[_topic_alias_pb2.TopicAlias]
    split_topics: _containers.RepeatedScalarFieldContainer[str]
    version: int
    def __init__(self, aliases: _Optional[_Iterable[_Union[_topic_alias_pb2.TopicAlias, _Mapping]]] = ..., split_topics: _Optional[_Iterable[str]] = ..., version: _Optional[int] = ...) -> None: ...

class TopicProposals(_message.Message):
    __slots__ = ("aliases",)
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    aliases: _containers.RepeatedCompositeFieldContainer[_topic_alias_pb2.TopicAlias]
    def __init__(self, aliases: _Optional[_Iterable[_Union[_topic_alias_pb2.TopicAlias, _Mapping]]] = ...) -> None: ...

class BackfillRow(_message.Message):
    __slots__ = ("plan", "stage", "estimate", "counts", "started_ms", "ended_ms", "refresh_cursor", "question_cursor", "are_refreshes_done", "are_questions_done", "is_budget_spent")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    STARTED_MS_FIELD_NUMBER: _ClassVar[int]
    ENDED_MS_FIELD_NUMBER: _ClassVar[int]
    REFRESH_CURSOR_FIELD_NUMBER: _ClassVar[int]
    QUESTION_CURSOR_FIELD_NUMBER: _ClassVar[int]
    ARE_REFRESHES_DONE_FIELD_NUMBER: _ClassVar[int]
    ARE_QUESTIONS_DONE_FIELD_NUMBER: _ClassVar[int]
    IS_BUDGET_SPENT_FIELD_NUMBER: _ClassVar[int]
    plan: _backfill_pb2.BackfillPlan
    stage: _backfill_pb2.BackfillStage
    estimate: _backfill_pb2.BackfillEstimate
    counts: _backfill_pb2.BackfillCounts
    started_ms: int
    ended_ms: int
    refresh_cursor: bytes
    question_cursor: bytes
    are_refreshes_done: bool
    are_questions_done: bool
    is_budget_spent: bool
    def __init__(self, plan: _Optional[_Union[_backfill_pb2.BackfillPlan, _Mapping]] = ..., stage: _Optional[_Union[_backfill_pb2.BackfillStage, str]] = ..., estimate: _Optional[_Union[_backfill_pb2.BackfillEstimate, _Mapping]] = ..., counts: _Optional[_Union[_backfill_pb2.BackfillCounts, _Mapping]] = ..., started_ms: _Optional[int] = ..., ended_ms: _Optional[int] = ..., refresh_cursor: _Optional[bytes] = ..., question_cursor: _Optional[bytes] = ..., are_refreshes_done: bool = ..., are_questions_done: bool = ..., is_budget_spent: bool = ...) -> None: ...

class RefreshPauses(_message.Message):
    __slots__ = ("since_ms", "users")
    class SinceMsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    SINCE_MS_FIELD_NUMBER: _ClassVar[int]
    USERS_FIELD_NUMBER: _ClassVar[int]
    since_ms: _containers.ScalarMap[str, int]
    users: _containers.RepeatedCompositeFieldContainer[PausedUser]
    def __init__(self, since_ms: _Optional[_Mapping[str, int]] = ..., users: _Optional[_Iterable[_Union[PausedUser, _Mapping]]] = ...) -> None: ...

class PausedUser(_message.Message):
    __slots__ = ("user_key", "since_ms")
    USER_KEY_FIELD_NUMBER: _ClassVar[int]
    SINCE_MS_FIELD_NUMBER: _ClassVar[int]
    user_key: bytes
    since_ms: int
    def __init__(self, user_key: _Optional[bytes] = ..., since_ms: _Optional[int] = ...) -> None: ...

class Trends(_message.Message):
    __slots__ = ("night", "trends", "cohort_attribute")
    NIGHT_FIELD_NUMBER: _ClassVar[int]
    TRENDS_FIELD_NUMBER: _ClassVar[int]
    COHORT_ATTRIBUTE_FIELD_NUMBER: _ClassVar[int]
    night: int
    trends: _containers.RepeatedCompositeFieldContainer[Trend]
    cohort_attribute: str
    def __init__(self, night: _Optional[int] = ..., trends: _Optional[_Iterable[_Union[Trend, _Mapping]]] = ..., cohort_attribute: _Optional[str] = ...) -> None: ...

class Trend(_message.Message):
    __slots__ = ("cohort", "user_count", "recent_user_count", "topics")
    COHORT_FIELD_NUMBER: _ClassVar[int]
    USER_COUNT_FIELD_NUMBER: _ClassVar[int]
    RECENT_USER_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    cohort: str
    user_count: int
    recent_user_count: int
    topics: _containers.RepeatedCompositeFieldContainer[TrendTopic]
    def __init__(self, cohort: _Optional[str] = ..., user_count: _Optional[int] = ..., recent_user_count: _Optional[int] = ..., topics: _Optional[_Iterable[_Union[TrendTopic, _Mapping]]] = ...) -> None: ...

class TrendTopic(_message.Message):
    __slots__ = ("topic", "score", "user_count")
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    USER_COUNT_FIELD_NUMBER: _ClassVar[int]
    topic: str
    score: float
    user_count: int
    def __init__(self, topic: _Optional[str] = ..., score: _Optional[float] = ..., user_count: _Optional[int] = ...) -> None: ...

class FreshnessBreaches(_message.Message):
    __slots__ = ("by_segment",)
    class BySegmentEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: FreshnessBreach
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[FreshnessBreach, _Mapping]] = ...) -> None: ...
    BY_SEGMENT_FIELD_NUMBER: _ClassVar[int]
    by_segment: _containers.MessageMap[str, FreshnessBreach]
    def __init__(self, by_segment: _Optional[_Mapping[str, FreshnessBreach]] = ...) -> None: ...

class FreshnessBreach(_message.Message):
    __slots__ = ("since_ms", "breach_id")
    SINCE_MS_FIELD_NUMBER: _ClassVar[int]
    BREACH_ID_FIELD_NUMBER: _ClassVar[int]
    since_ms: int
    breach_id: str
    def __init__(self, since_ms: _Optional[int] = ..., breach_id: _Optional[str] = ...) -> None: ...

class ChangeRow(_message.Message):
    __slots__ = ("term", "kind", "user_key", "revision", "erase_id", "is_start")
    TERM_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    USER_KEY_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ERASE_ID_FIELD_NUMBER: _ClassVar[int]
    IS_START_FIELD_NUMBER: _ClassVar[int]
    term: int
    kind: _profile_change_pb2.ChangeKind
    user_key: bytes
    revision: int
    erase_id: bytes
    is_start: bool
    def __init__(self, term: _Optional[int] = ..., kind: _Optional[_Union[_profile_change_pb2.ChangeKind, str]] = ..., user_key: _Optional[bytes] = ..., revision: _Optional[int] = ..., erase_id: _Optional[bytes] = ..., is_start: bool = ...) -> None: ...

class NewestChange(_message.Message):
    __slots__ = ("place", "term", "revision")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    TERM_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    place: int
    term: int
    revision: int
    def __init__(self, place: _Optional[int] = ..., term: _Optional[int] = ..., revision: _Optional[int] = ...) -> None: ...
