import datetime

from foreword.v1 import activity_pb2 as _activity_pb2
from foreword.v1 import erasure_pb2 as _erasure_pb2
from foreword.v1 import event_pb2 as _event_pb2
from foreword.v1 import event_band_pb2 as _event_band_pb2
from foreword.v1 import model_work_pb2 as _model_work_pb2
from foreword.v1 import profile_pb2 as _profile_pb2
from foreword.v1 import ranking_pb2 as _ranking_pb2
from foreword.v1 import refresh_pb2 as _refresh_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExportUserRequest(_message.Message):
    __slots__ = ("user_id", "namespace")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ...) -> None: ...

class ExportUserResponse(_message.Message):
    __slots__ = ("store", "event", "activity", "trigger", "profile", "revision", "foreword", "refresh_state", "ledger_entry", "applied_event_id", "due_ms", "erasure", "model_state", "model_call", "model_item", "event_band", "ranking_block", "ranking_decision", "paused_ms")
    STORE_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    FOREWORD_FIELD_NUMBER: _ClassVar[int]
    REFRESH_STATE_FIELD_NUMBER: _ClassVar[int]
    LEDGER_ENTRY_FIELD_NUMBER: _ClassVar[int]
    APPLIED_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    DUE_MS_FIELD_NUMBER: _ClassVar[int]
    ERASURE_FIELD_NUMBER: _ClassVar[int]
    MODEL_STATE_FIELD_NUMBER: _ClassVar[int]
    MODEL_CALL_FIELD_NUMBER: _ClassVar[int]
    MODEL_ITEM_FIELD_NUMBER: _ClassVar[int]
    EVENT_BAND_FIELD_NUMBER: _ClassVar[int]
    RANKING_BLOCK_FIELD_NUMBER: _ClassVar[int]
    RANKING_DECISION_FIELD_NUMBER: _ClassVar[int]
    PAUSED_MS_FIELD_NUMBER: _ClassVar[int]
    store: str
    event: _event_pb2.Event
    activity: _activity_pb2.UserActivity
    trigger: _activity_pb2.Trigger
    profile: _profile_pb2.Profile
    revision: _profile_pb2.Profile
    foreword: _profile_pb2.Foreword
    refresh_state: _refresh_pb2.RefreshState
    ledger_entry: _refresh_pb2.LedgerEntry
    applied_event_id: str
    due_ms: int
    erasure: _erasure_pb2.Erasure
    model_state: _model_work_pb2.ModelState
    model_call: _model_work_pb2.ModelCall
    model_item: _model_work_pb2.ModelItem
    event_band: _event_band_pb2.EventBand
    ranking_block: _ranking_pb2.RankingBlock
    ranking_decision: _ranking_pb2.RankingDecision
    paused_ms: int
    def __init__(self, store: _Optional[str] = ..., event: _Optional[_Union[_event_pb2.Event, _Mapping]] = ..., activity: _Optional[_Union[_activity_pb2.UserActivity, _Mapping]] = ..., trigger: _Optional[_Union[_activity_pb2.Trigger, _Mapping]] = ..., profile: _Optional[_Union[_profile_pb2.Profile, _Mapping]] = ..., revision: _Optional[_Union[_profile_pb2.Profile, _Mapping]] = ..., foreword: _Optional[_Union[_profile_pb2.Foreword, _Mapping]] = ..., refresh_state: _Optional[_Union[_refresh_pb2.RefreshState, _Mapping]] = ..., ledger_entry: _Optional[_Union[_refresh_pb2.LedgerEntry, _Mapping]] = ..., applied_event_id: _Optional[str] = ..., due_ms: _Optional[int] = ..., erasure: _Optional[_Union[_erasure_pb2.Erasure, _Mapping]] = ..., model_state: _Optional[_Union[_model_work_pb2.ModelState, _Mapping]] = ..., model_call: _Optional[_Union[_model_work_pb2.ModelCall, _Mapping]] = ..., model_item: _Optional[_Union[_model_work_pb2.ModelItem, _Mapping]] = ..., event_band: _Optional[_Union[_event_band_pb2.EventBand, _Mapping]] = ..., ranking_block: _Optional[_Union[_ranking_pb2.RankingBlock, _Mapping]] = ..., ranking_decision: _Optional[_Union[_ranking_pb2.RankingDecision, _Mapping]] = ..., paused_ms: _Optional[int] = ...) -> None: ...

class EraseUserRequest(_message.Message):
    __slots__ = ("user_id", "namespace", "wait")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    namespace: str
    wait: _duration_pb2.Duration
    def __init__(self, user_id: _Optional[str] = ..., namespace: _Optional[str] = ..., wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class EraseUserResponse(_message.Message):
    __slots__ = ("complete", "counts", "pending")
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    complete: bool
    counts: _containers.RepeatedCompositeFieldContainer[_erasure_pb2.StoreCount]
    pending: str
    def __init__(self, complete: bool = ..., counts: _Optional[_Iterable[_Union[_erasure_pb2.StoreCount, _Mapping]]] = ..., pending: _Optional[str] = ...) -> None: ...
