"""One training from a store's events: what is taken, what is refused, and how much a simulated example counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from foreword.admission import admit
from foreword.clock import DAY_MS
from foreword.config_ranking import Ranking as Settings
from foreword.store import ActivityReader, ActivityWriter
from foreword.synthetic import NAMESPACE, SIMULATED, SOURCE
from foreword.v1.event_pb2 import Event, Feedback
from ranking.example import Action, Context, Example
from ranking.log import feedback_event
from ranking.model import GlobalModel
from ranking.model_folder import By, Entry, ModelFolder, Verdict
from ranking.trainer import Trained, models_directory, train_store
from ranking.training import train
from ranking.training_log import NEGATIVES, gathered

NOW_MS = 20_000 * DAY_MS
SETTINGS = Settings(train_examples_min=100)
TOPICS = ("jazz", "rock", "folk", "news")


def action(number: int) -> Action:
    return Action(id=f"a{number}", topics=(TOPICS[number % len(TOPICS)],))


def said(count: int, seed: int, *, until_ms: int = NOW_MS, users: int = 20) -> list[Example]:
    """Made answers a minute apart: what is of the first topic is liked by all, of the second by none."""
    random = np.random.default_rng(seed)
    found = []
    for place in range(count):
        number = int(random.integers(40))
        chance = (0.95, 0.05, 0.5, 0.5)[number % len(TOPICS)]
        context = Context(until_ms - (count - place) * 60_000)
        user = f"u{random.integers(users)}"
        found.append(Example(user, context, action(number), float(random.random() < chance)))
    return found


class Opened(NamedTuple):
    """A store that is written and read at once, as a sidecar and a scheduler do."""

    writer: ActivityWriter
    reader: ActivityReader
    folder: ModelFolder


def record(
    store: Opened, examples: Sequence[Example], *, name: str = "e", is_synthetic: bool = False
) -> None:
    """Record examples as the sidecar records feedback."""
    events = []
    for place, example in enumerate(examples):
        word = Feedback.FEEDBACK_ACCEPT if example.reward else Feedback.FEEDBACK_REJECT
        event = feedback_event(example.context, example.action, word)
        event.user_id, event.event_id = example.user, f"{name}{place}"
        event.time.FromMilliseconds(example.context.time_ms)
        if is_synthetic:
            event.namespace, event.attributes[SOURCE] = NAMESPACE, SIMULATED
        events.append(event)
    put(store, events)


def put(store: Opened, events: Sequence[Event]) -> None:
    admission = admit(events, NOW_MS)
    assert not admission.refused
    with store.writer.begin() as txn:
        txn.record(admission.kept, NOW_MS)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Opened]:
    with (
        closing(ActivityWriter(tmp_path, map_size_bytes=1 << 28)) as writer,
        closing(ActivityReader(tmp_path)) as reader,
    ):
        yield Opened(writer, reader, ModelFolder(models_directory(tmp_path)))


def trained(store: Opened, **changes: object) -> Trained:
    asked = {"now_ms": NOW_MS, "random": np.random.default_rng(1), **changes}
    return train_store(store.reader, store.folder, SETTINGS, **asked)  # type: ignore[arg-type]


def test_too_few_examples_train_nothing(store: Opened) -> None:
    """Below the least number nothing is trained, said with how many there are."""
    record(store, said(99, 1))
    came = trained(store)
    assert came.entry is None
    assert came.example_count == 99
    assert "100 are needed" in came.why
    assert store.folder.current() == 0


def test_a_first_model_is_taken_and_foretells(store: Opened) -> None:
    """What all users agree on is learned: the model tells a new user what most like, and is in force."""
    record(store, said(800, 1))
    came = trained(store)
    assert came.entry is not None
    assert came.entry.verdict is Verdict.TAKEN
    assert came.entry.logloss < came.entry.serving_logloss
    assert store.folder.current() == 1
    offsets = store.folder.load(1).encode(Context(NOW_MS), [action(0), action(1)]).offset
    assert offsets[0] > offsets[1] + 1


def test_a_dry_run_changes_nothing(store: Opened) -> None:
    """A dry run says what would happen, and leaves no model and no history."""
    record(store, said(800, 1))
    came = trained(store, is_dry_run=True)
    assert came.entry is not None
    assert came.entry.verdict is Verdict.TAKEN
    assert store.folder.current() == 0
    assert store.folder.history() == []


def test_a_worse_model_is_refused(store: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that foretells the newest examples worse than the one in force is refused; the history says so."""
    record(store, said(600, 1, until_ms=NOW_MS - DAY_MS))
    trained(store, now_ms=NOW_MS - DAY_MS)
    record(store, said(300, 2), name="f")

    def backwards(examples: Sequence[Example], *rest: object, **more: object) -> GlobalModel:
        return train([replace(one, reward=1 - one.reward) for one in examples], *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("ranking.trainer.train", backwards)
    came = trained(store)
    assert came.entry is not None
    assert came.entry.verdict is Verdict.REFUSED
    assert came.entry.serving_number == 1
    assert came.entry.logloss > came.entry.serving_logloss
    assert store.folder.current() == 1
    assert store.folder.history()[-1].verdict is Verdict.REFUSED
    monkeypatch.undo()
    assert trained(store).entry.verdict is Verdict.TAKEN  # type: ignore[union-attr]
    assert store.folder.current() == 3


def test_models_are_compared_on_what_neither_has_seen(store: Opened) -> None:
    """The slice held out is newer than the model in force; with too little of that there is nothing to compare."""
    record(store, said(600, 1, until_ms=NOW_MS - DAY_MS))
    trained(store, now_ms=NOW_MS - DAY_MS)
    assert trained(store).entry is None
    record(store, said(99, 2), name="f")
    assert trained(store).entry is None
    record(store, said(101, 3), name="g")
    came = trained(store)
    assert came.entry is not None
    assert came.entry.held_out == 80
    assert came.entry.serving_number == 1


def test_history_that_was_imported_is_learned(store: Opened) -> None:
    """Events that are older than the model in force, and came after it, make another one."""
    record(store, said(600, 1, until_ms=NOW_MS))
    trained(store)
    record(store, said(600, 2, until_ms=NOW_MS - 100 * DAY_MS), name="old")
    came = trained(store)
    assert came.entry is not None
    assert came.example_count == 1200
    assert store.folder.current() == 2


def test_after_a_rollback_only_an_operator_puts_a_model_in_force(store: Opened) -> None:
    """The trainer's is held back, and says so; an operator's is taken, and then the trainer's is again."""
    record(store, said(600, 1, until_ms=NOW_MS - DAY_MS))
    trained(store, now_ms=NOW_MS - DAY_MS)
    store.folder.roll_back(0, NOW_MS - DAY_MS)
    for _ in range(2):
        held = trained(store, by=By.TRAINER)
        assert held.entry is not None
        assert held.entry.verdict is Verdict.HELD_BACK
        assert "foreword rank train" in held.why
        assert store.folder.current() == 0
        assert store.folder.history()[-1] == held.entry
    came = trained(store, by=By.OPERATOR)
    assert came.entry is not None
    assert (came.entry.verdict, came.entry.by) == (Verdict.TAKEN, By.OPERATOR)
    assert store.folder.current() == came.entry.number
    store.folder.roll_back(0, NOW_MS)
    trained(store, by=By.OPERATOR)
    record(store, said(300, 2, until_ms=NOW_MS + DAY_MS // 2), name="f")
    after = trained(store, by=By.TRAINER, now_ms=NOW_MS + DAY_MS)
    assert after.entry is not None
    assert after.entry.verdict is not Verdict.HELD_BACK


def test_a_damaged_model_in_force_is_replaced(store: Opened) -> None:
    """Where the model in force cannot be read, a new one is held against the one that knows nothing."""
    record(store, said(600, 1))
    trained(store)
    next(store.folder.path(1).glob("*.npy")).unlink()
    came = trained(store)
    assert came.entry is not None
    assert (came.entry.number, came.entry.serving_number) == (2, 0)
    assert store.folder.current() == 2


def test_simulated_examples_count_as_much_as_they_help(store: Opened) -> None:
    """Those that say what real users say count; those that say the contrary count nothing."""
    record(store, said(120, 1))
    contrary = [replace(one, user="s" + one.user, reward=1 - one.reward) for one in said(600, 3)]
    record(store, contrary, name="s", is_synthetic=True)
    against = trained(store, is_dry_run=True)
    assert against.entry is not None
    assert (against.example_count, against.synthetic_count) == (120, 600)
    assert against.entry.synthetic_weight <= 0.03


def test_simulated_examples_that_agree_help(store: Opened) -> None:
    """Simulated users who like what real ones like tell of actions that too few have met."""
    record(store, said(120, 1))
    record(store, said(1500, 5), name="t", is_synthetic=True)
    came = trained(store, is_dry_run=True)
    assert came.entry is not None
    assert came.entry.synthetic_weight >= 0.1


def test_only_the_newest_are_learned_from(store: Opened) -> None:
    """Beyond the limit the oldest of all users are left out, and what is left is in the order of time."""
    record(store, said(50, 1))
    found = gathered(store.reader, 20, np.random.default_rng(1))
    times = [example.context.time_ms for example in found]
    assert times == [NOW_MS - place * 60_000 for place in range(20, 0, -1)]


def test_of_one_user_no_more_events_are_read_than_fit(store: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's oldest events beyond the limit are not read, whatever room there is for examples."""
    record(store, said(50, 1, users=1))
    monkeypatch.setattr("ranking.training_log.EVENTS_OF_USER_MAX", 30)
    found = gathered(store.reader, 1000, np.random.default_rng(1))
    times = [example.context.time_ms for example in found]
    assert times == [NOW_MS - place * 60_000 for place in range(30, 0, -1)]


def test_tools_that_were_called_are_learned_beside_those_that_were_not(store: Opened) -> None:
    """Each call is a yes, and beside it stand some of the user's other tools as noes that stand for all."""
    events = []
    for place in range(20):
        event = Event(
            event_id=f"e{place}", user_id="ann", type="agent.tool_call", item_id=f"tool:{place % 10}"
        )
        event.session_id = "s"
        event.time.FromMilliseconds(NOW_MS - (20 - place) * 1000)
        events.append(event)
    put(store, events)
    found = gathered(store.reader, 1000, np.random.default_rng(1))
    yes = [example for example in found if example.reward == 1]
    assert len(yes) == 20
    assert len(found) == 20 * (1 + NEGATIVES)
    assert sum(example.weight for example in found if not example.reward) == pytest.approx(20 * 9)


def test_a_history_entry_keeps_what_was_compared(store: Opened) -> None:
    """What was written is what is read."""
    entry = Entry(7, NOW_MS, Verdict.REFUSED, 900, 90, 0.61, 6, 0.6, 0.1, By.OPERATOR)
    store.folder.note(entry)
    assert store.folder.history() == [entry]
