"""What can be configured: every value explained and bounded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, field_validator, model_validator

from foreword.addresses import parse_address
from foreword.admission import TYPE_BYTES_MAX
from foreword.config_ranking import Ranking
from foreword.config_section import Section
from foreword.config_segments import ProviderName, Segments, said
from foreword.config_telemetry import Telemetry
from foreword.config_window import Window
from foreword.editorial import Editorial, read_editorial
from foreword.errors import FieldError
from foreword.keys import NAMESPACE_BYTES_MAX
from foreword.naming import (
    NAME_USERS_MAX,
    SENSITIVE,
    Names,
    Policy,
    Sensitive,
    SensitiveNames,
    quoted,
)
from foreword.noting import Noting
from foreword.own_names import OWN_NAME_ALLOWED, is_own_name
from foreword.signs import Sign
from foreword.vocabulary import Vocabulary, built_in, read
from foreword.wall_time import night, zone

_GIB = 1 << 30
PRODUCT_SUFFIXES = (".proto", ".binpb")
_MESSAGE_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


class Store(Section):
    """Where the two LMDB environments are and how large they may grow."""

    directory: Path = Path("var/foreword")
    """Folder of the store; created with mode 0700 when missing. Relative to the working directory."""
    profiles_map_size_bytes: Annotated[int, Field(ge=1 << 20, le=1 << 46)] = 64 * _GIB
    """Most bytes profiles.lmdb may take. Sparse: costs address space, not disk. 64 GiB holds about 1.4 million
    users with 10 revisions each (5 KB a user and 4 KB a kept revision), or 7 million with one; large from the start
    because growing a map disturbs every process that has it open."""
    activity_map_size_bytes: Annotated[int, Field(ge=1 << 20, le=1 << 46)] = 64 * _GIB
    """Most bytes activity.lmdb may take. Sparse, as above; about 250 million short events, or
    four times as many once they are past retention, when only their ids are kept."""
    readers_max: Annotated[int, Field(ge=16, le=65_536)] = 2048
    """Reader slots per environment. LMDB's own 126 run out when workers are recycled."""
    reader_check_seconds: Annotated[float, Field(gt=0, le=3600)] = 10.0
    """How often slots of dead readers are freed, and living readers looked at. A dead reader pins pages and the file
    grows until then; a look costs microseconds."""
    view_age_seconds_max: Annotated[float, Field(ge=0, le=86_400)] = 300.0
    """Age from which a view that a process holds is a problem, when pages wait for it. Reads take milliseconds; what
    holds a view for minutes is a backup or check of a large store, or a process that hangs."""
    scrub_hours: Annotated[float, Field(ge=0, le=8760)] = 24.0
    """Hours in which the sidecar looks once through every row of both environments, in small portions at the lowest
    priority, and names what is damaged under `problems`. 24 finds damage while yesterday's backup is at hand, and
    reads a store of 50 GB at 0.6 MB a second. The first round after a start, and those while something is found, take
    a 24th. 0: never."""
    revisions_max: Annotated[int, Field(ge=1, le=100)] = 10
    """Revisions kept per user, the newest included."""
    ledger_entries_max: Annotated[int, Field(ge=100, le=100_000_000)] = 100_000
    """Refresh attempts kept one by one; their sums are kept for good."""
    changes_max: Annotated[int, Field(ge=100, le=100_000_000)] = 100_000
    """Changes of profiles kept in order, for those who watch: whoever is further behind begins anew with a snapshot. A
    row has about 60 bytes, so 100,000 are 6 MB, and an erasure looks through them in some 60 ms. More is for watchers
    that are away while many users are refreshed, such as over a night."""
    retention_days: Annotated[int, Field(ge=28, le=3650)] = 90
    """How long consumed events are kept, in whole days, UTC. At least the window; older knowledge travels in the
    profile, and counts by type and topic stay in bands of days that double in length as they age."""
    archive: Literal["off", "on"] = "off"
    """on: consumed events past retention are written to Parquet files, a folder a day, before they are removed (extra
    `archive`). off: they are removed. What was archived stays, is exported, and is reached by an erasure either way."""
    archive_directory: Path | None = None
    """Folder of the archive. None: `archive` in the store's folder. Moving one means moving its files there first."""
    ids_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    """Age at which the ids of consumed events go, so that the store does not grow with time. An event from among those
    of its user whose ids went is refused, since it may have counted already; one without a time, sent again so late,
    counts anew. Ids stay as long after events that came more than 28 days late, so that an import goes on where it
    stopped. None: twice retention_days. 0: they stay for good. Otherwise at least retention_days."""


class Sidecar(Section):
    """The serving daemon."""

    listen: tuple[str, ...] = ("unix:{store}/foreword.sock", "127.0.0.1:7464")
    """Addresses to serve on: `unix:PATH`, `HOST:PORT` or `[IPV6]:PORT`; `{store}` stands for store.directory. A
    host other than loopback needs TLS (security.tls_certificate_file)."""
    message_bytes_max: Annotated[int, Field(ge=65_536, le=64 << 20)] = 16 << 20
    """Largest request accepted. 1,000 events with full texts fit."""
    write_queue_events_max: Annotated[int, Field(ge=1000, le=1_000_000)] = 50_000
    """Events waiting for the disk before further ones are refused with QUEUE_FULL; about 50 MB at 1 KB
    an event, and up to 20 times that when all carry the longest texts."""
    group_commit_ms: Annotated[float, Field(ge=0, le=1000)] = 2.0
    """How long the first write of a commit waits for others to join it. 0 commits at once."""
    drain_seconds: Annotated[float, Field(ge=0, le=600)] = 10.0
    """How long running calls may take after SIGTERM."""
    maintenance_seconds: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    """How often consumed triggers and events past retention are removed."""
    open_trigger_seconds: Annotated[float, Field(ge=0, le=86_400)] = 60.0
    """A user read again within this time makes no second on-open trigger."""
    streams_max: Annotated[int, Field(ge=1, le=100_000)] = 512
    """Calls of LookupProfiles, StreamEvents and WatchProfiles at once; further ones are refused with STREAMS_EXHAUSTED.
    One that nobody reads keeps up to two messages and HTTP/2's window of 64 KB."""
    watchers_max: Annotated[int, Field(ge=0, le=100_000)] = 64
    """Of them, calls of WatchProfiles: each change is read and sent once for each. 0: none."""
    watch_message_bytes_max: Annotated[int, Field(ge=32_768, le=3 << 20)] = 262_144
    """Size from which on changes go into a further message. It bounds what is in flight to one watcher; 3 MiB leaves
    room for the last profile below the 4 MiB that clients take of themselves."""
    watch_heartbeat_seconds: Annotated[float, Field(gt=0, le=3600)] = 15.0
    """A watch in which nothing happens for so long is sent a message without changes: its watcher knows that it is
    still there, and has a newer token."""
    watch_poll_ms: Annotated[int, Field(ge=1, le=10_000)] = 20
    """How often profiles.lmdb's last transaction id is looked at for all watchers together; costs a microsecond."""
    native: Literal["auto", "off"] = "auto"
    """Who answers reads. auto: a native process in front of the sidecar where foreword-native is installed, else the
    sidecar itself. off: always the sidecar. `foreword status` says which it is."""
    front_alone_seconds: Annotated[int, Field(ge=0, le=86_400)] = 600
    """How long the native front goes on answering reads after the sidecar behind it has died, unless it is started
    again. Long enough for an update gone wrong to be mended; a front that nobody comes back to ends."""
    front_hold_seconds: Annotated[float, Field(ge=0, le=60)] = 5.0
    """How long after the sidecar died the native front holds calls that only the sidecar can answer, so that a restart
    costs them time and not an error; then they are UNAVAILABLE at once. A restart takes one or two seconds. 0: none
    is held."""
    connections_max: Annotated[int, Field(ge=1, le=100_000)] = 1024
    """Connections that the native front serves at once; calls on further ones are refused with CONNECTIONS_EXHAUSTED.
    An idle one takes some 30 KB and a descriptor, and another of each in the sidecar once a call of it is handed on.
    Without the front there is no limit: gRPC has none."""
    unsent_bytes_max: Annotated[int, Field(ge=1 << 20, le=1 << 36)] = 256 << 20
    """Bytes of answers that clients of the native front have not taken, all together. A client with 1 MiB of its own is
    answered no further until it takes some; beyond the sum, clients that have taken nothing for a second lose their
    connection, those who hold most first."""

    @field_validator("listen")
    @classmethod
    def _addresses(cls, listen: tuple[str, ...]) -> tuple[str, ...]:
        for address in listen:
            try:
                # A short folder: whether the real one leaves room for a path is seen at the start.
                parse_address("listen", address.replace("{store}", "/s"))
            except FieldError as exc:
                raise ValueError(f"found {exc.found}; allowed: {exc.allowed}") from exc
        return listen


class RefreshPolicy(Section):
    """Who decides when a user is refreshed, and what that may cost; keys of `[scheduler]`."""

    policy: Literal["segments", "optimal"] = "segments"
    """segments: each segment's cadence. optimal: within refreshes_per_day, whoever's refresh is worth most, by how
    often they come and how soon their profile is out of date; a segment's expired_after_hours still holds unless the
    segment is refreshed on open."""
    refreshes_per_day: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    """Refreshes that `optimal` may bring in a day, on average over weeks: a day may have more. It needs the number, and
    `segments` has no use for it. What operators ask for is not held back by it. None: not set."""
    material_distance: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Distance between the profile before and after a refresh from which on `optimal` takes it for another: the mean
    share in which topics, beliefs and words of the text differ. At 0.1 a tenth of it is new, which nearly half of the
    sessions of developers bring."""

    @model_validator(mode="after")
    def _has_budget(self) -> RefreshPolicy:
        if self.policy == "optimal" and self.refreshes_per_day is None:
            raise ValueError(
                'policy is "optimal" and refreshes_per_day is missing; allowed: a number of refreshes with it'
            )
        return self


class Scheduler(RefreshPolicy):
    """The refreshing daemon."""

    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    """Refreshes under way at once. Matters for providers that wait on a network; extractive work takes turns."""
    batch_users: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Users whose refreshes share one synced commit. More is faster, and holds results back longer."""
    trigger_poll_ms: Annotated[int, Field(ge=5, le=10_000)] = 50
    """How often the activity environment's last transaction id is looked at; costs a microsecond."""
    compare_each: Annotated[int, Field(ge=0, le=1_000_000)] = 100
    """Of so many refreshes of a user by code that write a profile, one is compared with a full refresh, which starts
    from the events alone; log, ledger and status say whether they differ. 100 costs at most six refreshes more in a
    hundred: a user with more than 2,000 events is skipped, which ledger and status say too. 0: never."""
    sweep_seconds: Annotated[float, Field(gt=0, le=3600)] = 5.0
    """How often the due index is swept."""
    night: str = "03:00-04:00"
    """When `nightly` refreshes are due, from and to by the clock on the wall; it may run over midnight. Users are
    spread over it, each at an own place that is the same every night."""
    time_zone: str = "UTC"
    """Where `night` and the times of `cron` are, such as "Europe/Berlin"; summer time is followed."""
    review_seconds: Annotated[float, Field(gt=0, le=7 * 86_400)] = 86_400.0
    """How often all users are looked through for a changed segment or a missing due time, counted from midnight UTC.
    Besides, a user is looked at with every activity, and all are after a changed configuration, a restart and the end
    of a pause."""
    retry_backoff_seconds: Annotated[float, Field(gt=0, le=86_400)] = 30.0
    """Wait after the first failure of a user's refresh; doubles with each further one."""
    retry_backoff_max_seconds: Annotated[float, Field(gt=0, le=7 * 86_400)] = 21_600.0
    """Longest wait between retries."""
    drain_seconds: Annotated[float, Field(ge=0, le=600)] = 30.0
    """How long work in hand may take after SIGTERM; what is not done stays due."""

    @field_validator("night")
    @classmethod
    def _is_night(cls, text: str) -> str:
        said(night, text)
        return text

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        said(zone, name)
        return name

    @model_validator(mode="after")
    def _backoff_order(self) -> Scheduler:
        if self.retry_backoff_max_seconds < self.retry_backoff_seconds:
            raise ValueError(
                "retry_backoff_max_seconds is below retry_backoff_seconds; it must be at least as long"
            )
        return self


class Session(Section):
    """What ends a session."""

    idle_timeout_seconds: Annotated[float, Field(gt=0, le=86_400)] = 1800.0
    """Quiet time after which a session has ended; web analytics' usual 30 minutes. `session.end` ends it at once."""
    settle_seconds: Annotated[float, Field(ge=0, le=600)] = 2.0
    """Pause after which an import is taken to be over for a user: events of a session long past make the user due
    only when none has come for so long, and after 30 times as long at the latest. Keeps a user from being refreshed
    again and again on parts of the history. 0 refreshes at once."""


class ColdStart(Section):
    """When a user is known well enough."""

    events_min: Annotated[int, Field(ge=1, le=1000)] = 3
    """Meaningful events below which a user gets the default profile. Lowered, it lets users in at once."""
    editorial: Path | None = None
    """TOML file with what you say to users nobody knows yet, for all namespaces and for single ones: topics, sentences,
    presentation (docs/guide.md). It is followed. None: nothing."""
    trend_topics_max: Annotated[int, Field(ge=0, le=10)] = 5
    """Topics that many users of the namespace turn to now, put behind the editorial's; counted when
    scheduler.night is over. Each costs tokens in every stranger's prompt. 0: none."""
    trend_users_min: Annotated[int, Field(ge=2, le=1_000_000)] = 5
    """Users whose events must carry a topic before it reaches a stranger. More is more private. Raised, it holds at
    once; lowered, from the next night on."""
    cohort_attribute: Annotated[str, Field(max_length=64)] = "locale"
    """Attribute of events that parts users into cohorts. A user with too few events for a profile of their own is
    served what trends in theirs; one without any event, what trends in the namespace. Empty: no cohorts."""
    cohort_users_min: Annotated[int, Field(ge=2, le=1_000_000)] = 20
    """Users that make a cohort; those of a smaller one are served what trends in the namespace."""
    cohorts_max: Annotated[int, Field(ge=0, le=256)] = 16
    """Cohorts of a namespace, the largest. 0: none."""
    _editorial: Editorial = PrivateAttr(default_factory=Editorial)

    @model_validator(mode="after")
    def _read_editorial(self) -> ColdStart:
        if self.editorial is not None:
            try:
                self._editorial = read_editorial(self.editorial)
            except FieldError as exc:
                # As itself rather than as ValueError, so that the key that names the file is named, too.
                found = f"in {exc.field}: {exc.found}"
                raise FieldError("cold_start.editorial", found, exc.allowed) from exc
        return self

    def editorial_words(self) -> Editorial:
        """Return what the editorial file said when the configuration was read."""
        return self._editorial


Effort = Literal["low", "medium", "high", "xhigh", "max"]


class Price(Section):
    """What a model costs, in US dollars per million tokens; the same number is millionths of a dollar a token."""

    input: Annotated[float, Field(ge=0, le=10_000)]
    """Tokens read."""
    output: Annotated[float, Field(ge=0, le=10_000)]
    """Tokens written."""
    cache_read: Annotated[float, Field(ge=0, le=10_000)] | None = None
    """Tokens read from the provider's prompt cache. None: as input."""
    cache_write: Annotated[float, Field(ge=0, le=10_000)] | None = None
    """Tokens put into the prompt cache. None: as input."""
    batch_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """What a batch costs, as a share of the same calls one by one."""


# List prices of the Messages API as https://platform.claude.com/docs/en/about-claude/pricing and the models' pages had
# them in October 2026; prompts are cached for five minutes. A model whose price was not found there is left out rather
# than guessed. claude-haiku-5-5 costs five times as much from 100,000 prompt tokens on, which agent.prompt_tokens_max
# keeps far away from.
PRICES = {
    "claude-fable-5-1": Price(input=10.0, output=50.0, cache_read=0.25, cache_write=12.5),
    "claude-fable-5": Price(input=10.0, output=50.0, cache_read=1.0, cache_write=12.5),
    "claude-mythos-5-1": Price(input=10.0, output=50.0, cache_read=0.25, cache_write=12.5),
    "claude-mythos-5": Price(input=10.0, output=50.0, cache_read=1.0, cache_write=12.5),
    "claude-opus-5-5": Price(input=4.0, output=20.0, cache_read=0.2, cache_write=5.0),
    "claude-opus-5": Price(input=5.0, output=25.0, cache_read=0.5, cache_write=6.25),
    "claude-opus-4-8": Price(input=5.0, output=25.0, cache_read=0.5, cache_write=6.25),
    "claude-opus-4-7": Price(input=5.0, output=25.0, cache_read=0.5, cache_write=6.25),
    "claude-opus-4-6": Price(input=5.0, output=25.0, cache_read=0.5, cache_write=6.25),
    "claude-opus-4-5": Price(input=5.0, output=25.0, cache_read=0.5, cache_write=6.25),
    "claude-sonnet-5-5": Price(input=2.0, output=10.0, cache_read=0.1, cache_write=2.5),
    "claude-sonnet-5": Price(input=2.0, output=10.0, cache_read=0.2, cache_write=2.5),
    "claude-sonnet-4-6": Price(input=3.0, output=15.0, cache_read=0.3, cache_write=3.75),
    "claude-sonnet-4-5": Price(input=3.0, output=15.0, cache_read=0.3, cache_write=3.75),
    "claude-haiku-5-5": Price(input=0.1, output=0.5, cache_read=0.01, cache_write=0.125),
    "claude-haiku-4-5": Price(input=1.0, output=5.0, cache_read=0.1, cache_write=1.25),
}


class Product(Section):
    """The message of the operator's own in every profile."""

    proto_file: Path | None = None
    """The .proto file that has the message, compiled at the start (extra `product`); or, by the suffix .binpb, a
    descriptor set that `buf build` or protoc made of it. Imports are looked for in its folder, or where the folders of
    its package begin; `buf/validate/validate.proto`, whose rules are enforced, is always there. None: profiles have
    no product."""
    message: Annotated[str, Field(max_length=256)] = ""
    """Full name of the message, such as `acme.v1.FeedProfile`."""

    @model_validator(mode="after")
    def _both(self) -> Product:
        if (self.proto_file is None) != (not self.message):
            missing = "proto_file" if self.proto_file is None else "message"
            raise ValueError(f"proto_file and message go together; {missing} is missing")
        if self.proto_file is not None and self.proto_file.suffix not in PRODUCT_SUFFIXES:
            raise ValueError(
                f"proto_file: found {str(self.proto_file)!r}; allowed: a file named *{' or *'.join(PRODUCT_SUFFIXES)}"
            )
        if self.message and not _MESSAGE_NAME.fullmatch(self.message):
            raise ValueError(
                f"message: found {self.message!r}; allowed: a package and a name, as in acme.v1.FeedProfile"
            )
        return self


class Agent(Section):
    """The offline agent that writes profiles."""

    provider: ProviderName = "extractive"
    """Who proposes changes to a profile. extractive: by code, without a network. anthropic: a language model that
    speaks the Messages API. openai-chat: one that speaks chat completions (Ollama, vLLM, llama.cpp; extra `openai`).
    With a model, code still answers every trigger at once, and the model's proposal follows."""
    model: Annotated[str, Field(max_length=128)] = "claude-haiku-4-5"
    """The language model, as its server names it."""
    base_url: Annotated[str, Field(max_length=2048)] = ""
    """Where the model's server is, such as http://127.0.0.1:8080. Empty: the provider's own. For openai-chat an address
    without a path means /v1 there."""
    api_key_file: Path | None = None
    """File that holds the API key alone. None: the environment, ANTHROPIC_API_KEY or OPENAI_API_KEY. A server given by
    base_url may need none."""
    admin_key_file: Path | None = None
    """File that holds an Admin API key alone, with which the cost of calls cut short by a crash is read from the usage
    report. None: the environment, ANTHROPIC_ADMIN_KEY; without one such calls keep their estimate, which is above
    what they cost."""
    usage_report_lag_seconds: Annotated[float, Field(ge=0, le=86_400)] = 900.0
    """Age from which on the usage report is taken to be complete. Anthropic speaks of five minutes, mostly."""
    prompt_tokens_max: Annotated[int, Field(ge=500, le=100_000)] = 3000
    """Tokens of one user's part of a prompt; the newest and most telling events are chosen to fit. Bounds the cost
    of a refresh, whatever the history."""
    output_tokens_max: Annotated[int, Field(ge=100, le=32_000)] = 1500
    """Tokens of one answer."""
    effort: Effort | None = None
    """How much a model thinks before it answers; what it thinks counts as output, and towards output_tokens_max. None:
    the model's own default. Models that do not think, claude-haiku-4-5 among them, refuse any other value."""
    calls_max: Annotated[int, Field(ge=1, le=1000)] = 64
    """Calls to the model under way at once. Fewer while the provider limits the rate or is overloaded."""
    batch_users_max: Annotated[int, Field(ge=1, le=100_000)] = 2000
    """Users of one batch; as many prompts are in memory at once, about 15 KB each."""
    batch_wait_seconds: Annotated[float, Field(ge=0, le=86_400)] = 60.0
    """How long the first user of a batch waits for others to join it."""
    batch_poll_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """How often a batch under way is asked for."""
    batch_grace_seconds: Annotated[float, Field(ge=0, le=86_400)] = 600.0
    """How long a batch must be missing from the provider's list, when its sending broke off, before its users are
    asked about again. A provider lists a new batch late; too short a time pays twice, a long one only delays."""
    prices: dict[str, Price] = PRICES
    """Tables `[agent.prices."MODEL"]`; every model in use needs one, 0 where calls cost nothing. The list prices of
    Claude models of October 2026 are there (`foreword config show`); a table of your own goes before them, whole."""
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Longest time one refresh, or one call to a model, may take."""
    product: Product = Product()
    """A message of your own in every profile, `Profile.product`, which the language model fills in."""
    embedding: Literal["none", "wordllama"] = "none"
    """What makes the vector of the summary that a profile carries as a retrieval key (`summary_embedding`). wordllama:
    256 numbers of a byte each, made here in 70 microseconds by weights that come with the extra `embeddings`; costs
    the scheduler 100 MB of memory. None of it reaches for a network."""
    signs: dict[str, Sign] = {}
    """What acts of your own types say of their topics, as in `[agent.signs]`, `snooze = "against"`; goes before the
    table in docs/guide.md, which knows mute, block, dislike, like and the like. Holds for events read from then on,
    and for those still in the window."""

    @field_validator("base_url")
    @classmethod
    def _address(cls, base_url: str) -> str:
        parts = urlsplit(base_url)
        if base_url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError(
                f"found {quoted(base_url)}; allowed: an address that begins with http:// or https://"
            )
        if parts.username is not None or parts.query or parts.fragment:
            # Not shown: what stands there is often a password.
            raise ValueError(
                "found a user, a query or a fragment in it; allowed: scheme, host, port and path"
            )
        return base_url

    @field_validator("prices", mode="before")
    @classmethod
    def _with_list_prices(cls, prices: Any) -> Any:
        return {**PRICES, **prices} if isinstance(prices, dict) else prices

    @field_validator("signs")
    @classmethod
    def _types(cls, signs: dict[str, Sign]) -> dict[str, Sign]:
        for name in signs:
            if not 0 < len(name.encode()) <= TYPE_BYTES_MAX:
                raise ValueError(
                    f"found {quoted(name)}; allowed: a type of 1 to {TYPE_BYTES_MAX} bytes of UTF-8"
                )
        return signs


class Budget(Section):
    """What language models may cost, in millionths of a US dollar. At a limit the cheapest useful work goes on (by
    code alone), the rest waits, and `foreword status` says so."""

    day_micro_usd: Annotated[int, Field(ge=0)] | None = 10_000_000
    """For all users in a day, UTC. None: no limit."""
    user_day_micro_usd: Annotated[int, Field(ge=0)] | None = 100_000
    """For one user in a day, UTC. None: no limit."""
    run_micro_usd: Annotated[int, Field(ge=0)] | None = None
    """For one batch. A sweep larger than that is split, and goes on in the next batch. None: no limit."""


class Words(Section):
    """Which words of activity may stand in a text: topics, values of attributes and types of events."""

    policy: Policy = "open"
    """open: all that has the shape of a name, quoted and said to be data; anyone who can record an event gets a name
    of their choice into that user's texts. shared: of those only names that users_min users' events carry.
    vocabulary: only what vocabulary lists."""
    users_min: Annotated[int, Field(ge=2, le=NAME_USERS_MAX)] = 5
    """Users whose events must carry a name before `shared` lets it through. More is safer against people who open
    accounts for it, and hides more of what is rare."""
    vocabulary: tuple[str, ...] = ()
    """Names that every policy lets through, shown unquoted and as spelled here; case and separators do not matter
    when they are looked up. A site is named only when it stands here."""
    sensitive: tuple[Sensitive, ...] = SENSITIVE
    """Kinds of sensitive names that no policy lets through, told by lists of words (docs/guide.md says what those do
    not do). [] lets all through."""
    denied: tuple[str, ...] = ()
    """Names of your own that no policy lets through, and with each all names that hold its words in a row."""
    vocabulary_file: Path | None = None
    """TOML file with words of your domain beside Foreword's own: what shows which kind of activity, how it is said,
    what is a language or a genre, how names are shown (docs/guide.md). It is followed. None: Foreword's alone."""
    _words: Vocabulary = PrivateAttr(default_factory=built_in)

    @field_validator("vocabulary", "denied")
    @classmethod
    def _entries(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        for entry in entries:
            if not is_own_name(entry):
                raise ValueError(f"found {quoted(entry)}; allowed: {OWN_NAME_ALLOWED}")
        return entries

    @model_validator(mode="after")
    def _has_words(self) -> Words:
        if self.policy == "vocabulary" and not self.vocabulary:
            raise ValueError(
                'policy is "vocabulary" and vocabulary is empty; allowed: at least one name in it'
            )
        return self

    @model_validator(mode="after")
    def _read_words(self) -> Words:
        if self.vocabulary_file is not None:
            try:
                self._words = read(self.vocabulary_file, built_in())
            except FieldError as exc:
                raise ValueError(f"{exc.field}: found {exc.found}; allowed: {exc.allowed}") from exc
        return self

    def domain_words(self) -> Vocabulary:
        """Return the words of the namespace's domains, as they were when the configuration was read."""
        return self._words

    def names(self, users_of: Callable[[str], int] | None = None) -> Names:
        """Return the door these rules make; `users_of` as `Names` has it."""
        return Names(
            self.policy,
            self.vocabulary,
            self.users_min,
            users_of,
            sensitive=SensitiveNames(self.sensitive, self.denied),
            labels=self._words.labels,
        )


class Foreword(Section):
    """The prompt-ready text."""

    tokens_max: Annotated[int, Field(ge=20, le=200)] = 200
    """Size of the text. 200 is the contract's limit."""
    words: Words = Words()
    """Which words of activity may stand in it, in every namespace without a table of its own."""
    namespaces: dict[str, Words] = {}
    """Tables `[foreword.namespaces.NAME]` with the same keys for single namespaces; what one leaves out is as in
    `[foreword.words]`."""

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, tables: Any) -> Any:
        """Fill a namespace that the file gives in part from the table for all."""
        if not isinstance(tables, dict):
            return tables
        spaces, common = tables.get("namespaces"), tables.get("words", {})
        if not isinstance(spaces, dict) or not isinstance(common, dict):
            return tables
        filled = {
            name: {**common, **table} if isinstance(table, dict) else table for name, table in spaces.items()
        }
        return {**tables, "namespaces": filled}

    @field_validator("namespaces")
    @classmethod
    def _names(cls, spaces: dict[str, Words]) -> dict[str, Words]:
        for name in spaces:
            if len(name.encode()) > NAMESPACE_BYTES_MAX:
                raise ValueError(
                    f"found {quoted(name)}; allowed: at most {NAMESPACE_BYTES_MAX} bytes of UTF-8"
                )
        return spaces

    def vocabulary_files(self) -> list[Path]:
        """Return the files that words of a domain are read from."""
        files = [words.vocabulary_file for words in (self.words, *self.namespaces.values())]
        return sorted({file for file in files if file is not None})

    def words_of(self, namespace: str) -> Words:
        """Return the rules in force in a namespace."""
        return self.namespaces.get(namespace, self.words)


Matching = Literal["off", "shadow", "verified", "guarded"]
WrapperName = Literal["deterministic", "plan", "rewrite"]
ModelName = Annotated[str, Field(min_length=1, max_length=128)]


class Tiering(Section):
    """Answers from a factual core that many users share, in words for one. Without a provider, cores are what the
    application puts (`foreword answer import`), and no model is ever asked."""

    directory: Path | None = None
    """Folder of the cache of cores; created with mode 0700 when missing. None: `answers` in store.directory."""
    size_bytes_max: Annotated[int, Field(ge=1 << 20, le=1 << 46)] = _GIB
    """Size from which on the oldest cores that a model made go. A core takes 3 to 10 KB. What the application put
    never goes by itself, and comes on top."""
    provider: Literal["none", "anthropic", "openai-chat"] = "none"
    """Who writes cores. Address, key, time limit and prices are those of `[agent]`."""
    model: ModelName = "claude-sonnet-5-5"
    """The model that writes cores, and answers what is not shared. Another one begins with an empty cache."""
    judge_model: ModelName = "claude-haiku-5-5"
    """The model that judges whether two questions ask the same."""
    wrapper_model: ModelName = "claude-haiku-5-5"
    """The model that plans or rewrites, where `wrapper` is one of these."""
    wrapper: WrapperName = "deterministic"
    """How a core becomes words for one user. deterministic: by code, in microseconds. plan: a small model chooses and
    orders. rewrite: a model writes anew. Code checks both, and takes the deterministic words for what it refuses."""
    mode: Matching = "verified"
    """What becomes of the core of a near question. off: nothing is looked for. shadow: only noted for
    `foreword answer audit`. verified: a model judges behind the answer, and from then on the question leads there; it
    can be withdrawn. guarded: served at once when the veto lets it pass. All but off want `embedding`."""
    embedding: Literal["none", "wordllama"] = "none"
    """What makes the vectors by which near questions are found (extra `embeddings`; 100 MB of memory)."""
    similarity_min: Annotated[float, Field(ge=0.5, le=1)] = 0.8
    """Likeness of vectors from which on a question is near. It only proposes; the veto decides."""
    locale: Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)] = "en"
    """Language where a call names none, as BCP 47 has it."""
    context_file: Path | None = None
    """Text that every core is written from, such as facts of your product; at most 200,000 bytes of UTF-8. Changed,
    it begins with an empty cache. None: the model writes from what it knows."""
    corpus_revision: Annotated[str, Field(max_length=64)] = ""
    """Revision of what you know that a file does not show. Changed, it begins with an empty cache."""
    fresh_seconds: Annotated[float, Field(gt=0, le=365 * 86_400)] = 86_400.0
    """Age up to which a core that a model made is served as it is."""
    stale_seconds: Annotated[float, Field(gt=0, le=365 * 86_400)] = 7 * 86_400.0
    """Age up to which it is served while a new one is written behind the answer."""
    error_seconds: Annotated[float, Field(gt=0, le=365 * 86_400)] = 14 * 86_400.0
    """Age up to which it is served when no new one can be had. Afterwards never."""
    jitter_share: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    """Share by which these ages are shorter from core to core, so that cores made together do not go together."""
    askers_min: Annotated[int, Field(ge=1, le=100)] = 2
    """Distinct users who must ask before a core is written. A question asked once costs more with a core than
    without."""
    failure_seconds: Annotated[float, Field(ge=0, le=3600)] = 10.0
    """How long writing a core is not tried again after it failed."""
    lease_seconds: Annotated[float, Field(ge=1, le=600)] = 10.0
    """How long another process waits for one that writes a core and shows no life."""
    claim_seconds: Annotated[float, Field(ge=1, le=3600)] = 60.0
    """How long an application that asked for it (GetCore with `claim`) has to write a core."""
    output_tokens_max: Annotated[int, Field(ge=200, le=32_000)] = 2000
    """Tokens of one core, or of one answer that is not shared."""
    explained_max: Annotated[int, Field(ge=0, le=10_000_000)] = 10_000
    """Newest answers that `foreword answer explain` knows."""
    audited_max: Annotated[int, Field(ge=0, le=1_000_000)] = 1000
    """Newest near questions that `foreword answer audit` knows."""
    day_micro_usd: Annotated[int, Field(ge=0)] | None = 10_000_000
    """What all of this may cost in a day, UTC, in millionths of a US dollar. At the limit no model is asked: cores are
    served, stale ones too. None: no limit."""

    @model_validator(mode="after")
    def _order(self) -> Tiering:
        if not self.fresh_seconds <= self.stale_seconds <= self.error_seconds:
            raise ValueError(
                f"fresh_seconds {self.fresh_seconds:g}, stale_seconds {self.stale_seconds:g}, error_seconds "
                f"{self.error_seconds:g} are not in order; allowed: fresh_seconds <= stale_seconds <= error_seconds"
            )
        return self

    @model_validator(mode="after")
    def _wrapper_has_model(self) -> Tiering:
        if self.wrapper != "deterministic" and self.provider == "none":
            raise ValueError(
                f'wrapper is {quoted(self.wrapper)} and provider is "none"; allowed: a provider, or deterministic'
            )
        return self

    @model_validator(mode="after")
    def _guarded_has_vectors(self) -> Tiering:
        if self.mode == "guarded" and self.embedding == "none":
            raise ValueError('mode is "guarded" and embedding is "none"; allowed: an embedding with it')
        return self

    def models(self) -> Iterator[tuple[str, str]]:
        """Yield each key that names a model which may be asked, and the model."""
        if self.provider == "none":
            return
        yield "tiering.model", self.model
        if self.mode == "verified" and self.embedding != "none":
            yield "tiering.judge_model", self.judge_model
        if self.wrapper != "deterministic":
            yield "tiering.wrapper_model", self.wrapper_model


class Security(Section):
    """Who may connect, and what they may do."""

    tls_certificate_file: Path | None = None
    """PEM certificate chain for addresses that are not loopback. None: only loopback and unix sockets. It and the two
    other PEM files are read anew when they change; new connections get what is new."""
    tls_key_file: Path | None = None
    """PEM private key of the certificate."""
    client_ca_file: Path | None = None
    """PEM certificates of those who sign callers' certificates. With it nobody connects by TLS without one, and the
    names in it may stand in the callers file. None: callers need none."""
    callers_file: Path | None = None
    """TOML file of those who may call, with what they may do and in which namespaces, as `foreword token new` writes
    its entries. Not for others to read, and read anew when it changes."""
    require_caller: Literal["remote", "everywhere", "nowhere"] = "remote"
    """Where a caller must be one of the callers file. remote: at addresses that other machines can reach, which is why
    they need one. everywhere: on loopback and unix sockets as well. nowhere: whoever connects may do everything. The
    native front serves no address where callers are asked for."""

    @model_validator(mode="after")
    def _both(self) -> Security:
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise ValueError("tls_certificate_file and tls_key_file go together; one of them is missing")
        if self.client_ca_file is not None and self.tls_certificate_file is None:
            raise ValueError("client_ca_file needs tls_certificate_file and tls_key_file beside it")
        if self.require_caller == "everywhere" and self.callers_file is None:
            raise ValueError('require_caller = "everywhere" needs callers_file')
        return self


class Config(Section):
    """All of the configuration."""

    store: Store = Store()
    sidecar: Sidecar = Sidecar()
    scheduler: Scheduler = Scheduler()
    window: Window = Window()
    session: Session = Session()
    cold_start: ColdStart = ColdStart()
    segments: Segments = Segments()
    agent: Agent = Agent()
    budget: Budget = Budget()
    foreword: Foreword = Foreword()
    tiering: Tiering = Tiering()
    ranking: Ranking = Ranking()
    security: Security = Security()
    telemetry: Telemetry = Telemetry()

    @field_validator("*", mode="before")
    @classmethod
    def _table(cls, value: object) -> object:
        if not isinstance(value, (dict, Section)):
            raise ValueError(f"found {value!r}; allowed: a table")  # noqa: TRY004 - pydantic reports ValueError
        return value

    @model_validator(mode="before")
    @classmethod
    def _complete_windows(cls, tables: Any) -> Any:
        """Fill a segment's window that the file gives in part from the window for all."""
        segments = tables.get("segments") if isinstance(tables, dict) else None
        common = tables.get("window", {}) if isinstance(tables, dict) else None
        if not isinstance(segments, dict) or not isinstance(common, dict):
            return tables
        filled = {
            name: {**table, "window": {**common, **table["window"]}}
            if isinstance(table, dict) and isinstance(table.get("window"), dict)
            else table
            for name, table in segments.items()
        }
        return {**tables, "segments": filled}

    @model_validator(mode="after")
    def _retention_covers_windows(self) -> Config:
        windows = {"window.days": self.window.days}
        for _, name, settings, _ in self.segments.tried():
            if settings.window is not None:
                windows[f"segments.{name}.window.days"] = settings.window.days
        key = max(windows, key=lambda name: windows[name])
        if self.store.retention_days < windows[key]:
            raise ValueError(
                f"store.retention_days {self.store.retention_days} is below {key} {windows[key]}; "
                "events would go before they are read"
            )
        return self

    @model_validator(mode="after")
    def _ids_outlive_events(self) -> Config:
        if self.store.ids_days and self.store.ids_days < self.store.retention_days:
            raise FieldError(
                "store.ids_days",
                str(self.store.ids_days),
                f"at least store.retention_days, {self.store.retention_days}, or 0 for ids that stay for good",
            )
        return self

    @model_validator(mode="after")
    def _models_have_prices(self) -> Config:
        for key, model in (*self._models_in_use(), *self.tiering.models()):
            if model not in self.agent.prices:
                # A FieldError passes pydantic as it is, and brings its key and hint to foreword.config_check.
                raise FieldError(
                    key,
                    f"{quoted(model)}, which has no price",
                    f"a model with one in agent.prices ({', '.join(sorted(self.agent.prices))})",
                    hint=f'write [agent.prices."{model}"] with input = and output = in US dollars per million tokens; '
                    "0 where calls cost nothing",
                )
        return self

    @model_validator(mode="after")
    def _editorial_names_nothing_sensitive(self) -> Config:
        editorial = self.cold_start.editorial_words()
        for namespace, words in {"": editorial.common, **editorial.namespaces}.items():
            names = self.foreword.words_of(namespace).names()
            sensitive = next(filter(names.withholds, words.names()), None)
            if sensitive is not None:
                raise FieldError(
                    "cold_start.editorial",
                    f"{quoted(sensitive)} in {self.cold_start.editorial}, which no text may name",
                    "names that the rules of the namespace let through",
                    hint="foreword.words.sensitive and .denied say what is withheld, and [foreword.namespaces.NAME]",
                )
        return self

    def followed_files(self) -> list[Path]:
        """Return the files beside the configuration's own that it is made of, and that are followed."""
        editorial = self.cold_start.editorial
        return [*self.foreword.vocabulary_files(), *([] if editorial is None else [editorial])]

    def asks_models(self) -> bool:
        """Return whether any language model may be asked about users."""
        return any(True for _ in self._models_in_use())

    def _models_in_use(self) -> Iterator[tuple[str, str]]:
        """Yield each key that names a model which may be asked, and the model."""
        if self.agent.provider != "extractive":
            yield "agent.model", self.agent.model
        for _, name, segment, _ in self.segments.tried():
            if (segment.provider or self.agent.provider) == "extractive" or segment.mode == "extractive":
                continue
            if segment.model is None:
                yield "agent.model", self.agent.model
            else:
                yield f"segments.{name}.model", segment.model

    def noting(self) -> Noting:
        """Return what is noted of users as their events are written."""
        return Noting(int(self.session.idle_timeout_seconds * 1000), self.segments.attributes())

    def ids_days(self) -> int:
        """Return the age in days at which ids of events go; 0 when they stay."""
        ids_days = self.store.ids_days
        return 2 * self.store.retention_days if ids_days is None else ids_days

    def archive_directory(self) -> Path:
        """Return the folder of the archive."""
        return self.store.archive_directory or self.store.directory / "archive"

    def answers_directory(self) -> Path:
        """Return the folder of the cache of cores."""
        return self.tiering.directory or self.store.directory / "answers"

    def listen_addresses(self) -> tuple[str, ...]:
        """Return sidecar.listen with the store's folder filled in."""
        folder = str(self.store.directory.absolute())
        return tuple(address.replace("{store}", folder) for address in self.sidecar.listen)
