"""What becomes of an answer that carries the operator's own message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from one_refresh import CONFIG, event, make_input, run

from foreword.config import Product
from foreword.v1.model_work_pb2 import ModelCall, ModelOutcome
from foreword.v1.profile_pb2 import Profile
from scheduler.agent.product import ProductSchema, load_product_schema
from scheduler.model.applying import Proposed
from scheduler.model.interpreting import Interpreter

EXAMPLE = Path(__file__).parents[2] / "examples/product/proto/acme/v1/feed.proto"
EVENTS = [event(number, 1, ["climbing"], text="Finger training for climbing") for number in range(6)]
GOOD = {"boosts": [{"topic": "climbing", "weight": 1.5}], "formats": [], "exploration_share": 0.1}


@pytest.fixture(scope="module")
def schema() -> ProductSchema:
    loaded = load_product_schema(Product(proto_file=EXAMPLE, message="acme.v1.FeedProfile"))
    assert loaded is not None
    return loaded


def interpret(schema: ProductSchema, previous: Profile, product: Any, *operations: Any) -> Proposed:
    answer = json.dumps({"operations": operations, "product": product})
    given = make_input(EVENTS, previous=previous, new=[])
    return Interpreter(schema)(given, CONFIG, [item.event_id for item in EVENTS], answer, ModelCall())


def test_a_good_product_is_in_the_profile(schema: ProductSchema) -> None:
    """A product alone is enough to be applied, and stands in the profile under the operator's type."""
    proposed = interpret(schema, run(EVENTS).profile, GOOD)
    assert proposed.outcome == ModelOutcome.MODEL_OUTCOME_APPLIED
    assert proposed.result is not None
    feed = schema.unpack(proposed.result.profile.product)
    assert feed == schema.read(GOOD, lambda _text: None)
    assert proposed.to_mend == ""


@pytest.mark.parametrize(
    "fault",
    [
        {"exploration_share": 3},
        {"boosts": [{"topic": "chess", "weight": 1.5}]},
        {"boosts": GOOD["boosts"] * 2},
        {"unknown": 1},
    ],
)
def test_a_bad_product_leaves_the_last_good_one(schema: ProductSchema, fault: dict[str, Any]) -> None:
    """A product that breaks a rule, or has words of nowhere, is refused, counted and to be mended; the rest goes on."""
    first = interpret(schema, run(EVENTS).profile, GOOD)
    assert first.result is not None
    expertise = {"op": "set_expertise", "area": "climbing", "level": 0.3, "events": ["e1", "e2"]}
    second = interpret(schema, first.result.profile, GOOD | fault, expertise)
    assert second.refused_count >= 1
    assert second.to_mend.startswith("product")
    kept = second.result.profile if second.result is not None else first.result.profile
    assert kept.product == first.result.profile.product


def test_code_alone_leaves_the_product_as_it_is(schema: ProductSchema) -> None:
    """A refresh without a model keeps the product byte for byte."""
    first = interpret(schema, run(EVENTS).profile, GOOD)
    assert first.result is not None
    later = [*EVENTS, event(9, 0.5, ["training"])]
    assert run(later, previous=first.result.profile).profile.product == first.result.profile.product
