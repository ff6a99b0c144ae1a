"""The two LMDB environments: `profiles.lmdb`, which the scheduler writes, and `activity.lmdb`, the sidecar."""

from foreword.admission import NewEvent
from foreword.store.activity_reader import ActivityReader
from foreword.store.activity_writer import ActivityTransaction, ActivityWriter, Deletion
from foreword.store.codec import Header, decode_header
from foreword.store.group_commit import GroupCommitter
from foreword.store.lock import FileLock, lock_activity, lock_profiles
from foreword.store.profile_reader import ProfileReader
from foreword.store.profile_writer import ProfileTransaction, ProfileWriter

__all__ = [
    "ActivityReader",
    "ActivityTransaction",
    "ActivityWriter",
    "Deletion",
    "FileLock",
    "GroupCommitter",
    "Header",
    "NewEvent",
    "ProfileReader",
    "ProfileTransaction",
    "ProfileWriter",
    "decode_header",
    "lock_activity",
    "lock_profiles",
]
