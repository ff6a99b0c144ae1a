"""The model that all users share: encoding, explaining, storing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from foreword.errors import FieldError, StoreCorruptError, StoreMissingError, StoreVersionError
from ranking import Action, ActionSet, Context, Example, GlobalModel, Ring, TrainingOptions, UserBlock, train

HOUR_MS = 3_600_000
TOOLS = [
    Action(
        f"tool{number}",
        topics=("data",) if number % 2 else ("code", "tests"),
        attributes={"length": "short" if number % 3 else "long"},
        text=f"{'reads rows' if number % 2 else 'runs tests'} number {number}",
    )
    for number in range(8)
]


def moment(number: int) -> Context:
    return Context(
        number * HOUR_MS, {"domain": ("web", "data")[number % 2]}, text=("a page", "a table")[number % 2]
    )


def examples(count: int = 1_600) -> list[Example]:
    """Data tools are taken in the domain of data, code's in that of the web; users differ in whether they like
    long ones."""
    draw = np.random.default_rng(5)
    found = []
    for number in range(count):
        user, tool = int(draw.integers(24)), TOOLS[int(draw.integers(len(TOOLS)))]
        fits = ("data" in tool.topics) == (moment(number).attributes["domain"] == "data")
        likes = 1.0 if (tool.attributes["length"] == "long") == bool(user % 2) else -1.0
        chance = 1 / (1 + np.exp(-(2.0 if fits else -2.0) - likes))
        found.append(Example(f"user{user}", moment(number), tool, float(draw.random() < chance)))
    return found


@pytest.fixture(scope="module")
def model() -> GlobalModel:
    options = TrainingOptions(sweeps=10, cohort_attribute="domain")
    return train(examples(), options, number=3, now_ms=1_600 * HOUR_MS, random=np.random.default_rng(1))


RECENT = Ring((1, 2, 999, 3), (10, 20, 30, 40), (1.0, 0.0, 1.0, 1.0))


def test_seed_generalises_from_three_refusals() -> None:
    """Before any training, a user who refused three verbose actions is offered an unseen concise one first."""
    model = GlobalModel.seed()
    assert lead_of_concise(model) > 0.3


def test_trained_model_generalises_from_three_refusals(model: GlobalModel) -> None:
    """A trained model does the same with a value that it knows, and with one that it has never seen."""
    assert lead_of_concise(model) > 0.2
    assert lead_of_concise(model, attribute="length", values=("long", "short")) > 0.2


def lead_of_concise(
    model: GlobalModel, attribute: str = "style", values: tuple[str, str] = ("verbose", "concise")
) -> float:
    """Return by how much three refusals of the first value, of other actions, part two unseen actions."""
    context = Context(0)
    block = UserBlock.fresh(model.prior(), model.number, 0)
    unseen = [Action(f"unseen {value}", attributes={attribute: value}) for value in values]
    before = logits(model, block, context, unseen)
    for number in range(3):
        refused = Action(f"refactoring {number}", attributes={attribute: values[0]})
        offset, features, *_ = model.encode(context, [refused])
        block = block.learn(float(offset[0]), features[0], 0.0, now_ms=0, prior=model.prior())
    after = logits(model, block, context, unseen)
    return float((after[1] - after[0]) - (before[1] - before[0]))


def logits(model: GlobalModel, block: UserBlock, context: Context, actions: list[Action]) -> np.ndarray:
    offset, features, *_ = model.encode(context, actions)
    return offset + features @ block.mean


def test_moment_decides_what_fits(model: GlobalModel) -> None:
    """An action scores higher in the domain where it was taken."""
    assert model.layout.form != "none"
    pair = [TOOLS[1], TOOLS[2]]
    web, data = (model.encode(moment(number), pair).offset for number in (0, 1))
    assert data[0] - data[1] > 1 > -1 > web[0] - web[1]


def test_features_begin_with_one(model: GlobalModel) -> None:
    """Shapes are as promised: at most 16 features, the first of which is the user's own bias."""
    offset, features, *_ = model.encode(moment(0), TOOLS, RECENT)
    assert offset.shape == (len(TOOLS),)
    assert features.shape == (len(TOOLS), model.dimensions)
    assert model.dimensions <= 16
    assert (features[:, 0] == 1).all()
    assert offset.dtype == features.dtype == np.float32


def test_no_candidates_are_no_numbers(model: GlobalModel) -> None:
    """Nothing to rank is encoded as nothing."""
    offset, features, *_ = model.encode(moment(0), [], RECENT)
    assert len(offset) == len(features) == 0


def test_same_numbers_whatever_was_asked_before(model: GlobalModel) -> None:
    """What is kept of actions seen before changes no number, and an id with other content is another action."""
    other = Action("tool1", attributes={"length": "long"}, text="something else")
    alone = [model.encode(moment(0), [one], RECENT).offset[0] for one in (TOOLS[1], other, TOOLS[1])]
    together = model.encode(moment(0), [TOOLS[1], other, TOOLS[1]], RECENT).offset
    assert together == pytest.approx(alone, abs=1e-6)
    assert alone[0] != alone[1]


def test_more_actions_than_are_kept(model: GlobalModel) -> None:
    """More actions than are kept at hand are all encoded, at once or one request after the other."""
    many = [Action(f"many{number}", attributes={"length": "long"}) for number in range(5_000)]
    at_once = model.encode(moment(0), many).features
    in_parts = np.vstack(
        [model.encode(moment(0), many[at : at + 500]).features for at in range(0, 5_000, 500)]
    )
    assert (at_once == in_parts).all()


def test_what_another_has_at_hand_is_prepared(model: GlobalModel, tmp_path: Path) -> None:
    """A model that takes another's place has the actions at hand that were asked of that one, with its own numbers."""
    former = GlobalModel.seed()
    former.encode(moment(0), TOOLS)
    model.save(tmp_path / "3")
    read = GlobalModel.load(tmp_path / "3")
    read.prepare(former)
    assert set(read._kept.places) == {tool.id for tool in TOOLS}
    assert (read.encode(moment(0), TOOLS).offset == model.encode(moment(0), TOOLS).offset).all()


def test_a_set_that_is_asked_of_two_models_has_the_numbers_of_each(model: GlobalModel) -> None:
    """What one model makes of a set of actions, or of a user's last ones, is never taken for what another makes."""
    tools, seed = ActionSet(TOOLS), GlobalModel.seed()
    for one in (model, seed, model, model, seed):
        again = one.encode(moment(0), tools, RECENT)
        anew = one.encode(moment(0), TOOLS, Ring(RECENT.rows, RECENT.seconds, RECENT.rewards))
        assert all(map(np.array_equal, again, anew))


@pytest.mark.parametrize("recent", [Ring(), RECENT])
def test_explanation_adds_up(model: GlobalModel, recent: Ring) -> None:
    """What each fact adds sums to the action's logit."""
    block = UserBlock.fresh(model.prior(), model.number, 0)
    for tool in TOOLS:
        offset, features, *_ = model.encode(moment(1), [tool], recent)
        block = block.learn(float(offset[0]), features[0], 0.0, now_ms=0, prior=model.prior())
    for action in (*TOOLS, Action("new", ("data", "unseen"), {"length": "long", "colour": "red"})):
        offset, features, *_ = model.encode(moment(1), [action], recent)
        parts = model.explain(moment(1), action, recent, block.mean)
        assert sum(amount for _, amount in parts) == pytest.approx(
            float(offset[0] + features[0] @ block.mean), abs=1e-4
        )


def test_explanation_names_what_moved(model: GlobalModel) -> None:
    """The names say which fact it was."""
    names = {name for name, _ in model.explain(moment(1), TOOLS[1], RECENT, model.prior().mean)}
    assert {"bias", "action tool1", "topic data", "attribute length=short", "context domain=data"} <= names
    assert any(name.startswith("recent") for name in names)


def test_topics_follow_what_a_user_takes(model: GlobalModel) -> None:
    """The topic of what a user takes comes before that of what they refuse, with a deviation above 0."""
    block = UserBlock.fresh(model.prior(), model.number, 0)
    for _ in range(10):
        for action, reward in ((Action("x", ("data",)), 1.0), (Action("y", ("code",)), 0.0)):
            offset, features, *_ = model.encode(Context(0), [action])
            block = block.learn(float(offset[0]), features[0], reward, now_ms=0, prior=model.prior())
    scores = model.topic_scores(block)
    topics = [topic for topic, _, _ in scores]
    assert topics.index("data") < topics.index("code")
    assert all(deviation > 0 for _, _, deviation in scores)


def test_cohorts_have_priors_of_their_own(model: GlobalModel) -> None:
    """A new user of a known cohort starts from its prior, of an unknown one from everybody's."""
    assert model.cohort(moment(1)) == "data"
    assert (model.prior("data").mean != model.prior().mean).any()
    assert (model.prior("nobody").mean == model.prior().mean).all()


def test_model_survives_storing(model: GlobalModel, tmp_path: Path) -> None:
    """A model that is read encodes as the one that was written, to the bit."""
    model.save(tmp_path / "3")
    read = GlobalModel.load(tmp_path / "3")
    for one, other in zip(
        model.encode(moment(1), TOOLS, RECENT), read.encode(moment(1), TOOLS, RECENT), strict=True
    ):
        assert np.array_equal(one, other)
    assert (read.number, read.made_ms, read.layout.form) == (3, model.made_ms, model.layout.form)
    assert [read.row_of(tool) for tool in TOOLS] == [model.row_of(tool) for tool in TOOLS]


def test_seed_survives_storing(tmp_path: Path) -> None:
    """The model before any training can be stored, too."""
    GlobalModel.seed().save(tmp_path / "0")
    read = GlobalModel.load(tmp_path / "0").encode(moment(0), TOOLS)
    assert (read.features == GlobalModel.seed().encode(moment(0), TOOLS).features).all()


def test_damaged_model_is_refused(model: GlobalModel, tmp_path: Path) -> None:
    """A directory with a file cut in half, a changed byte in any file, or a file missing, is not served."""
    folder = tmp_path / "3"
    model.save(folder)
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        middle = len(data) // 2
        for broken in (data[:middle], data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]):
            path.write_bytes(broken)
            with pytest.raises(StoreCorruptError):
                GlobalModel.load(folder)
        path.unlink()
        with pytest.raises((StoreCorruptError, StoreMissingError)):
            GlobalModel.load(folder)
        path.write_bytes(data)
    GlobalModel.load(folder)


def test_later_format_is_refused(tmp_path: Path) -> None:
    """A model that a later Foreword wrote is an error of version, not of damage."""
    GlobalModel.seed().save(tmp_path / "0")
    manifest = json.loads((tmp_path / "0/model.json").read_text())
    (tmp_path / "0/model.json").write_text(json.dumps({**manifest, "format": 2}))
    with pytest.raises(StoreVersionError):
        GlobalModel.load(tmp_path / "0")


def test_vector_of_another_size_is_refused() -> None:
    """Vectors of an action's own must be of the size that was trained on; without one the ids count."""
    draw = np.random.default_rng(2)
    given = [
        Example(
            f"user{number % 9}", Context(number), Action(f"a{number % 7}", vector=tuple(draw.random(6))), 1.0
        )
        for number in range(60)
    ]
    model = train(given, number=1, now_ms=60, random=draw)
    assert len(model.encode(Context(0), [Action("a1")]).offset) == 1
    with pytest.raises(FieldError, match="vector"):
        model.encode(Context(0), [Action("a1", vector=(1.0, 2.0))])
