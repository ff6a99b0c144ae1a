"""Events from logs of agents and assistants: what was asked, which tools were called, and what came of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from foreword.clock import DAY_MS, Clock, SystemClock, format_time_ms
from foreword.errors import FieldError
from foreword.importers import record_fields
from foreword.importers.conversation import Conversation, Identities, message_of, without_repeated
from foreword.importers.conversation_events import ConversationEvents
from foreword.importers.json_records import JsonRecords, Record
from foreword.importers.source import Progress, Row
from foreword.importers.telemetry import Telemetry
from foreword.importers.times import Times
from foreword.importers.trajectory_form import Form, check_form, messages_of, single_message

# Where every line is a message: no conversation that somebody has goes on for longer.
_MESSAGES_MAX = 10_000
# Of a refused record, enough to mend most and to find the others by; not a whole run for each of its messages.
_RAW_CHARACTERS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class TrajectoryOptions:
    """What a log does not say of itself.

    Attributes:
        form: How its records are written; None tells it of each by what it has.
        user: Whose the records are that name no user.
        user_field: Where a record names its user, such as `customer.key`; empty for the usual names.
        time_field: Where a record says when it was; empty for the usual names.
        start_ms: When the first conversation without a time began, in milliseconds since 1970; None is the day before
            the file was last changed.
        attributes: What is so of all records, such as `domain`; what a record says itself goes before.
    """

    form: Form | None = None
    user: str = ""
    user_field: str = ""
    time_field: str = ""
    start_ms: int | None = None
    attributes: tuple[tuple[str, str], ...] = ()


class Trajectories:
    """A log of conversations or of suggestions, gzip by suffix: lines of JSON, an array, or one record.

    Broken off and read again, it is read from its start: what a suggestion or a repeated history belongs to stands in
    what was read before. Ids are made of what was said, so nothing counts twice.

    Args:
        path: The file; `-` is stdin.
        options: What the log does not say of itself.
        clock: Tells the time, for a pipe without times.

    Attributes:
        kinds: How many events were read of each type.
        conversations: How many conversations were read.

    Raises:
        FieldError: The file cannot be read.
    """

    def __init__(
        self, path: Path, options: TrajectoryOptions | None = None, *, clock: Clock | None = None
    ) -> None:
        self._records = JsonRecords(path)
        self._options = options or TrajectoryOptions()
        self._clock = clock or SystemClock()
        self.kinds: Counter[str] = Counter()
        self.conversations = 0
        self._begin()

    @property
    def name(self) -> str:
        """The file's name."""
        return self._records.file.name

    @property
    def identity(self) -> str:
        """The file's place and the options."""
        return f"trajectories {self._records.file.place} {json.dumps(asdict(self._options))}"

    def rows(self, _resume_from: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Yield a row for each event, and for each record or message that is none."""
        self._begin()
        for item in without_repeated(self._items()):
            if isinstance(item, Row):
                rows: Iterator[Row] = iter((item,))
            else:
                self.conversations += 1
                rows = ConversationEvents(item, self._identities.of(item), self._times).rows()
            for row in rows:
                if row.event is not None:
                    self.kinds[row.event.type] += 1
                yield row

    def resume_point(self) -> None:
        """Return None: it is read from its start."""

    def finished_point(self) -> None:
        """Return None: it is read from its start."""

    def progress(self) -> Progress:
        """Return how many bytes of the file on disk are read."""
        return self._records.progress()

    def notes(self) -> list[str]:
        """Return in sentences what was read, and what was taken for granted."""
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.kinds.items()))
        if not kinds:
            return []
        word = "conversation" if self.conversations == 1 else "conversations"
        of = f"{self.conversations:,} {word}: " if self.conversations else ""
        untimed = (
            f"without a time, so taken as one second apart from {format_time_ms(self._times.start_ms)} on (--start): "
            f"{self._times.untimed:,} messages"
        )
        return [f"{of}{kinds}", *([untimed] if self._times.untimed else [])]

    # -- records ------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.kinds.clear()
        self.conversations = 0
        self._telemetry = Telemetry()
        self._identities = Identities()
        self._times = Times(self._start_ms())

    def _start_ms(self) -> int:
        if self._options.start_ms is not None:
            return self._options.start_ms
        place = Path(self._records.file.place)
        # The day before, so that a long log does not reach into times to come.
        newest_ms = int(place.stat().st_mtime * 1000) if place.is_file() else self._clock.now_ms()
        return newest_ms - DAY_MS

    def _items(self) -> Iterator[Conversation | Row]:
        """Yield conversations, and rows for all else; messages that stand alone are joined to conversations."""
        held: Conversation | None = None
        for record in self._records:
            item = self._item(record)
            if held is not None and isinstance(item, Conversation) and _goes_on(held, item):
                held.messages += item.messages
                continue
            if held is not None:
                yield held
            held = item if isinstance(item, Conversation) else None
            if isinstance(item, Row):
                yield item
        if held is not None:
            yield held

    def _item(self, record: Record) -> Conversation | Row | None:
        if record.refusal:
            return Row(record.number, None, record.raw, record.refusal)
        try:
            return self._read(record)
        except FieldError as exc:
            refusal = exc.message
        except RecursionError:
            refusal = "record: found deep nesting; allowed: what a log of messages has"
        return Row(record.number, None, _raw(record.value), refusal)

    def _read(self, record: Record) -> Conversation | Row | None:
        """Return what a record is; None for a row of telemetry that decides nothing."""
        message = single_message(record.value)
        form = check_form([message] if message is not None else record.value, self._options.form)
        fields = record.value if isinstance(record.value, Mapping) else {}
        user = record_fields.user_of(fields, self._options.user_field) or self._options.user
        if not user:
            names = self._options.user_field or ", ".join(record_fields.USER_KEYS)
            raise FieldError("user", "none", f"one under {names} in the record or its metadata, or --user")
        time = record_fields.time_of(fields, self._options.time_field)
        attributes = dict(self._options.attributes) | record_fields.attributes_of(fields)
        if form is Form.TELEMETRY:
            event = self._telemetry.event(fields, user, attributes)
            if event is None:
                return None
            self._times.begin(time)
            self._times.message(time)
            event.time.CopyFrom(self._times.next())
            return Row(record.number, event, _raw(record.value))
        session = _session(fields, form)
        # A message that stands alone has its own time; where it begins a conversation, it is that one's too.
        named = [("message", message)] if message is not None else messages_of(record.value)
        messages = [message_of(raw, name, time if message is not None else None) for name, raw in named]
        return Conversation(record.number, user, session, time, attributes, messages, fields)


def _session(record: Mapping[str, Any], form: Form) -> str:
    session = record_fields.session_of(record)
    if not session and form is Form.TAU_BENCH and "task_id" in record:
        return f"task-{record['task_id']}-{record.get('trial', 0)}"
    return session


def _goes_on(held: Conversation, item: Conversation) -> bool:
    """Return whether a message that stands alone belongs to the conversation before it, of such messages too."""
    return (
        single_message(held.record) is not None
        and single_message(item.record) is not None
        and (held.user, held.session) == (item.user, item.session)
        and len(held.messages) < _MESSAGES_MAX
    )


def _raw(value: Any) -> str:
    try:
        return json.dumps(value)[:_RAW_CHARACTERS_MAX]
    except RecursionError:
        return ""
