"""What a watcher makes of what it is told, held to the promises of a watch as it goes."""

from __future__ import annotations

from dataclasses import dataclass, field

from foreword.v1.profile_change_pb2 import ChangeKind, ProfileChange
from foreword.v1.profile_pb2 import Profile
from foreword.v1.profile_service_pb2 import WatchPhase, WatchProfilesResponse

User = tuple[str, str]


@dataclass
class Followed:
    """A copy of the store's profiles, kept as docs/guide.md says."""

    held: dict[User, Profile | None] = field(default_factory=dict)
    """The newest profile of each user; None while only its revision is known."""
    revisions: dict[User, int] = field(default_factory=dict)
    times_ms: dict[User, tuple[int, int]] = field(default_factory=dict)
    told: list[tuple[str, int, int]] = field(default_factory=list)
    """Every change: user id, kind, revision."""
    runs: list[list[int]] = field(default_factory=list)
    """The revisions told as changes, a list from each beginning on."""
    token: bytes = b""
    phase: int = WatchPhase.WATCH_PHASE_UNSPECIFIED
    _unseen: set[User] = field(default_factory=set)

    def take(self, message: WatchProfilesResponse) -> None:
        """Take a message in."""
        if message.phase == WatchPhase.WATCH_PHASE_BEGINNING:
            assert not message.changes
            self.runs.append([])
            self._unseen = set(self.held)
        for change in message.changes:
            self._take(change)
        if message.phase == WatchPhase.WATCH_PHASE_LIVE:
            for user in self._unseen:
                self._forget(user)
            self._unseen = set()
        self.phase, self.token = message.phase, message.resume_token

    def _take(self, change: ProfileChange) -> None:
        user = change.user_id, change.namespace
        self.told.append((change.user_id, change.kind, change.revision))
        is_present = change.kind == ChangeKind.CHANGE_KIND_PRESENT
        if is_present and user in self._unseen:
            # What was held is of another time: after a restore an older revision may be in force.
            self._forget(user)
        self._unseen.discard(user)
        if change.kind == ChangeKind.CHANGE_KIND_ERASED:
            assert not change.HasField("profile")
            self._forget(user)
            return
        former = self.revisions.get(user, 0)
        if change.kind == ChangeKind.CHANGE_KIND_REVALIDATED:
            assert change.revision == former, f"{user}: {change.revision} was confirmed, {former} is held"
        else:
            assert change.revision > former, f"{user}: {change.revision} came after {former}"
            if not is_present:
                self.runs[-1].append(change.revision)
            self.held[user] = change.profile if change.HasField("profile") else None
        if change.HasField("profile"):
            assert (change.profile.user_id, change.profile.revision) == (change.user_id, change.revision)
        self.revisions[user] = change.revision
        if change.HasField("stale_after"):
            self.times_ms[user] = (
                change.stale_after.ToMilliseconds(),
                change.expired_after.ToMilliseconds(),
            )

    def _forget(self, user: User) -> None:
        for each in (self.held, self.revisions, self.times_ms):
            each.pop(user, None)
