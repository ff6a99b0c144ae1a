"""`foreword evaluate beliefs`: recorded observations through the product's own checks."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from evaluations.belief_replay import BeliefReplay, Replayed, held, is_turned
from evaluations.beliefs import BASELINES, BUDGETS, evaluate_beliefs
from evaluations.observations import read_people
from foreword.config import Config
from foreword.errors import FieldError

TEXTS = (
    "Ada runs a small dance studio by the river.",
    "Ada repaired the wooden sailing boat.",
    "Ada visits the dance studio with Marta.",
    "Ada grows tall tomato plants.",
    "Ada painted the sailing boat again.",
    "Ada teaches children in the dance studio.",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One conversation of three sessions in LoCoMo's form."""
    conversation: dict[str, object] = {"speaker_a": "Ada", "speaker_b": "Ben"}
    observed = {}
    for number in range(3):
        conversation[f"session_{number + 1}_date_time"] = f"1:56 pm on {8 + number} May, 2023"
        rows = [
            [text, f"D{number + 1}:{place}"] for place, text in enumerate(TEXTS[2 * number : 2 * number + 2])
        ]
        observed[f"session_{number + 1}_observation"] = {"Ada": rows}
    qa = [{"question": "Where?", "evidence": ["D1:0", "D3:1"]}, {"question": "Who?", "evidence": ["D9:9"]}]
    path = tmp_path / "conversations.json.gz"
    row = {"sample_id": "one", "conversation": conversation, "observation": observed, "qa": qa}
    path.write_bytes(gzip.compress(json.dumps([row]).encode()))
    return path


def test_people_are_read_with_their_turns(file: Path) -> None:
    """Sessions come in order, phrases are the words' ends, and only questions with an observed answer count."""
    ada, ben = read_people(file)
    assert [len(session) for session in ada.sessions] == [2, 2, 2]
    assert "dance studio" in ada.sessions[0][0].phrases
    assert ada.questions == (frozenset({"D1:0", "D3:1"}),)
    assert ben.sessions == ()


def test_what_was_observed_is_believed_until_it_is_turned(file: Path) -> None:
    """A belief rests on all messages that name it, and ends with one that says so."""
    ada = read_people(file)[0]
    at_once = Config.model_validate({"cold_start": {"events_min": 1}})
    replay, state = BeliefReplay(ada, at_once), Replayed()
    for session in ada.sessions:
        replay.session(state, session)
    (studio,) = [row for row in held(state.profile) if row.subject == "dance studio"]
    assert studio.evidence_count == 3
    last = ada.sessions[-1][-1]
    text = "Ada no longer deals with the dance studio."
    turned = type(last)(last.time_ms + 1, frozenset(), text, ("dance studio",))
    replay.session(state, [turned], turned=True)
    (studio,) = [row for row in held(state.profile) if row.subject == "dance studio"]
    assert is_turned(studio)


def test_the_report_has_every_method_and_nothing_that_must_not_be(file: Path) -> None:
    """Rows carry intervals at each budget; nothing unsupported, lost, changed or left."""
    report = json.loads(evaluate_beliefs([file], bootstrap=20).to_json())
    assert [row["method"] for row in report["rows"]] == ["foreword", *BASELINES]
    ours = report["rows"][0]
    for budget in BUDGETS:
        assert ours[f"evidence_recall_at_{budget}_low"] <= ours[f"evidence_recall_at_{budget}"] <= 1
    assert ours["evidence_recall_at_200"] == 1
    for name in ("unsupported_rate", "collateral_loss", "bytes_changed_without_news", "left_after_erasing"):
        assert ours[name] == 0
    assert (report["users"], report["points"]) == (1, 1)
    assert "not how well" in report["note"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"other\.json: found no JSON"),
        (b"\xff\xfe\x00", r"other\.json: found no JSON"),
        (b"[" * 100_000, r"other\.json: found deep nesting"),
        (b'{"a": 1}', r"other\.json: found JSON that is no list \(dict\)"),
        (b'[{"a": 1}]', r"other\.json: conversation 0: found no 'conversation'.*LoCoMo"),
        (
            b'[{"conversation": {"speaker_a": "A"}, "observation": {}}]',
            r"other\.json: conversation 0: found no 'speaker_b'",
        ),
        (b'[{"conversation": 5, "observation": {}}]', r"other\.json: conversation 0: found another form"),
    ],
)
def test_another_form_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    """The error names file, conversation and field, and says what is allowed."""
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(FieldError, match=said):
        evaluate_beliefs([path])


def test_a_cut_file_is_told_as_damaged(file: Path) -> None:
    """Gzip data that ends too early is an error that names the file."""
    file.write_bytes(file.read_bytes()[:-12])
    with pytest.raises(FieldError, match=r"conversations\.json\.gz: found damaged gzip data"):
        evaluate_beliefs([file])
