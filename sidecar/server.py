"""The serving daemon: what it is made of, and how it starts and stops."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import resource
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from foreword.addresses import Address, parse_address
from foreword.clock import Clock
from foreword.config import Config
from foreword.config_file import ConfigFile
from foreword.errors import StoreNotWritableError
from foreword.followed_config import FollowedConfig
from foreword.problems import Problems
from foreword.store.archive import require_parquet
from foreword.store.check import Scrub
from foreword.telemetry.endpoint import served
from foreword.telemetry.tracing import traced
from sidecar import (
    activity_service,
    answer_service,
    answering,
    grpc_log,
    health_service,
    listen,
    operator_service,
    profile_service,
    ranking_service,
    user_data_service,
)
from sidecar.access import Access
from sidecar.activity import Activity
from sidecar.activity_service import ActivityService
from sidecar.alerts import Alerts
from sidecar.answer_service import AnswerService
from sidecar.answering import Answering
from sidecar.archiving import Archiving
from sidecar.calls import Calls
from sidecar.change_feed import ChangeFeed
from sidecar.counts import StoreCounter
from sidecar.erasures import Erasures
from sidecar.front_lines import FrontLines
from sidecar.fronting import Fronting
from sidecar.guard import guarded
from sidecar.health_service import HealthService
from sidecar.local_reads import LocalReads
from sidecar.maintenance import Maintenance
from sidecar.metrics import SidecarMetrics
from sidecar.open_triggers import OpenTriggers
from sidecar.operator_service import OperatorService
from sidecar.profile_service import ProfileService
from sidecar.profiles import Profiles
from sidecar.promises import Promises
from sidecar.ranking import Ranking
from sidecar.ranking_service import RankingService
from sidecar.readers import ReaderWatch
from sidecar.reads import SAVE_SECONDS, Reads
from sidecar.rpc import Handler
from sidecar.scrub import Scrubber
from sidecar.streams import Streams
from sidecar.tls import TlsFiles
from sidecar.topics import Topics
from sidecar.user_data_service import UserDataService
from sidecar.watches import Watches

logger = logging.getLogger("sidecar")

# What is decided when the server, the environment and the threads are made.
AT_START = {
    "sidecar": ("listen", "message_bytes_max", "group_commit_ms", "native", "front_alone_seconds"),
    "store": ("directory", "activity_map_size_bytes", "readers_max"),
    "security": (
        "tls_certificate_file",
        "tls_key_file",
        "client_ca_file",
        "callers_file",
        "require_caller",
    ),
    "telemetry": ("sidecar_metrics_listen", "traces_url", "traces_share"),
    # What the cache is opened with; ages, mode, wrapper and limits apply at once.
    "tiering": (
        "directory",
        "size_bytes_max",
        "provider",
        "model",
        "embedding",
        "similarity_min",
        "context_file",
        "corpus_revision",
        "failure_seconds",
        "lease_seconds",
        "claim_seconds",
    ),
}

SERVICES = (
    profile_service.NAME,
    activity_service.NAME,
    answer_service.NAME,
    ranking_service.NAME,
    operator_service.NAME,
    user_data_service.NAME,
)

# How often files, receipts and the state of the disk are looked at; a few system calls.
TICK_SECONDS = 1.0
# The writing thread gives way to reads this often; Python's own 5 ms would be ten reads long.
SWITCH_SECONDS = 0.0005
# Calls of one connection at once; further ones wait at the client.
STREAMS_MAX = 256

_OPTIONS = (
    # A second server on a taken port fails, rather than silently taking half of its calls.
    ("grpc.so_reuseport", 0),
    ("grpc.max_concurrent_streams", STREAMS_MAX),
    # Connections of clients that vanished are closed; clients may look as often themselves.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)


def run(
    config: Config,
    clock: Clock,
    *,
    config_file: ConfigFile | None = None,
    ready: Callable[[Sequence[str]], None] = lambda _addresses: None,
) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code, 0.

    Args:
        config: The configuration to begin with.
        clock: Tells the time.
        config_file: Read again whenever it changes.
        ready: Called once it serves, with its addresses.

    Raises:
        ForewordError: It cannot start; the sentence says why.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    _allow_descriptors()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(SidecarServer(config, clock, config_file=config_file), ready))
    return 0


class _Service(Protocol):
    def handlers(self) -> dict[str, Handler]: ...


class SidecarServer:
    """The sidecar, in the running event loop.

    Attributes:
        addresses: Where it serves, such as `unix:/run/foreword.sock` and `127.0.0.1:7464`; set by `start`.
        metrics_address: Where it serves its metrics; set by `start`, empty where it serves none.
        is_stopped: Whether it has let go of everything.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        *,
        config_file: ConfigFile | None = None,
        tick_seconds: float = TICK_SECONDS,
    ) -> None:
        self.addresses: tuple[str, ...] = ()
        self.metrics_address = ""
        self.is_stopped = False
        self._config = config
        self._clock = clock
        self._config_file = config_file
        self._tick_seconds = tick_seconds
        self._timers: list[asyncio.Task[None]] = []
        # What `stop` lets go of; nothing before `start`, and nothing when that failed.
        self._closing = contextlib.AsyncExitStack()
        self._grace_seconds: float | None = None

    async def start(self) -> None:
        """Take the store and the addresses, and serve.

        Raises:
            ForewordError: Something cannot be had; what had been taken is let go.
        """
        grpc_log.keep_short()
        async with contextlib.AsyncExitStack() as stack:
            self._open(stack)
            stack.push_async_callback(self._answering.close)
            stack.push_async_callback(self._ranking.close)
            await self._bind(stack)
            telemetry = self._config.telemetry
            self._calls.tracing = await stack.enter_async_context(traced("foreword-sidecar", telemetry))
            self.metrics_address = await stack.enter_async_context(
                served(
                    "telemetry.sidecar_metrics_listen", telemetry.sidecar_metrics_listen, self._metrics.read
                )
            )
            await self._fronting.start()
            # The front answers reads from here on; other calls wait at the server's socket while the cache of cores is
            # opened, which is a third of a start.
            await self._answering.open()
            await asyncio.gather(self._server.start(), self._asking.start())
            self._local_reads.open()
            stack.callback(self._local_reads.close)
            stack.push_async_callback(self._drain)
            self._closing = stack.pop_all()
        for service in (health_service.OVERALL, *SERVICES):
            self._health.set(service, serving=True)
        self._show_write_health()
        await self._reader_watch.look()
        self._start_timers()
        logger.info("serving on %s", " and ".join(self.addresses))

    async def stop(self, grace_seconds: float | None = None) -> None:
        """Drain: say so in health, let running calls finish, then let go of everything.

        Does nothing more when it was not started, or is stopped already.

        Args:
            grace_seconds: How long calls may take; None takes sidecar.drain_seconds.
        """
        self._grace_seconds = grace_seconds
        await self._closing.aclose()
        self.is_stopped = True
        logger.info("stopped")

    async def agree(self) -> None:
        """Return once the native front, if there is one, goes by this clock, and what it has noted is known here."""
        await self._fronting.agree()

    async def _drain(self) -> None:
        configured = self._live.current.sidecar.drain_seconds
        grace = configured if self._grace_seconds is None else self._grace_seconds
        logger.info("draining for at most %g s", grace)
        self._activity.is_draining = True
        self._health.drain()
        # One turn of the loop, so that those who watch hear it before their connection is told to go.
        await asyncio.sleep(0)
        stopping = asyncio.create_task(self._stop_serving(grace))
        # One turn, so that no call begins any more.
        await asyncio.sleep(0)
        if await self._streams.drain():
            # Those that nobody reads would hold the stop for all of the grace: the others may take it, these do not.
            await self._calls.ended(grace)
            await self._stop_servers(None)
        await stopping
        for timer in self._timers:
            timer.cancel()
        await asyncio.gather(*self._timers, return_exceptions=True)
        await self._reads.save()

    async def _stop_serving(self, grace: float) -> None:
        """Let the front's calls end before those of the sidecar behind it, to which it hands them on."""
        ends = time.monotonic() + grace
        await self._fronting.drain(grace)
        await self._stop_servers(max(0.0, ends - time.monotonic()))

    # -- starting ---------------------------------------------------------------------------------------------

    def _open(self, stack: contextlib.AsyncExitStack) -> None:
        config, clock = self._config, self._clock
        self._problems = Problems(clock, logger)
        self._live = FollowedConfig(
            config, self._config_file, self._problems, component="sidecar.config", at_start=AT_START
        )
        self._access = Access(config.security.callers_file, self._problems, clock)
        self._tls = TlsFiles(config.security, self._problems)
        self._profiles = Profiles(
            config.store.directory, readers_max=config.store.readers_max, problems=self._problems
        )
        stack.callback(self._profiles.close)
        self._activity = Activity(config, self._live, self._problems, self._profiles)
        stack.push_async_callback(self._activity.close)
        self._reads = Reads(self._activity, clock)
        self._streams = Streams(self._live)
        self._change_feed = ChangeFeed(self._profiles, self._live)
        self._reader_watch = ReaderWatch(self._profiles, self._activity, self._live, self._problems)
        scrub = Scrub(config.store.directory)
        self._scrubber = Scrubber(scrub, self._live, self._problems, clock)
        if config.store.archive == "on":
            require_parquet('store.archive = "on"')
        self._archiving = Archiving(self._activity, self._live, self._problems)
        self._maintenance = Maintenance(self._activity, self._profiles, self._archiving, self._live, clock)
        self._answering = Answering(config, self._live, self._problems, clock)
        self._ranking = Ranking(
            self._activity, self._profiles, live=self._live, problems=self._problems, clock=clock
        )

    async def _bind(self, stack: contextlib.AsyncExitStack) -> None:
        options = [
            *_OPTIONS,
            ("grpc.max_receive_message_length", self._config.sidecar.message_bytes_max),
        ]
        # Two, since a call does not say at which address it came.
        self._server, self._asking = grpc.aio.server(options=options), grpc.aio.server(options=options)
        self._register()
        servers = listen.Servers(self._fronting.choose(self._server), self._server, self._asking)
        listener = listen.Listener(servers, self._tls, self._config.security)
        stack.callback(listener.release)
        stack.push_async_callback(self._fronting.close)
        # Never started or already stopped, this frees the ports.
        stack.push_async_callback(self._stop_servers, 0)
        for text in self._config.listen_addresses():
            address = parse_address("sidecar.listen", text)
            try:
                listener.bind(address)
            except StoreNotWritableError as exc:
                self._leave_out(address, exc)
        if not listener.bound:
            raise StoreNotWritableError(
                "no address is left to serve on", hint="set sidecar.listen to one outside the store"
            )
        self.addresses = tuple(listener.bound)

    async def _stop_servers(self, grace_seconds: float | None) -> None:
        await asyncio.gather(self._server.stop(grace_seconds), self._asking.stop(grace_seconds))

    def _leave_out(self, address: Address, exc: StoreNotWritableError) -> None:
        """Do without a socket whose folder is read-only, when the store is too; otherwise it is a mistake."""
        if not self._activity.is_read_only:
            raise exc
        self._problems.note("sidecar.listen", address.text, f"not serving on {address.text}: {exc}")

    def _register(self) -> None:
        triggers = OpenTriggers(self._activity, self._live, self._clock)
        self._local_reads = LocalReads(self._config.store.directory, triggers)
        self._calls = Calls()
        lines = FrontLines(self._live, self._clock, triggers, self._reads, self._calls)
        self._fronting = Fronting(self._config, self._problems, lines)
        self._erasures = Erasures(
            self._activity,
            self._profiles,
            triggers,
            archiving=self._archiving,
            problems=self._problems,
            clock=self._clock,
        )
        events = ActivityService(self._activity, self._profiles, self._streams, self._clock)
        topics = Topics(self._profiles, self._activity, self._clock)
        counter = StoreCounter(self._profiles, self._activity, self._live, self._clock)
        self._alerts = Alerts(self._live)
        self._promises = Promises(
            counter, self._activity, self._alerts, self._problems, live=self._live, clock=self._clock
        )
        operator = OperatorService(
            profiles=self._profiles,
            activity=self._activity,
            counter=counter,
            promises=self._promises,
            events=events,
            reads=self._reads,
            readers=self._reader_watch,
            topics=topics,
            scrubber=self._scrubber,
            answering=self._answering,
            archiving=self._archiving,
            ranking=self._ranking,
            fronting=self._fronting,
            calls=self._calls,
            problems=self._problems,
            live=self._live,
            clock=self._clock,
        )
        services: dict[str, _Service] = {
            profile_service.NAME: ProfileService(
                self._profiles,
                self._activity,
                triggers,
                self._reads,
                topics,
                streams=self._streams,
                watches=Watches(
                    self._profiles, self._erasures.named, self._change_feed, self._streams, self._live
                ),
                live=self._live,
                clock=self._clock,
            ),
            activity_service.NAME: events,
            answer_service.NAME: AnswerService(self._answering, self._profiles, self._activity, self._live),
            ranking_service.NAME: RankingService(self._ranking, self._activity),
            operator_service.NAME: operator,
            user_data_service.NAME: UserDataService(
                self._config.store.directory,
                self._profiles,
                self._activity,
                self._erasures,
                answering=self._answering,
                archiving=self._archiving,
                ranking=self._ranking,
            ),
        }
        for name, service in services.items():
            handlers = service.handlers()
            asking = guarded(name, handlers, self._access)
            for server, ours in ((self._server, handlers), (self._asking, asking)):
                followed = self._calls.followed(name, ours)
                server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, followed),))
        self._metrics = SidecarMetrics(
            operator,
            counter,
            self._calls,
            self._reads,
            self._reader_watch,
            gate=self._access,
            front=lines,
            live=self._live,
        )
        self._health = HealthService(SERVICES)
        for server in (self._server, self._asking):
            # Of nobody's concern who asks: these say whether it works, and what stands in proto/.
            health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
            reflection.enable_server_reflection(
                (*SERVICES, health_service.SERVICE_NAME, reflection.SERVICE_NAME), server
            )

    # -- running ----------------------------------------------------------------------------------------------

    def _start_timers(self) -> None:
        live = self._live
        self._timers = [
            asyncio.create_task(_every(lambda: self._tick_seconds, self._tick)),
            asyncio.create_task(
                _every(lambda: live.current.sidecar.maintenance_seconds, self._maintenance.run)
            ),
            asyncio.create_task(
                _every(lambda: live.current.sidecar.maintenance_seconds, self._ranking.maintain)
            ),
            asyncio.create_task(
                _every(lambda: live.current.store.reader_check_seconds, self._reader_watch.look)
            ),
            asyncio.create_task(_every(lambda: SAVE_SECONDS, self._reads.save)),
            asyncio.create_task(_every(lambda: answering.TICK_SECONDS, self._answering.tick)),
            asyncio.create_task(_every(self._promises.wait_seconds, self._promises.judge)),
            asyncio.create_task(self._change_feed.run()),
            asyncio.create_task(self._alerts.run()),
            asyncio.create_task(self._scrubber.run()),
        ]

    async def _tick(self) -> None:
        self._reads.turn()
        self._live.follow()
        await self._access.follow()
        self._tls.follow()
        self._profiles.follow()
        self._fronting.tick()
        self._activity.refuse_cut()
        await self._activity.probe()
        self._show_write_health()
        await self._ranking.tick()
        await self._erasures.finish_all()

    def _show_write_health(self) -> None:
        self._health.set(activity_service.NAME, serving=self._activity.is_healthy)


def _allow_descriptors() -> None:
    """Have as many descriptors as the system allows, for this process and the front: a connection takes one of each."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _serve(server: SidecarServer, ready: Callable[[Sequence[str]], None]) -> None:
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await server.start()
    ready(server.addresses)
    # What start-up made lives on: looking through it again at each full collection would stop reads for 30 ms.
    gc.collect()
    gc.freeze()
    await asked.wait()
    await server.stop()


async def _every(seconds: Callable[[], float], work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` over and over; what fails once is logged and tried again."""
    while True:
        await asyncio.sleep(seconds())
        try:
            await work()
        except Exception:
            logger.exception("a periodic task failed")


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop where there is one: a third more calls a second."""
    try:
        import uvloop
    except ModuleNotFoundError:
        return None
    return uvloop.new_event_loop
