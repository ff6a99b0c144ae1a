"""Segments in the configuration: who is in one, how often its users are refreshed, and what is promised of them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import ConfigDict, Field, field_validator, model_validator

from foreword.config_section import Section
from foreword.config_window import Window
from foreword.errors import FieldError
from foreword.segment_coverage import BOUNDS, Bounds, Shape, uncovered
from foreword.wall_time import check_cron, night, zone

Refresh = Literal["after-session", "nightly", "every", "on-open", "cron", "manual", "never"]
ProviderName = Literal["extractive", "anthropic", "openai-chat"]
Mode = Literal["messages", "batch", "extractive"]

DEFAULT_NAMES = ("new", "active", "semi_active", "dormant")
"""The segments that are always there, in the order in which they are tried; the enum Segment numbers them from 1."""
# The first number of an operator's own segment, and how many there are: a header has a byte for it.
OWN_NUMBER_MIN = 16
_OWN_NUMBERS = 240
_SEGMENTS_MAX = 32
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")

AtLeast = Annotated[float, Field(ge=0, le=36_500)] | None
Below = Annotated[float, Field(gt=0, le=36_500)] | None
Attribute = Annotated[str, Field(min_length=1, max_length=64)]
AttributeValue = Annotated[str, Field(max_length=256)]


class When(Section):
    """Who is in a segment: whoever meets all that is said here. Nothing said: everybody."""

    age_days_min: AtLeast = None
    """Days since the first event, at least."""
    age_days_below: Below = None
    """Days since the first event, fewer than."""
    active_days_per_week_min: Annotated[float, Field(ge=0, le=7)] | None = None
    """Days with an event in a week, at least; counted over window.days (at most 56), or since the first event."""
    active_days_per_week_below: Annotated[float, Field(gt=0, le=7)] | None = None
    """Days with an event in a week, fewer than."""
    sessions_per_week_min: AtLeast = None
    """Sessions in a week, at least; counted over the same time."""
    sessions_per_week_below: Below = None
    """Sessions in a week, fewer than."""
    last_seen_days_min: AtLeast = None
    """Days since the newest event, at least."""
    last_seen_days_below: Below = None
    """Days since the newest event, fewer than."""
    attributes: dict[Attribute, tuple[AttributeValue, ...]] = {}
    """Values that an attribute of events may have, as in `plan = ["pro", "team"]`; the newest event that carries the
    attribute counts, and "" stands for users of whom no event does. The sidecar notes what a segment asks for from
    then on."""

    @model_validator(mode="after")
    def _order(self) -> When:
        for name in BOUNDS:
            least, below = getattr(self, f"{name}_min"), getattr(self, f"{name}_below")
            if least is not None and below is not None and least >= below:
                raise ValueError(
                    f"{name}_min {least:g} is not below {name}_below {below:g}; nobody is in between"
                )
        return self

    @field_validator("attributes")
    @classmethod
    def _values(cls, attributes: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for name, values in attributes.items():
            if not values:
                raise ValueError(f"{name}: found no value; allowed: at least one")
        return attributes

    def shape(self) -> Shape:
        """Return what is said here as bounds and values."""
        bounds = {
            name: Bounds(getattr(self, f"{name}_min"), getattr(self, f"{name}_below")) for name in BOUNDS
        }
        return Shape(
            {name: found for name, found in bounds.items() if found != Bounds()},
            {name: frozenset(values) for name, values in self.attributes.items()},
        )


class SegmentSettings(Section):
    """One segment."""

    refresh: Refresh
    """after-session: after each session; nightly: once in `night`; every: every_days after the last; on-open: when
    next read, behind the answer; cron: when `cron` says; manual: only when an operator asks, or events are deleted;
    never: not even then, but for deletions."""
    every_days: Annotated[float, Field(gt=0, le=365)] = 1.0
    """Time between refreshes; used by `every` only."""
    cron: Annotated[str, Field(max_length=128)] | None = None
    """Minute, hour, day of the month, month and weekday, as cron has them; used by `cron` only."""
    spread_minutes: Annotated[float, Field(ge=0, le=1440)] = 10.0
    """Over how many minutes after each time of `cron` the users are spread, each at an own place in them."""
    night: str | None = None
    """When `nightly` refreshes are due, such as "02:00-05:00"; users are spread over it, each at an own place that is
    the same every night. None: scheduler.night."""
    time_zone: str | None = None
    """Where `night` and `cron` are, such as "Europe/Berlin". None: scheduler.time_zone."""
    stale_after_hours: Annotated[float, Field(gt=0, le=24 * 3650)]
    """Age at which a profile counts as stale."""
    expired_after_hours: Annotated[float, Field(gt=0, le=24 * 3650)]
    """Age at which a profile counts as expired: the service level that alerts."""
    promised_share: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Share of the segment's profiles that must not be expired; below it the sidecar alerts, once, and once when it is
    kept again. 0: nothing is promised. None: 0.99 under nightly, every and cron, 0 under the other rules, where a
    profile grows old because nobody came."""
    provider: ProviderName | None = None
    """Who proposes changes to the profiles of this segment. None: agent.provider."""
    model: Annotated[str, Field(max_length=128)] | None = None
    """The language model for this segment. None: agent.model."""
    mode: Mode | None = None
    """How the model is asked: messages, one call a user, answered in seconds; batch, many users at once, within a
    day and at a lower price; extractive, not at all. None: messages after a trigger, batch after the cadence."""
    when: When = When()
    """Who is in it. Left out, whoever is in none of the segments before."""
    window: Window | None = None
    """Which activity counts for its users, with the keys of `[window]`, of which those left out are as there. None: as
    there."""

    @model_validator(mode="after")
    def _order(self) -> SegmentSettings:
        if self.expired_after_hours < self.stale_after_hours:
            raise ValueError(
                f"expired_after_hours {self.expired_after_hours} is below stale_after_hours {self.stale_after_hours}; "
                "a profile is stale before it expires"
            )
        return self

    @model_validator(mode="after")
    def _has_cron(self) -> SegmentSettings:
        if (self.refresh == "cron") != (self.cron is not None):
            found = 'cron is missing; allowed with refresh = "cron": a line such as "0 4 * * 1"'
            raise ValueError(
                found
                if self.cron is None
                else f'cron is set, and refresh is "{self.refresh}"; allowed: "cron"'
            )
        return self

    @field_validator("cron")
    @classmethod
    def _comes(cls, line: str | None) -> str | None:
        if line is not None:
            said(check_cron, line)
        return line

    @field_validator("night")
    @classmethod
    def _is_night(cls, text: str | None) -> str | None:
        if text is not None:
            said(night, text)
        return text

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, name: str | None) -> str | None:
        if name is not None:
            said(zone, name)
        return name


class Tried(NamedTuple):
    """A segment, ready to be tried on users."""

    number: int
    name: str
    settings: SegmentSettings
    shape: Shape


class _Index(NamedTuple):
    order: tuple[Tried, ...]
    by_number: dict[int, Tried]


class Segments(Section):
    """Who belongs to which segment, and how often each is refreshed. Tables `[segments.NAME]` with the keys below add
    segments of your own; they are tried first, in the order of the file, and the first that a user is in counts."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, SegmentSettings] = Field(init=False)

    order: tuple[str, ...] = ()
    """All segments in the order in which they are tried; a default one that is left out is not used. Empty: your own
    as they stand in the file, then new, active, semi_active, dormant."""
    hysteresis: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    """Share by which active_days_per_week and sessions_per_week must go beyond a bound before a user changes segment
    for it, so that one at the border does not go to and fro. 0: at the bound."""
    new: SegmentSettings = SegmentSettings(
        refresh="after-session", stale_after_hours=24, expired_after_hours=96, when=When(age_days_below=7)
    )
    """First seen less than a week ago."""
    active: SegmentSettings = SegmentSettings(
        refresh="nightly",
        stale_after_hours=26,
        expired_after_hours=72,
        when=When(active_days_per_week_min=6),
    )
    """Opens nearly daily. Stale two hours after the night's refresh should have been there."""
    semi_active: SegmentSettings = SegmentSettings(
        refresh="every",
        every_days=3.0,
        stale_after_hours=74,
        expired_after_hours=240,
        when=When(active_days_per_week_min=1),
    )
    """Opens weekly."""
    dormant: SegmentSettings = SegmentSettings(
        refresh="on-open", stale_after_hours=168, expired_after_hours=2160
    )
    """Opens rarely: served stale, refreshed behind the read."""

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, tables: Any) -> Any:
        """Fill a segment that the file gives in part from that segment's own defaults; refuse what is no segment."""
        if not isinstance(tables, dict):
            return tables
        for name, value in tables.items():
            if name not in cls.model_fields:
                cls._check_own(name, value)
        return {name: cls._filled(name, value) for name, value in tables.items()}

    @classmethod
    def _check_own(cls, name: str, value: Any) -> None:
        if not isinstance(value, (dict, SegmentSettings)):
            raise FieldError(
                f"segments.{name}",
                repr(value),
                f"a table of a segment of your own, or one of the keys {', '.join(sorted(cls.model_fields))}",
            )
        if not _NAME.fullmatch(name):
            allowed = "a to z, 0 to 9 and _, a letter first, at most 32 of them"
            raise FieldError(f"segments.{name}", "this name", allowed)

    @classmethod
    def _filled(cls, name: str, value: Any) -> Any:
        field = cls.model_fields.get(name)
        default = field.default if field is not None else None
        if not isinstance(value, dict) or not isinstance(default, SegmentSettings):
            return value
        filled = {**default.model_dump(), **value}
        if isinstance(value.get("when"), dict):
            filled["when"] = {**default.when.model_dump(), **value["when"]}
        return filled

    @model_validator(mode="after")
    def _everybody_is_in_one(self) -> Segments:
        tried = self.tried()
        found = uncovered([(one.name, one.shape) for one in tried])
        if found.unreachable:
            name, before = found.unreachable
            raise FieldError(
                f"segments.{name}",
                f"a segment nobody can be in: whoever meets `when` is in {' or '.join(before)}, tried before",
                "conditions that somebody meets",
                hint=f"put it first in segments.order, or narrow {before[-1]}",
            )
        if found.hole:
            raise FieldError(
                "segments",
                f"nothing for a user with {found.hole}",
                "segments that leave nobody out",
                hint=f"the last one tried, {tried[-1].name}, is for the rest when it has no `when`",
            )
        return self

    def _in_order(self) -> Iterator[Tried]:
        own = list(self.__pydantic_extra__)
        if len(own) + len(DEFAULT_NAMES) > _SEGMENTS_MAX:
            most = _SEGMENTS_MAX - len(DEFAULT_NAMES)
            raise FieldError("segments", f"{len(own)} of your own", f"at most {most}")
        self._check_order(own)
        numbers = _numbers(own)
        for name in self.order or (*own, *DEFAULT_NAMES):
            settings = self.settings_of(name)
            yield Tried(numbers[name], name, settings, settings.when.shape())

    def _check_order(self, own: list[str]) -> None:
        for place, name in enumerate(self.order):
            if name not in (*own, *DEFAULT_NAMES) or name in self.order[:place]:
                raise FieldError(
                    "segments.order", repr(name), f"each of {', '.join((*own, *DEFAULT_NAMES))} at most once"
                )
        left_out = [name for name in own if self.order and name not in self.order]
        if left_out:
            raise FieldError("segments.order", f"no {left_out[0]}", "all segments of your own")

    def settings_of(self, name: str) -> SegmentSettings:
        """Return the settings of a segment by its name."""
        found: SegmentSettings = self.__pydantic_extra__.get(name) or getattr(self, name)
        return found

    @cached_property
    def index(self) -> _Index:
        """The segments in use, made ready to be looked up: some are for every user of a review."""
        order = tuple(self._in_order())
        return _Index(order, {one.number: one for one in order})

    def tried(self) -> tuple[Tried, ...]:
        """Return the segments in the order in which they are tried on a user."""
        return self.index.order

    def numbered(self, name: str) -> int:
        """Return the number of a segment in use; 0 when there is none of this name."""
        return next((one.number for one in self.index.order if one.name == name), 0)

    def find(self, number: int) -> Tried | None:
        """Return the segment with a number; None for one that is no longer there."""
        return self.index.by_number.get(number)

    def name_of(self, number: int) -> str:
        """Return the name of the segment with a number; empty for one that is no longer there."""
        found = self.find(number)
        return "" if found is None else found.name

    def attributes(self) -> frozenset[str]:
        """Return the attributes of events that some segment asks for."""
        return frozenset(name for one in self.tried() for name in one.settings.when.attributes)


def _numbers(own: list[str]) -> dict[str, int]:
    """Return a number for each segment. One's own are made of the name, so that another segment in the file mostly
    moves nobody's; of two with the same, the later in the alphabet takes the next that is free."""
    numbers = {name: place for place, name in enumerate(DEFAULT_NAMES, start=1)}
    taken = set(numbers.values())
    for name in sorted(own):
        place = zlib.crc32(name.encode()) % _OWN_NUMBERS
        while OWN_NUMBER_MIN + place in taken:
            place = (place + 1) % _OWN_NUMBERS
        numbers[name] = OWN_NUMBER_MIN + place
        taken.add(OWN_NUMBER_MIN + place)
    return numbers


def said(check: Callable[[str], object], value: str) -> None:
    """Check a value, and say in pydantic's way what is wrong with it.

    Raises:
        ValueError: In words.
    """
    try:
        check(value)
    except FieldError as exc:
        raise ValueError(f"found {exc.found}; allowed: {exc.allowed}") from exc
