"""Whatever it is sent, the model server answers: with an answer, or with the API's refusal."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from foreword.model_server.chat_request import read_chat_request
from foreword.model_server.errors import ApiError
from foreword.model_server.faults import FAULTS
from foreword.model_server.messages_request import read_messages_request
from foreword.model_server.refresh_prompt import read_refresh_prompt
from foreword.model_server.thinking import Thinker

SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-1, 2) | st.text(max_size=6)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
)
FIELDS = st.sampled_from(
    """model max_tokens messages system stream output_config response_format role content type text format schema
    json_schema cache_control ttl properties items anyOf enum const pattern required $ref $defs minItems""".split()
)
VALUES = SCALARS | st.sampled_from(
    ["user", "assistant", "text", "json_schema", "object", "array", "ephemeral"]
)
BODIES = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=6),
    max_leaves=30,
)
ROWS = st.sampled_from(["aggregates", "beliefs", "goals", "expertise", "preferences", "events"])
ROW_FIELDS = st.sampled_from(
    "id topic topics text type events level value area key subject stance trend".split()
)


@given(BODIES)
def test_any_body_is_a_question_or_is_refused(body: Any) -> None:
    """No body, however it nests the fields of a request, ends in anything but a question or an ApiError."""
    for read in (read_messages_request, read_chat_request):
        with contextlib.suppress(ApiError):
            assert read(body).output_tokens_max >= 1


@given(
    st.lists(
        st.tuples(ROWS, st.lists(st.dictionaries(ROW_FIELDS, JSON, max_size=5), max_size=4)), max_size=6
    ),
    st.dictionaries(FIELDS, BODIES, max_size=6),
    st.sampled_from([None, *FAULTS.values()]),
    st.booleans(),
)
def test_any_prompt_and_schema_get_an_answer(
    blocks: list[tuple[str, list[dict[str, Any]]]], schema: Any, fault: Any, is_nonsense: bool
) -> None:
    """Lines of any shape, any schema and every fault lead to a text and a reason to stop, the same again."""
    lines = "\n".join(
        f"<{tag}>\n" + "".join(f"{json.dumps(row)}\n" for row in rows) + f"</{tag}>" for tag, rows in blocks
    )
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": lines or "x"}],
        "response_format": {"type": "json_schema", "json_schema": {"schema": schema}},
    }
    try:
        question = read_chat_request(body)
    except ApiError:
        return
    answers = [Thinker(0, is_nonsense=is_nonsense).think(question, fault) for _ in range(2)]
    assert answers[0] == answers[1]
    assert isinstance(answers[0][0], str)


@given(st.text())
def test_any_text_is_read_as_a_prompt(text: str) -> None:
    """Reading a prompt fails for no text."""
    found = read_refresh_prompt(text)
    assert found is None or isinstance(found.events, list)
