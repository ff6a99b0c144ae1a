"""What of a product's words the user's own activity must support."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from one_refresh import CONFIG, event, make_input

from foreword.config import Product
from scheduler.agent.answer import AnswerReading, read_answer
from scheduler.agent.product import ProductSchema, ProductSupport, load_product_schema
from scheduler.agent.refresh import draft

EXAMPLE = Path(__file__).parents[2] / "examples/product/proto/acme/v1/feed.proto"


@pytest.fixture(scope="module")
def support() -> ProductSupport:
    read = [["Rock-Climbing"], ["training"], ["training", "HIV treatment"], ["training"], ["secret plans"]]
    events = [
        event(number, 1, topics, text="A finger board", attributes={"format": "essay"})
        for number, topics in enumerate(read)
    ]
    drafted = draft(make_input(events), CONFIG)
    assert drafted.findings is not None
    return ProductSupport(drafted.findings)


@pytest.fixture(scope="module")
def schema() -> ProductSchema:
    schema = load_product_schema(Product(proto_file=EXAMPLE, message="acme.v1.FeedProfile"))
    assert schema is not None
    return schema


@pytest.mark.parametrize("text", ["rock climbing", "training", "Training on a finger board", "essay"])
def test_words_of_the_users_activity_may_stand(support: ProductSupport, text: str) -> None:
    """Topics, attributes and texts of events support a string, in any spelling of the same words."""
    assert support.refusal_of(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chess", "'chess'; allowed: words of the user's own activity"),
        ("training for chess", "'chess'"),
        ("HIV treatment", "allowed: nothing sensitive"),
        ("ada@example.com", "allowed: nothing sensitive"),
        ("training.example.com", "example"),
        ("you must training", "'you'"),
    ],
)
def test_other_words_may_not(support: ProductSupport, text: str, said: str) -> None:
    """What the user never had to do with is refused, and so is what is sensitive or personal, whoever said it."""
    refused = support.refusal_of(text)
    assert refused is not None
    assert said in refused


def test_an_invented_topic_refuses_the_product_and_keeps_the_rest(
    support: ProductSupport, schema: ProductSchema
) -> None:
    """A product with a word from nowhere is not taken, its field is named, and operations of the answer still count."""
    product = {"boosts": [{"topic": "chess", "weight": 2}], "exploration_share": 0.1}
    operation = {"op": "set_expertise", "area": "training", "level": 0.3, "events": ["e1"]}

    def read() -> AnswerReading:
        text = json.dumps({"operations": [operation], "product": product})
        return read_answer(text, ["e0"], product_schema=schema, product_refusal_of=support.refusal_of)

    refused = read()
    assert refused.product is None
    assert len(refused.operations) == 1
    assert refused.errors == [
        "product.boosts[0].topic: found 'chess'; allowed: words of the user's own activity"
    ]
    product["boosts"] = [{"topic": "training", "weight": 2}]
    taken = read()
    assert taken.product is not None
    assert taken.errors == []
