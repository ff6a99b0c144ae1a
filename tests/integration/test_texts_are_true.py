"""Every sentence that is served of the users of all shared data, held against their raw counts."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import pytest
from shared_events import DATA_SETS, namespaces, needs_shared_data

from evaluations.served_texts import texts_after_import, texts_over_time
from evaluations.truth import findings
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.v1.event_pb2 import Event
from scheduler.agent.evidence import time_ms_of

# Of a namespace with more, every so many-th is looked at: the command goes through all of them.
_USERS_MAX = 16
_EVENTS_MIN = 3


def sample(events: list[Event]) -> list[Event]:
    """Return the events of at most so many users who did enough to have a text, the same ones each time."""
    counts = Counter(event.user_id for event in events)
    users = sorted(user_id for user_id, count in counts.items() if count >= _EVENTS_MIN)
    chosen = set(users[:: -(-len(users) // _USERS_MAX)])
    return [event for event in events if event.user_id in chosen]


@needs_shared_data
@pytest.mark.slow
# Fifteen seconds on an idle core; beside all other tests on two busy ones several times that.
@pytest.mark.timeout(300)
def test_no_sentence_is_contradicted_by_the_raw_counts() -> None:
    """Whether written week by week, on import or long after the last activity, each sentence is read and is true."""
    faults, texts = [], Counter[str]()
    for name, events in namespaces():
        few, config = sample(events), Config()
        start_ms, end_ms = time_ms_of(few[0]), time_ms_of(few[-1]) + 1
        middle_ms = start_ms + (end_ms - start_ms) * 2 // 3
        served = chain(
            texts_over_time(few, config),
            texts_after_import(few, config, cut_ms=middle_ms, now_ms=middle_ms),
            texts_after_import(few, config, cut_ms=end_ms, now_ms=end_ms + 400 * DAY_MS),
        )
        for text in served:
            found = [row for row in findings(text.text, text.known) if row.fault != "useless"]
            faults += [f"{name} {text.user_id}: {row.sentence} ({row.fault}: {row.reason})" for row in found]
            texts[name] += bool(text.text)
    assert faults == []
    assert len(texts) >= len(DATA_SETS)
    assert all(texts.values())
