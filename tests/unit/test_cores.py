"""Cores: found by their own question or an alias, purged by what they carry, and never mixed up."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword.clock import ManualClock
from foreword.store.v1.answers_pb2 import StoredAlias
from foreword.v1.core_pb2 import Core, CoreAlias, CoreOrigin
from tiering.cores import ALIASES_MAX, Asked, Cores, core_id_of
from tiering.digest import Digests
from tiering.errors import CoreExistsError
from tiering.lease import Leases
from tiering.shelf import Shelf

SECRET = bytes(range(32))
RETURNS = Asked("", "en", "Can I return it?", "can i return it")
REFUNDS = Asked("", "en", "Do I get my money back?", "do i get my money back")


class Opened:
    """A cache as one process has it open."""

    def __init__(self, folder: Path, *, model: str = "m", corpus: str = "") -> None:
        self.kept = Shelf(folder / "kept", SECRET, eviction="none", size_bytes_max=1 << 30)
        self.made = Shelf(folder / "made", SECRET, eviction="least-recently-stored", size_bytes_max=1 << 30)
        self.cores = Cores(self.kept, self.made, Digests(SECRET), model=model, prompt="p1", corpus=corpus)
        self.clock = ManualClock()
        self.leases = Leases(self.made, self.clock, 10.0)


def core(asked: Asked, *tags: str, curated: bool = False) -> Core:
    return Core(
        namespace=asked.namespace,
        locale=asked.locale,
        question=asked.question,
        lead_short="Within 14 days.",
        tags=tags,
        origin=CoreOrigin.CORE_ORIGIN_CURATED if curated else CoreOrigin.CORE_ORIGIN_GENERATED,
    )


def alias(asked: Asked) -> StoredAlias:
    return StoredAlias(alias=CoreAlias(question=asked.question, judged_by="m"))


@pytest.mark.parametrize("curated", [True, False])
def test_a_core_is_found_by_its_question_in_another_process(tmp_path: Path, curated: bool) -> None:
    """What was stored answers the same question wherever the cache is open."""
    Opened(tmp_path).cores.put(RETURNS, core(RETURNS, curated=curated))
    found = Opened(tmp_path).cores.find(RETURNS)
    assert found is not None
    assert found.core.lead_short == "Within 14 days."
    assert found.alias is None


@pytest.mark.parametrize(
    "other",
    [
        RETURNS._replace(namespace="acme"),
        RETURNS._replace(locale="de"),
        RETURNS._replace(normalised="can i return them"),
    ],
)
def test_no_other_question_finds_it(tmp_path: Path, other: Asked) -> None:
    """Namespace, language and question are all part of the key."""
    cores = Opened(tmp_path).cores
    cores.put(RETURNS, core(RETURNS))
    assert cores.find(other) is None


@pytest.mark.parametrize("now", [{"model": "other"}, {"corpus": "2026-11"}])
def test_a_generated_core_answers_only_while_what_made_it_is_in_force(
    tmp_path: Path, now: dict[str, str]
) -> None:
    """Another model or corpus makes it a miss; what a person put stays."""
    before = Opened(tmp_path).cores
    before.put(RETURNS, core(RETURNS))
    before.put(REFUNDS, core(REFUNDS, curated=True))
    after = Opened(tmp_path, **now).cores
    assert after.find(RETURNS) is None
    assert after.find(REFUNDS) is not None


def test_an_alias_leads_to_a_core_until_it_is_dropped(tmp_path: Path) -> None:
    """A question that means the same finds the other's core, and says who says so."""
    cores = Opened(tmp_path).cores
    stored = core(RETURNS)
    cores.put(RETURNS, stored)
    alias_id = cores.add_alias(REFUNDS, core_id_of(stored), alias(REFUNDS))
    found = cores.find(REFUNDS)
    assert alias_id is not None
    assert found is not None
    assert found.alias is not None
    assert (found.core.question, found.alias.alias.judged_by) == (RETURNS.question, "m")
    assert [row.alias.question for row in cores.aliases(core_id_of(stored))] == [REFUNDS.question]
    assert cores.drop_alias(alias_id)
    assert cores.find(REFUNDS) is None
    assert cores.aliases(core_id_of(stored)) == []


def test_a_core_of_its_own_goes_before_an_alias(tmp_path: Path) -> None:
    """A question that gets a core leads elsewhere no longer."""
    cores = Opened(tmp_path).cores
    stored = core(RETURNS)
    cores.put(RETURNS, stored)
    cores.add_alias(REFUNDS, core_id_of(stored), alias(REFUNDS))
    cores.put(REFUNDS, core(REFUNDS))
    found = cores.find(REFUNDS)
    assert found is not None
    assert found.alias is None
    assert cores.aliases(core_id_of(stored)) == []


def test_no_alias_leads_to_a_core_that_is_gone(tmp_path: Path) -> None:
    """A core goes with what leads to it, and nothing can lead to it afterwards."""
    cores = Opened(tmp_path).cores
    stored = core(RETURNS)
    cores.put(RETURNS, stored)
    cores.add_alias(REFUNDS, core_id_of(stored), alias(REFUNDS))
    assert cores.drop(core_id_of(stored))
    assert cores.find(RETURNS) is None
    assert cores.find(REFUNDS) is None
    assert cores.add_alias(REFUNDS, core_id_of(stored), alias(REFUNDS)) is None
    assert not cores.drop(core_id_of(stored))


def test_the_oldest_aliases_of_a_core_give_way(tmp_path: Path) -> None:
    """A core keeps the newest 200 of what leads to it."""
    cores = Opened(tmp_path).cores
    stored = core(RETURNS)
    cores.put(RETURNS, stored)
    questions = [REFUNDS._replace(normalised=f"question {number}") for number in range(ALIASES_MAX + 3)]
    for asked in questions:
        cores.add_alias(asked, core_id_of(stored), alias(asked))
    assert len(cores.aliases(core_id_of(stored))) == ALIASES_MAX
    assert cores.find(questions[2]) is None
    assert cores.find(questions[3]) is not None


def test_tags_find_what_carries_them_now(tmp_path: Path) -> None:
    """A tag meets the cores of its namespace on both shelves, as they are tagged now."""
    cores = Opened(tmp_path).cores
    elsewhere = RETURNS._replace(namespace="acme")
    cores.put(RETURNS, core(RETURNS, "returns", "orders"))
    cores.put(REFUNDS, core(REFUNDS, "returns", curated=True))
    cores.put(elsewhere, core(elsewhere, "returns"))
    questions = {cores.by_id(each).question for each in cores.tagged("", "returns")}  # type: ignore[union-attr]
    assert questions == {RETURNS.question, REFUNDS.question}
    cores.put(RETURNS, core(RETURNS, "orders"))
    assert len(cores.tagged("", "returns")) == 1
    assert len(cores.tagged("", "orders")) == 1


def test_an_epoch_empties_one_namespace_at_once_and_leaves_what_people_put(tmp_path: Path) -> None:
    """Everything generated is a miss in every process; other namespaces and curated cores stay."""
    one, other = Opened(tmp_path).cores, Opened(tmp_path).cores
    elsewhere = RETURNS._replace(namespace="acme")
    one.put(RETURNS, core(RETURNS))
    one.put(elsewhere, core(elsewhere))
    one.put(REFUNDS, core(REFUNDS, curated=True))
    assert one.begin_epoch("") == 1
    assert other.find(RETURNS) is None
    assert other.find(elsewhere) is not None
    assert other.find(REFUNDS) is not None


def test_what_a_person_put_is_replaced_only_when_that_is_said(tmp_path: Path) -> None:
    """A curated core is safe from a second one by mistake."""
    cores = Opened(tmp_path).cores
    cores.put(RETURNS, core(RETURNS, curated=True), replace=False)
    with pytest.raises(CoreExistsError, match="already"):
        cores.put(RETURNS, core(RETURNS, curated=True), replace=False)
    cores.put(RETURNS, core(RETURNS, curated=True))


def test_who_lost_the_lease_stores_nothing(tmp_path: Path) -> None:
    """A leader that was taken for dead and comes back is fenced off."""
    opened = Opened(tmp_path)
    core_id = opened.cores.id_of(RETURNS)
    slow = opened.leases.take(core_id)
    assert slow is not None
    assert opened.leases.take(core_id) is None
    opened.clock.advance(10_001)
    quick = opened.leases.take(core_id)
    assert quick is not None
    assert not opened.leases.renew(core_id, slow)
    assert not opened.cores.put(RETURNS, core(RETURNS), lease=slow)
    assert opened.cores.find(RETURNS) is None
    assert opened.cores.put(RETURNS, core(RETURNS), lease=quick)
    opened.leases.give_back(core_id, quick)
    assert not opened.leases.is_held(core_id)


def test_a_lease_is_renewed_for_as_long_as_it_takes(tmp_path: Path) -> None:
    """A leader that shows life keeps others away."""
    opened = Opened(tmp_path)
    core_id = opened.cores.id_of(RETURNS)
    lease = opened.leases.take(core_id)
    assert lease is not None
    for _ in range(5):
        opened.clock.advance(9000)
        assert opened.leases.renew(core_id, lease)
    assert opened.leases.is_held(core_id)


def test_a_lease_from_a_clock_that_was_set_back_is_none(tmp_path: Path) -> None:
    """A clock that jumps back by a day keeps nobody waiting for a day."""
    opened = Opened(tmp_path)
    core_id = opened.cores.id_of(RETURNS)
    opened.leases.take(core_id)
    opened.clock.advance(-86_400_000)
    assert not opened.leases.is_held(core_id)
    assert opened.leases.take(core_id) is not None


def test_the_feed_names_every_core_once_stored(tmp_path: Path) -> None:
    """Whoever follows the feed from where it left off learns of each core that is there."""
    opened = Opened(tmp_path)
    opened.cores.put(RETURNS, core(RETURNS), vector=b"v", vector_model="w")
    ((number, row),) = opened.cores.changes(opened.made, 0)
    assert row is not None
    assert (number, row.core.question, row.vector) == (1, RETURNS.question, b"v")
    opened.cores.put(REFUNDS, core(REFUNDS))
    assert questions(opened, after=1) == [REFUNDS.question]


def questions(opened: Opened, *, after: int) -> list[str | None]:
    changes = opened.cores.changes(opened.made, after)
    return [row.core.question if row is not None else None for _, row in changes]


def test_the_feed_goes_past_what_is_gone(tmp_path: Path) -> None:
    """A core that was dropped has its place in the feed; changes that were evicted are passed over."""
    opened = Opened(tmp_path)
    asked = [RETURNS._replace(normalised=f"question {number}") for number in range(20)]
    for each in asked:
        opened.cores.put(each, core(each._replace(question=each.normalised)))
    opened.cores.drop(opened.cores.id_of(asked[18]))
    for number in range(1, 18):
        opened.made.delete(b"j" + number.to_bytes(8, "big"))
    assert list(dict(opened.cores.changes(opened.made, 0))) == [18, 19, 20]
    assert questions(opened, after=0) == ["question 17", None, "question 19"]
