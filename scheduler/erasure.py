"""Erasing a user from profiles.lmdb: the scheduler's part of an erasure that the sidecar began."""

from __future__ import annotations

import logging

from google.protobuf.message import DecodeError

from foreword import keys
from foreword.clock import Clock
from foreword.errors import StoreCorruptError
from foreword.keys import EnvironmentId, ErasureId, UserKey
from foreword.store import ProfileReader, ProfileTransaction, ProfileWriter
from foreword.store.v1.store_pb2 import ErasureReceipt, TopicProposals
from foreword.v1.activity_pb2 import Trigger
from foreword.v1.erasure_pb2 import StoreCount
from foreword.v1.profile_pb2 import Memory
from scheduler.agent.name_users import user_mark
from scheduler.agent.population import PopulationView
from scheduler.populations import Populations
from scheduler.runner import Runner

logger = logging.getLogger("scheduler")


class Erasures:
    """Carries out erasures."""

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        populations: Populations,
        runner: Runner,
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._populations = populations
        self._runner = runner
        self._clock = clock

    async def carry_out(self, trigger: Trigger, activity_id: EnvironmentId, place: int) -> None:
        """Remove a user's rows and share in the population, leave a receipt, and pass the trigger in the log.

        All of it is one transaction. What the user does after asking is kept: its own trigger comes later in
        the log and finds nothing of before.

        Args:
            trigger: The erase trigger.
            activity_id: Id of the environment the log is in.
            place: The trigger's place in the log.

        Raises:
            StoreError: Nothing was removed; the next call tries again.
        """
        user, erase_id = UserKey(trigger.user_key), ErasureId(trigger.erase_id)
        # A refresh that is under way would write the user back.
        await self._runner.abandon(user)
        # An older log that was restored brings erasures again that must not touch the user's new life.
        is_done = self._profiles.receipt(erase_id) is not None
        try:
            with self._writer.begin() as txn:
                if not is_done:
                    counts = erase_profile(txn, self._populations, user)
                    receipt = ErasureReceipt(erased_ms=self._clock.now_ms(), counts=counts)
                    txn.put_receipt(erase_id, receipt)
                txn.put_trigger_cursor(activity_id, place)
        except BaseException:
            self._populations.forget()
            raise


def erase_profile(txn: ProfileTransaction, populations: Populations, user: UserKey) -> list[StoreCount]:
    """Remove a user's rows and share in the population; return how many rows went, per database."""
    memory = _memory(txn, user)
    counts = txn.erase(user)
    user_id, namespace = keys.split_user_key(user)
    view = populations.view(namespace)
    is_marked = view.name_users.remove(user_mark(user_id))
    if memory is not None:
        view.subtract(memory)
    was_counted = memory is not None or is_marked
    if was_counted:
        txn.put_population(namespace, view.to_proto())
        _drop_proposals(txn, view, namespace)
    counts.append(StoreCount(store="profiles.population", rows=int(was_counted)))
    return counts


def _drop_proposals(txn: ProfileTransaction, view: PopulationView, namespace: str) -> None:
    """Forget proposals that name a topic which nobody else has."""
    proposals = txn.topic_proposals(namespace)
    kept = [each for each in proposals.aliases if view.events(each.topic) and view.events(each.canonical)]
    if len(kept) < len(proposals.aliases):
        txn.put_topic_proposals(namespace, TopicProposals(aliases=kept))


def _memory(txn: ProfileTransaction, user: UserKey) -> Memory | None:
    """Return what the user added to the population; None for nothing, or when a damaged row hides it."""
    try:
        profile = txn.profile(user)
    except (StoreCorruptError, DecodeError):
        logger.warning("an erased user's profile was damaged; its share in the population fades by itself")
        return None
    return profile.memory if profile is not None and profile.HasField("memory") else None
