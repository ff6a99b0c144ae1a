"""Any JSON as a log of trajectories: it becomes events, or is refused in words."""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.admission import admit
from foreword.errors import ForewordError
from foreword.importers import Form, Trajectories, TrajectoryOptions

NOW_MS = 1_790_000_000_000
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["user", "assistant", "tool", "text", "tool_use", "tool_result", "function_call", "Shown", "a"]
    ),
)
KEYS = st.sampled_from(
    """role content type text messages input output traj user user_id metadata info task tool_calls tool_call_id id name
    function function_call call_id tool_use_id is_error session created timestamp reward feedback choices message
    request response StateName Task Measurements CurrentSuggestion language compCharLen x""".split()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)
TEXTS = st.sampled_from(["no, the other", "Error: timed out", "", "\ud800", '{"error": {"code": 3}}'])
PARTS = st.one_of(
    VALUES,
    st.fixed_dictionaries({"type": st.just("text"), "text": TEXTS}),
    st.fixed_dictionaries({"type": st.just("tool_use"), "name": st.just("t"), "id": st.sampled_from("ab")}),
    st.fixed_dictionaries(
        {"type": st.just("tool_result"), "tool_use_id": st.sampled_from("ab"), "content": TEXTS}
    ),
)
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool"])},
    optional={
        "content": st.one_of(VALUES, TEXTS, st.lists(PARTS, max_size=3)),
        "tool_calls": st.one_of(VALUES, st.just([{"id": "a", "function": {"name": "t"}}])),
        "tool_call_id": st.sampled_from("ab"),
        "timestamp": st.one_of(
            VALUES, st.sampled_from([0, 1_760_000_000, 253_402_300_799, "9999-12-31T23:59:59Z"])
        ),
    },
)
ROWS = st.fixed_dictionaries(
    {"StateName": st.sampled_from(["Shown", "Accepted", "Rejected"]), "UserId": st.integers(0, 3)},
    optional={
        "TimeGenerated": st.integers(0, 10**13),
        "Task": st.one_of(VALUES, st.just(" ")),
        "Measurements": VALUES,
        "text": VALUES,
    },
)
RECORDS = st.one_of(
    VALUES,
    ROWS,
    MESSAGES,
    st.lists(MESSAGES, max_size=3),
    st.fixed_dictionaries(
        {"user": SCALARS, "messages": st.lists(MESSAGES, max_size=4)}, optional={"reward": SCALARS}
    ),
    st.fixed_dictionaries(
        {"traj": st.lists(MESSAGES, max_size=4)}, optional={"info": VALUES, "trial": VALUES}
    ),
)


def read(content: bytes, form: Form | None = None) -> list[tuple[str, str]]:
    """Return the id or the refusal of each row; events must be such as the store admits, but for time and user."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.json"
        path.write_bytes(content)
        options = TrajectoryOptions(form=form, user="ann", start_ms=NOW_MS)
        rows = list(Trajectories(path, options).rows())
    found = [row.event for row in rows if row.event is not None]
    refused = admit(found, NOW_MS).refused
    assert [one for one in refused if not one.field.endswith((".time", ".user_id", ".namespace"))] == []
    assert all(row.refusal for row in rows if row.event is None)
    return [(row.event.event_id, "") if row.event is not None else ("", row.refusal) for row in rows]


def attempt(content: bytes, form: Form | None = None) -> None:
    """Read, where refusing the whole file in words is as good."""
    with contextlib.suppress(ForewordError):
        read(content, form)


@settings(max_examples=400)
@given(st.lists(RECORDS, max_size=5), st.booleans(), st.sampled_from([None, *Form]))
def test_any_json_is_read_or_refused(records: list[Any], as_array: bool, form: Form | None) -> None:
    """Whatever stands in a log, each record becomes events that the store admits, or is named, and twice the same."""
    content = (json.dumps(records) if as_array else "\n".join(map(json.dumps, records))).encode()
    assert read(content, form) == read(content, form)


@given(st.lists(RECORDS, min_size=1, max_size=3), st.data())
def test_a_damaged_log_never_ends_in_a_crash(records: list[Any], data: st.DataObject) -> None:
    """A log cut anywhere, or with any bytes in its middle, ends in rows and refusals."""
    content = json.dumps(records, indent=data.draw(st.sampled_from([None, 1]))).encode()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    attempt(content[:start])
    attempt(content[:start] + data.draw(st.binary(max_size=5)) + content[end:])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """A file of any bytes ends in rows and refusals, too."""
    attempt(content)
