"""The refreshing daemon: its parts, its life, its end."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, closing, suppress

from foreword.clock import Clock
from foreword.config import Config
from foreword.config_file import ConfigFile
from foreword.embedding import Embedder, load_embedder
from foreword.errors import StoreCorruptError, StoreError, StoreMissingError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.store import ActivityReader, ProfileReader, ProfileWriter
from foreword.store.files import ACTIVITY, PROFILES
from foreword.store.synonym_rows import read_synonyms
from foreword.synonyms import Synonyms
from foreword.telemetry.endpoint import served
from foreword.telemetry.tracing import traced
from scheduler.agent.extractive import EXTRACTIVE_VERSION
from scheduler.agent.product import load_product_schema
from scheduler.agent.refresh import RefreshInput, RefreshResult, refresh
from scheduler.agent.summary_embedding import NONE, check_embedding
from scheduler.attempt import Compute, Refresher
from scheduler.attempt_writer import AttemptWriter
from scheduler.backfill.work import BackfillWork
from scheduler.defaults import Defaults
from scheduler.erasure import Erasures
from scheduler.health import COMPONENT, Health
from scheduler.jobs import Jobs
from scheduler.mapped_pages import release_pages
from scheduler.metrics import SchedulerMetrics
from scheduler.model.connections import Connections
from scheduler.model.work import ModelWork
from scheduler.pauses import Pauses
from scheduler.policy import Policy
from scheduler.populations import Populations
from scheduler.ranked_topics import RankedTopicsReader, ServingModel
from scheduler.ranking import RankingTrainer
from scheduler.review import Reviewer
from scheduler.rollback import Rollbacks
from scheduler.runner import Runner
from scheduler.shaping import Shaping
from scheduler.topics.proposer import TopicProposer
from scheduler.trends import TrendCounter
from scheduler.triggers import TriggerFeed

logger = logging.getLogger("scheduler")

# What the environments were opened with, what was compiled, and what was loaded.
AT_START = {
    "store": (
        "directory",
        "profiles_map_size_bytes",
        "readers_max",
        "revisions_max",
        "ledger_entries_max",
        "changes_max",
    ),
    "agent": ("product", "embedding"),
    "telemetry": ("scheduler_metrics_listen", "traces_url", "traces_share"),
}
# How often a store that is not there yet, or was replaced, is looked for.
_PRESENCE_SECONDS = 0.5
# Triggers are looked at so often at most, however busy a backfill is: each look that finds some is a synced commit.
_LOOK_SECONDS_MIN = 0.01


def run(
    config: Config,
    clock: Clock,
    *,
    config_file: ConfigFile | None = None,
    ready: Callable[[Sequence[str]], None] = lambda _addresses: None,
) -> int:
    """Refresh profiles until SIGTERM or SIGINT; return the exit code, 0.

    Args:
        config: The configuration to begin with.
        clock: Tells the time.
        config_file: Read again whenever it changes.
        ready: Called once the store is its own; it serves on no address.

    Raises:
        ForewordError: It cannot start; the sentence says why.
    """
    asyncio.run(_serve(config, clock, config_file, ready))
    return 0


async def _serve(
    config: Config, clock: Clock, config_file: ConfigFile | None, ready: Callable[[Sequence[str]], None]
) -> None:
    daemon = SchedulerDaemon(config, clock, config_file=config_file)
    ready(())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.stop)
    await daemon.run()


async def compute_extractive(refresh_input: RefreshInput, config: Config) -> RefreshResult:
    """Compute a refresh by code alone."""
    return refresh(refresh_input, config)


class SchedulerDaemon:
    """Owns profiles.lmdb and keeps it up to date.

    Works before any sidecar has made an activity store, and follows one that is put in its place.

    Attributes:
        live: The configuration in force.
        health: What is wrong now.
        pauses: Whose refreshes are paused.
        runner: Runs the refreshes.
        models: Asks models about those who were refreshed.
        defaults: What users nobody knows are served.
        trends: Counts what trends among all users.
        ranking: Has global models trained.
        policy: Weighs refreshes, where that is configured.
        backfill: Brings all users over that nobody has come for.
        metrics: Counts refreshes.
        metrics_address: Where that is served; set by `run`, empty where it is not.

    Args:
        config: The configuration to begin with.
        clock: Tells the time.
        config_file: Read again whenever it changes.
        compute: The agent; another one in tests.
        prompt_version: What `compute` writes into `provenance.prompt_version`.

    Raises:
        StoreLockedError: Another scheduler, or a restore or compaction, holds the store.
        StoreError: profiles.lmdb cannot be opened for writing, or a restore was interrupted.
        MissingExtraError: The configuration asks for an extra that is not installed.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        *,
        config_file: ConfigFile | None = None,
        compute: Compute = compute_extractive,
        prompt_version: str = EXTRACTIVE_VERSION,
    ) -> None:
        check_embedding(config.agent.embedding)
        self.health = Health(clock)
        self.live = FollowedConfig(
            config, config_file, self.health.problems, component=COMPONENT, at_start=AT_START
        )
        self.pauses = Pauses(self.live)
        self.metrics_address = ""
        self._clock = clock
        self._activity: ActivityReader | None = None
        self._is_reviewing = False
        self._is_review_asked = False
        self._let_go: set[UserKey] = set()
        self._stopped = asyncio.Event()
        self._look = asyncio.Event()
        self._looked_at = 0.0
        with ExitStack() as stack:
            self._writer = stack.enter_context(closing(_open_writer(config)))
            self._profiles = stack.enter_context(
                closing(ProfileReader(config.store.directory, readers_max=config.store.readers_max))
            )
            populations = Populations(
                self._profiles, lambda: self.live.current.window.half_life_days, self._synonyms_of
            )
            connections = Connections(self.live, self.health)
            writer = AttemptWriter(
                self._writer,
                populations,
                clock,
                self.live,
                connected=connections.connected,
                queued=self._wake_models,
            )
            shaping = Shaping(self.live, self._synonyms_of)
            self.defaults = Defaults(self._writer, self._profiles, self.live)
            self.trends = TrendCounter(
                self._writer, self._profiles, self.defaults, self._synonyms_of, clock=clock, live=self.live
            )
            self.ranking = RankingTrainer(clock, self.live, self.health.problems)
            self.policy = Policy(self._writer, self._profiles, clock=clock, live=self.live)
            ranked = RankedTopicsReader(
                ServingModel(config.store.directory), lambda: self.live.current.ranking.profile_weight
            )
            refresher = Refresher(
                self._profiles,
                populations,
                clock,
                self.live,
                shaping,
                compute=compute,
                prompt_version=prompt_version,
                generals_of=self.defaults.generals,
                policy=self.policy,
                ranked_of=ranked.read,
            )
            self.runner = Runner(
                self._profiles,
                refresher,
                writer,
                clock=clock,
                live=self.live,
                health=self.health,
                pauses=self.pauses,
            )
            self.models = ModelWork(
                self._writer,
                self._profiles,
                populations,
                self.runner,
                connections,
                clock=clock,
                live=self.live,
                health=self.health,
                pauses=self.pauses,
                shaping=shaping,
                product_schema=load_product_schema(config.agent.product),
                ranked_of=ranked.read,
            )
            self.backfill = BackfillWork(
                self._writer,
                self._profiles,
                refresher,
                self.runner,
                clock=clock,
                live=self.live,
                health=self.health,
                connected=connections.connected,
                queued=self._wake_models,
                pauses=self.pauses,
                begun=self._look_between,
            )
            self.runner.spare, writer.follower = self.backfill.refreshes, self.backfill.refreshes
            self.metrics = SchedulerMetrics(self.health.problems, lambda: self.runner.in_flight_count, clock)
            self.runner.written = self.metrics.count
            erasures = Erasures(self._writer, self._profiles, populations, self.runner, clock)
            rollbacks = Rollbacks(
                self._writer, self._profiles, populations, self.runner, clock=clock, live=self.live
            )
            self._reviewer = Reviewer(
                self._writer,
                self._profiles,
                self.runner,
                clock=clock,
                live=self.live,
                shaping=shaping,
                is_backfilling=lambda: self.backfill.progress.is_under_way,
                pauses=self.pauses,
                policy=self.policy,
            )
            self._feed = TriggerFeed(
                self._writer,
                self._profiles,
                self.runner,
                erasures,
                rollbacks,
                reviewer=self._reviewer,
                clock=clock,
                live=self.live,
            )
            self._topics = TopicProposer(self._writer, self._profiles, clock, self.live, _embedder(config))
            self._jobs = self._make_jobs(config)
            # Whatever could not be made has let go of the store; from here on `run` does.
            self._closing = stack.pop_all()

    def _make_jobs(self, config: Config) -> Jobs:
        return Jobs(
            {
                "sweep": self._guarded(self._sweep),
                "review": self._guarded(self._review),
                "upkeep": self._guarded(self._upkeep),
                "memory": self._guarded(self._release_pages),
                "heartbeat": self._guarded(self._show_life),
                "settle": self._guarded(self.models.settle),
                "topics": self._guarded(self._propose_topics),
                "defaults": self._guarded(self._publish_defaults),
                "trends": self._guarded(self._count_trends),
                "policy": self._guarded(self.policy.pass_when_due),
                "ranking": self._guarded(self._train_ranking),
                "reload": self._guarded(self._reload),
            },
            config,
        )

    def _synonyms_of(self, namespace: str) -> Synonyms:
        return read_synonyms(self._activity, self._profiles, namespace)

    def _wake_models(self) -> None:
        self.models.messages.wake()

    def _look_between(self) -> None:
        """Have triggers looked at that may wait, between two attempts of a backfill.

        A backfill keeps the event loop busy, so that what waits has to wait longer; that is made up for by looking
        more often than `scheduler.trigger_poll_ms` says. The backfill is not held up meanwhile: what it has in hand
        would then be a commit of its own.
        """
        is_long_ago = asyncio.get_running_loop().time() - self._looked_at >= _LOOK_SECONDS_MIN
        if is_long_ago and self._activity is not None and self._feed.has_news(self._activity):
            self._look.set()

    def stop(self) -> None:
        """Finish or give back the work in hand, then end."""
        self._stopped.set()
        self._look.set()
        self.runner.stop()
        self.models.stop()
        self.backfill.stop()
        self.ranking.stop()

    async def run(self) -> None:
        """Refresh profiles until `stop`; then release everything."""
        with self._closing as stack:
            await self._guarded(self._begin)()
            self.models.connect()
            self._jobs.start()
            stack.callback(self._jobs.stop)
            telemetry = self.live.current.telemetry
            listen = telemetry.scheduler_metrics_listen
            async with (
                traced("foreword-scheduler", telemetry) as self.metrics.tracing,
                served(
                    "telemetry.scheduler_metrics_listen", listen, self.metrics.read
                ) as self.metrics_address,
            ):
                logger.info("the scheduler runs on %s", self.live.current.store.directory)
                await self._work()

    async def _work(self) -> None:
        """Run until stopped, or until a part breaks, which then raises here."""
        running, watching = asyncio.create_task(self.runner.run()), asyncio.create_task(self._watch())
        asking, filling = asyncio.create_task(self.models.run()), asyncio.create_task(self.backfill.run())
        try:
            await asyncio.wait((running, watching, asking, filling), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.stop()
            # The watch breaks only over a store that must not be touched any more.
            if watching.done() and watching.exception():
                await self.models.drain(0)
            else:
                seconds = self.live.current.scheduler.drain_seconds
                await asyncio.gather(self.models.drain(seconds), self.runner.drain(seconds))
        await asyncio.gather(running, watching, asking, filling)

    async def _watch(self) -> None:
        """Look for triggers and for users who come due, many times a second.

        Raises:
            StoreCorruptError: profiles.lmdb was cut short; to go on would be to wait for the page that is missing.
        """
        looked_for_store = -_PRESENCE_SECONDS
        loop = asyncio.get_running_loop()
        while not self._stopped.is_set():
            pause_seconds = self.live.current.scheduler.trigger_poll_ms / 1000
            self._looked_at = loop.time()
            if loop.time() - looked_for_store >= _PRESENCE_SECONDS:
                looked_for_store = loop.time()
                self._profiles.refuse_cut()
                self._jobs.bring_forward()
                self._follow_activity()
            try:
                if self._activity is not None:
                    self._follow_pauses(self._activity)
                    await self._feed.follow(self._activity)
                    self.backfill.follow(self._activity)
                self.runner.note_arrivals()
            except StoreError as exc:
                pause_seconds = self.health.store_failed(exc)
                self._looked_at += pause_seconds
            if not self._stopped.is_set():
                self._look.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), pause_seconds)

    def _follow_pauses(self, activity: ActivityReader) -> None:
        """Take over what pauses there are, and let go whom one held back that has ended."""
        ended = self.pauses.follow(activity)
        # Kept until it is done: what the store refuses now is tried again with the next look.
        self._let_go |= ended.users
        if ended.has_segments or self._let_go:
            self.runner.write_held()
        if ended.has_segments:
            self._ask_for_review()
        if self._let_go:
            seen = [(user, row) for user in self._let_go if (row := activity.user(user)) is not None]
            if self._reviewer.look_at(seen):
                self.runner.sweep()
            self._let_go = set()

    def _follow_activity(self) -> None:
        try:
            self._find_activity()
        except StoreError as exc:
            # A problem of its own: that profiles can be written says nothing of it.
            self.health.activity_failed(exc)
        else:
            self.health.activity_works()

    def _find_activity(self) -> None:
        """Open the activity store once it is there, and the one that took its place."""
        if self._activity is None:
            directory, readers_max = self.live.current.store.directory, self.live.current.store.readers_max
            with suppress(StoreMissingError):
                activity = ActivityReader(directory, readers_max=readers_max)
                self._activity = self.runner.activity = self._closing.enter_context(closing(activity))
                # Whoever came due while no scheduler ran need not wait for the first sweep, a whole interval away.
                self.runner.sweep()
                self._ask_for_review()
        elif self._activity.was_replaced():
            logger.info("the activity store was replaced; following the new one")
            self._activity.upkeep()
            self._ask_for_review()
        else:
            self._refuse_cut(self._activity)

    def _refuse_cut(self, activity: ActivityReader) -> None:
        try:
            activity.refuse_cut()
        except StoreCorruptError:
            self._activity = self.runner.activity = None
            raise

    # -- jobs ---------------------------------------------------------------------------------------------

    def _guarded(self, job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Return the job with store failures handled: said once; its next run is the retry."""

        async def guarded() -> None:
            try:
                await job()
            except StoreError as exc:
                self.health.store_failed(exc)

        return guarded

    async def _begin(self) -> None:
        self.defaults.publish_common()
        self._jobs.run_soon("defaults")
        self._jobs.run_soon("trends")
        with self._writer.begin() as txn:
            txn.put_scheduler_seen(self._clock.now_ms())

    async def _sweep(self) -> None:
        self.runner.sweep()

    def _ask_for_review(self) -> None:
        """Have all users looked through soon: once more, where they are being looked through already."""
        self._is_review_asked = True
        if not self._is_reviewing:
            self._jobs.run_soon("review")

    async def _review(self) -> None:
        self._is_reviewing = self._is_review_asked = True
        try:
            while self._is_review_asked and self._activity is not None:
                self._is_review_asked = False
                await self._reviewer.run(self._activity)
        finally:
            self._is_reviewing = False

    async def _propose_topics(self) -> None:
        await self._topics.run(self._activity)

    async def _publish_defaults(self) -> None:
        await self.defaults.publish()

    async def _count_trends(self) -> None:
        await self.trends.run()

    async def _train_ranking(self) -> None:
        await self.ranking.run()

    async def _upkeep(self) -> None:
        self._profiles.upkeep()
        if self._activity is not None:
            self._activity.upkeep()

    async def _release_pages(self) -> None:
        folder = self.live.current.store.directory.resolve()
        release_pages([folder / PROFILES, folder / ACTIVITY])

    async def _show_life(self) -> None:
        self.models.follow()
        with self._writer.begin() as txn:
            txn.put_scheduler_seen(self._clock.now_ms(), self.health.listed())
            txn.model.put_health(self.models.status())
        if self.runner.is_idle:
            # Otherwise the refreshes are the test: this small row may fit where they do not.
            self.health.store_works()

    async def _reload(self) -> None:
        if self.live.follow():
            self._jobs.reschedule(self.live.current)
            self.models.follow()
            # Segments, cadences and who is known well enough may have changed for everybody.
            self._ask_for_review()
            self._jobs.run_soon("defaults")


def _embedder(config: Config) -> Embedder | None:
    name = config.agent.embedding
    return None if name == NONE else load_embedder(name)


def _open_writer(config: Config) -> ProfileWriter:
    store = config.store
    return ProfileWriter(
        store.directory,
        map_size_bytes=store.profiles_map_size_bytes,
        readers_max=store.readers_max,
        revisions_max=store.revisions_max,
        ledger_entries_max=store.ledger_entries_max,
        changes_max=store.changes_max,
    )
