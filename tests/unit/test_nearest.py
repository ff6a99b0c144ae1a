"""Near questions: found by their vectors, and served only where the cache says so."""

from __future__ import annotations

import threading
from pathlib import Path
from random import Random

import pytest

from foreword.v1.core_pb2 import Core, CoreOrigin
from tiering import nearest, vectors
from tiering.cores import Asked, Cores, core_id_of
from tiering.digest import CoreId, Digests
from tiering.nearest import Nearest
from tiering.shelf import Shelf

SECRET = bytes(range(32))
MODEL = "letters-26"


def embed(text: str) -> bytes:
    """How often each letter comes: near texts have near vectors, and a text without letters has none."""
    return bytes(min(127, text.lower().count(letter)) for letter in "abcdefghijklmnopqrstuvwxyz")


class Opened:
    """A cache of two shelves as one process has it open."""

    def __init__(self, folder: Path) -> None:
        self.kept = Shelf(folder / "kept", SECRET, eviction="none", size_bytes_max=1 << 30)
        self.made = Shelf(folder / "made", SECRET, eviction="least-recently-stored", size_bytes_max=1 << 30)
        self.cores = Cores(self.kept, self.made, Digests(SECRET), model="m", prompt="p", corpus="")

    def put(self, question: str, *, curated: bool = False, vector_model: str = "", **place: str) -> Core:
        """Store a core; with a vector where its model is named."""
        asked = Asked(place.get("namespace", ""), place.get("locale", "en"), question, question.lower())
        origin = CoreOrigin.CORE_ORIGIN_CURATED if curated else CoreOrigin.CORE_ORIGIN_GENERATED
        core = Core(namespace=asked.namespace, locale=asked.locale, question=question, origin=origin)
        core.revisions.CopyFrom(self.cores.revisions(asked.namespace))
        self.cores.put(
            asked, core, vector=embed(question) if vector_model else b"", vector_model=vector_model
        )
        return core

    def nearest(self, similarity_min: float = 0.8) -> Nearest:
        """Return what has followed nothing yet."""
        return Nearest(self.cores, (self.kept, self.made), embed, MODEL, similarity_min=similarity_min)

    def followed(self, similarity_min: float = 0.8) -> Nearest:
        """Return what knows all that is stored."""
        near = self.nearest(similarity_min)
        while near.follow():
            pass
        return near


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    return Opened(tmp_path)


@pytest.fixture(params=["compared", "graph"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of looking, the second one from the first row on."""
    if request.param == "graph":
        monkeypatch.setattr(vectors, "_COMPARED_MAX", 0)


def questions(near: Nearest, asked: str, count: int = 3, **place: str) -> list[str]:
    found = near.search(place.get("namespace", ""), place.get("locale", "en"), asked, count)
    assert [each.similarity for each in found] == sorted((each.similarity for each in found), reverse=True)
    return [each.question for each in found]


@pytest.mark.usefixtures("_way")
def test_the_nearest_come_first_and_far_ones_not_at_all(opened: Opened) -> None:
    """Questions on both shelves come in the order of their cosine, down to the smallest that is allowed."""
    opened.put("aaab", vector_model=MODEL)
    opened.put("aaabb", curated=True)
    opened.put("zzz", vector_model=MODEL)
    near = opened.followed()
    assert questions(near, "AAAB?") == ["aaab", "aaabb"]
    assert near.search("", "en", "aaab")[0].similarity == pytest.approx(1, abs=1e-6)
    assert questions(near, "aaab", count=1) == ["aaab"]
    assert questions(opened.followed(0.999), "aaab") == ["aaab"]
    assert questions(near, "?!") == []


@pytest.mark.usefixtures("_way")
def test_namespaces_and_languages_never_meet(opened: Opened) -> None:
    """The same question elsewhere is no candidate, however near."""
    opened.put("aaab", vector_model=MODEL)
    near = opened.followed()
    assert questions(near, "aaab", namespace="acme") == questions(near, "aaab", locale="de") == []


def test_a_vector_that_is_missing_or_of_another_model_is_made(opened: Opened) -> None:
    """A core that was stored without embedding, or with another one, is found all the same."""
    opened.put("aaab")
    opened.put("aabb", vector_model="another")
    assert questions(opened.followed(0.5), "aaab") == ["aaab", "aabb"]


@pytest.mark.usefixtures("_way")
def test_what_is_gone_is_not_returned_and_leaves_the_memory(opened: Opened) -> None:
    """A dropped core is no candidate from then on, its place goes to the next one; stored anew, it is found anew."""
    gone, near = opened.put("aaab", vector_model=MODEL), opened.followed()
    opened.put("aabb", vector_model=MODEL)
    near.follow()
    opened.cores.drop(core_id_of(gone))
    assert questions(near, "aaab", count=1) == ["aabb"]
    near.follow()
    (held,) = near._vectors.values()
    assert len(held.ids()) == 1
    opened.put("aaab", vector_model=MODEL)
    near.follow()
    assert questions(near, "aaab", count=1) == ["aaab"]


def test_what_is_gone_leaves_the_memory_though_nobody_asks(opened: Opened) -> None:
    """Some rows are looked up again at each call."""
    gone, near = opened.put("aaab", vector_model=MODEL), opened.followed()
    opened.cores.drop(core_id_of(gone))
    for _ in range(3):
        near.follow()
    (held,) = near._vectors.values()
    assert held.ids() == []


def test_one_stored_again_before_it_was_let_go_stays(opened: Opened) -> None:
    """A core that a search missed while it was written anew is found afterwards."""
    core, near = opened.put("aaab", vector_model=MODEL), opened.followed()
    opened.cores.drop(core_id_of(core))
    assert questions(near, "aaab") == []
    opened.put("aaab", vector_model=MODEL)
    near.follow()
    assert questions(near, "aaab") == ["aaab"]


def test_an_epoch_ends_what_models_made_and_not_what_people_put(opened: Opened) -> None:
    """From the moment of the epoch on, before anything is followed, and in a new process too."""
    opened.put("aaab", vector_model=MODEL)
    opened.put("aaabb", curated=True)
    near = opened.followed()
    opened.cores.begin_epoch("")
    assert questions(near, "aaab") == questions(opened.followed(), "aaab") == ["aaabb"]


def test_another_process_learns_of_a_core_when_it_follows(tmp_path: Path) -> None:
    """What one process stores, another's next call takes in; a call takes no more than its share."""
    near = Opened(tmp_path).followed()
    Opened(tmp_path).put("aaab", vector_model=MODEL)
    assert questions(near, "aaab") == []
    assert near.follow() == 1
    assert near.follow() == 0
    assert questions(near, "aaab") == ["aaab"]


def test_a_call_takes_in_no_more_than_its_share(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long feeds of both shelves are taken in over several calls, none of them lost."""
    monkeypatch.setattr(nearest, "FOLLOWED_MAX", 3)
    for number in range(5):
        opened.put("a" + "b" * number, curated=number < 2, vector_model=MODEL)
    near = opened.nearest(0.5)
    assert [near.follow() for _ in range(3)] == [3, 2, 0]
    assert len(questions(near, "ab", count=5)) == 5


@pytest.mark.usefixtures("_way")
def test_searching_goes_on_while_another_thread_follows(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search between two rows that are added finds what was there before."""
    monkeypatch.setattr(nearest, "FOLLOWED_MAX", 10)
    opened.put("aaaaab", vector_model=MODEL)
    near = opened.followed()
    for number in range(1, 100):
        opened.put("c" * number + "d", vector_model=MODEL)
    follower = threading.Thread(target=lambda: [near.follow() for _ in range(10)])
    follower.start()
    while follower.is_alive():
        assert questions(near, "aaaaab") == ["aaaaab"]
    follower.join()
    assert questions(near, "ccd", count=1) == ["ccd"]


def test_a_graph_finds_nearly_always_what_comparing_all_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the three nearest of 1,500 made-up vectors at least 99 of 100 are found, and cosines agree."""
    drawn = Random(8)

    def vector() -> bytes:
        return bytes(drawn.choice((0, 0, 1, 2, 255)) for _ in range(64))

    stored = {CoreId(drawn.randbytes(16)): vector() for _ in range(1500)}
    compared = filled(stored)
    monkeypatch.setattr(vectors, "_COMPARED_MAX", 1000)
    by_graph = filled(stored)
    met = 0
    for _ in range(100):
        asked = vector()
        truth, found = compared.search(asked, 3), by_graph.search(asked, 3)
        met += sum(cosine >= truth[-1][1] - 1e-6 for _, cosine in found)
    assert met >= 297


def filled(stored: dict[CoreId, bytes]) -> vectors.Vectors:
    made = vectors.Vectors(64)
    for core_id, vector in stored.items():
        made.add(core_id, vector)
    made.settle()
    return made
