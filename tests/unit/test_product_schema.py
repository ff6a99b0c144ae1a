"""The operator's message: compiled, put into JSON schema, checked, packed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from google.protobuf.message import Message

from foreword.cli.root import root
from foreword.config import Product
from foreword.config_check import check
from foreword.errors import ConfigError, FieldError
from scheduler.agent.product import PRODUCT_BYTES_MAX, ProductSchema, load_product_schema

FEED = """
syntax = "proto3";
package acme.v1;

import "buf/validate/validate.proto";
import "google/protobuf/timestamp.proto";

// How a feed is made for one reader.
message Feed {
  option (buf.validate.message).cel = {
    id: "feed.topics_once",
    message: "no topic twice",
    expression: "this.boosts.map(boost, boost.topic).unique()",
  };
  // Topics shown higher.
  repeated Boost boosts = 1 [(buf.validate.field).repeated.max_items = 3];
  Layout layout = 2 [(buf.validate.field).enum.not_in = 9];
  string language = 3 [(buf.validate.field).string = {in: ["en", "de"]}];
  string sku = 4 [
    (buf.validate.field).string.pattern = "^[A-Z]{2}[0-9]+$",
    (buf.validate.field).ignore = IGNORE_IF_ZERO_VALUE
  ];
  string note = 5 [(buf.validate.field).string.max_len = 20];
  map<string, uint32> limits = 6 [(buf.validate.field).map.max_pairs = 2];
  google.protobuf.Timestamp until = 7;
  oneof age {
    uint32 days = 8;
    uint32 weeks = 9;
  }
  repeated string wide = 10 [(buf.validate.field).repeated.items.string.pattern = "^.*$"];
  optional int64 items = 11 [(buf.validate.field).int64 = {gte: 1, lt: 100}];
}

message Boost {
  // One of the reader's topics.
  string topic = 1 [(buf.validate.field).required = true];
  double weight = 2 [(buf.validate.field).double = {gte: 1, lte: 2}];
}

// How items stand.
enum Layout {
  LAYOUT_UNSPECIFIED = 0;
  // Below each other.
  LAYOUT_LIST = 1;
  LAYOUT_CARDS = 2;
  LAYOUT_SECRET = 9;
}
"""
GOOD: dict[str, Any] = {
    "boosts": [{"topic": "go", "weight": 1.5}],
    "layout": "LAYOUT_LIST",
    "language": "en",
    "limits": [{"key": "news", "value": 3}],
    "until": "2026-01-02T03:04:05Z",
}


def loaded(folder: Path, text: str = FEED, message: str = "acme.v1.Feed") -> ProductSchema:
    file = folder / "feed.proto"
    file.write_text(text)
    schema = load_product_schema(Product(proto_file=file, message=message))
    assert schema is not None
    return schema


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> ProductSchema:
    return loaded(tmp_path_factory.mktemp("product"))


def allowed(_: str) -> None:
    return None


def property_of(schema: ProductSchema, name: str) -> dict[str, Any]:
    found: dict[str, Any] = schema.json_schema["properties"][name]
    return found


def test_nothing_is_loaded_without_a_file() -> None:
    """Without a configured file there is no product schema."""
    assert load_product_schema(Product()) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("layout", {"type": "string", "enum": ["LAYOUT_LIST", "LAYOUT_CARDS"]}),
        ("language", {"type": "string", "enum": ["en", "de"]}),
        ("sku", {"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"}),
        ("note", {"type": "string", "maxLength": 20}),
        ("until", {"type": "string", "format": "date-time"}),
        ("days", {"type": "integer", "minimum": 0, "maximum": 4294967295}),
        ("items", {"type": "integer", "minimum": 1, "maximum": 2**53 - 1, "exclusiveMaximum": 100}),
    ],
)
def test_each_kind_of_field_has_its_json_schema(
    schema: ProductSchema, name: str, expected: dict[str, Any]
) -> None:
    """Types, enums and rules become keywords; a value that means nothing is not offered."""
    found = dict(property_of(schema, name))
    found.pop("description", None)
    assert found == expected


def test_lists_and_maps_have_bounds_and_entries(schema: ProductSchema) -> None:
    """A list says how long it may be, and a map is a list of keys and values."""
    assert property_of(schema, "boosts")["maxItems"] == 3
    limits = property_of(schema, "limits")
    assert limits["maxItems"] == 2
    assert limits["items"]["required"] == ["key", "value"]


def test_comments_and_other_rules_are_descriptions(schema: ProductSchema) -> None:
    """What the file's comments say reaches the model, and so does a rule that JSON schema has no word for."""
    assert property_of(schema, "boosts")["description"] == "Topics shown higher."
    assert property_of(schema, "layout")["description"] == "How items stand. LAYOUT_LIST: Below each other."
    whole = schema.json_schema["description"]
    assert whole.startswith("How a feed is made for one reader.")
    assert "no topic twice" in whole
    assert "At most one of days, weeks." in whole


def test_required_is_what_the_rules_do_not_let_be_empty(schema: ProductSchema) -> None:
    """A string of a given list must be there, though nothing marks it so; what may be left out need not."""
    assert schema.json_schema["required"] == ["language"]
    assert property_of(schema, "boosts")["items"]["required"] == ["topic", "weight"]


def test_a_good_value_comes_back_as_the_message(schema: ProductSchema) -> None:
    """What was read is packed under the operator's type, always in the same bytes, and unpacked again."""
    read = schema.read(GOOD, allowed)
    assert isinstance(read, Message), read
    packed = schema.pack(read)
    assert packed.type_url == "type.googleapis.com/acme.v1.Feed"
    assert schema.unpack(packed) == read
    assert schema.pack(read).value == packed.value


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"boosts": [{"topic": "go", "weight": 9}]}, "product.boosts[0].weight: must be greater"),
        ({"boosts": [{"topic": "go", "weight": 1}] * 4}, "product.boosts: must contain no more than 3"),
        ({"boosts": [{"topic": "a", "weight": 1}] * 2}, "product.no topic twice"),
        ({"boosts": [{"weight": 1}]}, "product.boosts[0].topic: value is required"),
        ({"language": "fr"}, "product.language: must be in list [en, de]"),
        ({"layout": "LAYOUT_SECRET"}, "product.layout: must not be in list"),
        ({"layout": "LAYOUT_NEW"}, "layout"),
        ({"unknown": 1}, "unknown"),
        ({"until": "soon"}, "until"),
        ({"days": 1, "weeks": 2}, "age"),
        ({"boosts": [None]}, "boosts"),
        ({"limits": [{"key": "a", "value": "many"}]}, "limits"),
        ({"wide": ["x" * PRODUCT_BYTES_MAX]}, f"product: found {PRODUCT_BYTES_MAX + 42} bytes"),
    ],
)
def test_a_bad_value_is_refused_with_the_field_at_fault(
    schema: ProductSchema, changed: dict[str, Any], fault: str
) -> None:
    """Wrong names, types, sizes and broken rules come back as sentences, to be shown to the model once."""
    read = schema.read(GOOD | changed, allowed)
    assert isinstance(read, list)
    assert fault in " ".join(read)


@pytest.mark.parametrize("value", [None, [], "text", 7])
def test_what_is_no_object_is_refused(schema: ProductSchema, value: object) -> None:
    """A product that is no object is said to be none."""
    assert schema.read(value, allowed) == [f"product: found {type(value).__name__}; allowed: an object"]


def test_free_strings_are_looked_at_and_bounded_ones_are_not(schema: ProductSchema) -> None:
    """Every string that the file leaves free is read: in messages, maps, and under a pattern that binds nothing."""
    seen: list[str] = []
    value = GOOD | {"sku": "AB12", "note": "note", "wide": ["wide"]}
    read = schema.read(value, seen.append)  # type: ignore[func-returns-value]
    assert isinstance(read, Message), read
    assert sorted(seen) == ["go", "news", "note", "wide"]


def test_a_refused_string_refuses_the_product(schema: ProductSchema) -> None:
    """One string with a reason against it is enough, and the reason names the field."""
    read = schema.read(GOOD, lambda text: "a site" if text == "news" else None)
    assert read == ["product.limits['news']: a site"]


@pytest.mark.parametrize(
    ("text", "message", "said"),
    [
        ("message M { string x = 1 }", "a.M", 'feed.proto:3:26: Expected ";"'),
        ('import "b.proto"; message M {}', "a.M", "b.proto: File not found"),
        ("message N {} message O {}", "a.M", "agent.product.message: found 'a.M'; allowed: a.N, a.O"),
        ("message M { bytes x = 1; }", "a.M", "a.M.x: found a field of type bytes"),
        ("message M { repeated M inner = 1; }", "a.M", "a.M: found a message within itself"),
        (
            'import "google/protobuf/struct.proto"; message M { google.protobuf.Struct x = 1; }',
            "a.M",
            "a.M.x: found a field of type google.protobuf.Struct",
        ),
        (
            'import "buf/validate/validate.proto";\n'
            'message M { string x = 1 [(buf.validate.field).string.pattern = "("]; }',
            "a.M",
            "a.M: found a rule that cannot be used",
        ),
        (f"// {'word ' * 4000}\nmessage M {{ string x = 1; }}", "a.M", "JSON schema has 20"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(
    tmp_path: Path, text: str, message: str, said: str
) -> None:
    """A mistake of the operator's comes up at the start, with line or field."""
    with pytest.raises(FieldError) as caught:
        loaded(tmp_path, f'syntax = "proto3";\npackage a;\n{text}\n', message)
    assert said in str(caught.value)


def test_a_compiled_descriptor_set_does_as_well(tmp_path: Path, schema: ProductSchema) -> None:
    """What buf or protoc compiled elsewhere gives the same schema, without a compiler here."""
    file = tmp_path / "feed.binpb"
    file.write_bytes(schema.files.compiled.SerializeToString())
    other = load_product_schema(Product(proto_file=file, message="acme.v1.Feed"))
    assert other is not None
    assert other.json_schema == schema.json_schema


@pytest.mark.parametrize("name", ["missing.proto", "broken.binpb", "empty.binpb"])
def test_an_unreadable_file_is_named(tmp_path: Path, name: str) -> None:
    """A file that is not there, or holds no descriptors, is said to be so."""
    (tmp_path / "broken.binpb").write_bytes(b"no descriptors")
    (tmp_path / "empty.binpb").write_bytes(b"")
    with pytest.raises(FieldError, match=name):
        load_product_schema(Product(proto_file=tmp_path / name, message="a.M"))


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """An install without protovalidate and grpcio-tools names the extra that has both."""
    (tmp_path / "feed.proto").write_text('syntax = "proto3"; package a; message M {}')
    code = f"""
import sys
sys.modules["protovalidate"] = None
from pathlib import Path
from foreword.config import Product
from foreword.errors import MissingExtraError
from scheduler.agent.product import load_product_schema
try:
    load_product_schema(Product(proto_file=Path({str(tmp_path / "feed.proto")!r}), message="a.M"))
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'foreword[product]'" in done.stdout


@pytest.mark.parametrize(
    ("product", "said"),
    [
        ({"proto_file": "feed.proto"}, "message is missing"),
        ({"message": "acme.v1.Feed"}, "proto_file is missing"),
        ({"proto_file": "feed.json", "message": "a.M"}, "allowed: a file named *.proto or *.binpb"),
        ({"proto_file": "feed.proto", "message": "acme/Feed"}, "allowed: a package and a name"),
        ({"proto": "feed.proto"}, "did you mean proto_file?"),
    ],
)
def test_half_a_product_is_refused_as_configuration(product: dict[str, str], said: str) -> None:
    """File and message go together, and a name that cannot be right is refused with the rest of the file."""
    with pytest.raises(ConfigError) as caught:
        check({"agent": {"product": product}}, None, "", {})
    assert "agent.product" in str(caught.value)
    assert said in str(caught.value)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(root, arguments)


def test_config_check_compiles_the_product(tmp_path: Path) -> None:
    """`config check` finds what is wrong with the .proto file too, with its line."""
    proto, toml = tmp_path / "feed.proto", tmp_path / "foreword.toml"
    proto.write_text(FEED)
    toml.write_text(f'[agent.product]\nproto_file = "{proto}"\nmessage = "acme.v1.Feed"\n')
    assert run("config", "check", str(toml)).exit_code == 0
    proto.write_text(FEED.replace("string note", "strong note"))
    refused = run("config", "check", str(toml))
    assert isinstance(refused.exception, FieldError)
    line = FEED[: FEED.index("string note")].count("\n") + 1
    assert f'feed.proto:{line}:3: "strong" is not defined;' in str(refused.exception)


def test_config_product_shows_the_schema_and_writes_the_compiled_file(tmp_path: Path) -> None:
    """An operator sees what the model is told, and gets a descriptor set that does as the file."""
    proto, toml, compiled = (tmp_path / name for name in ("feed.proto", "foreword.toml", "feed.binpb"))
    proto.write_text(FEED)
    toml.write_text(f'[agent.product]\nproto_file = "{proto}"\nmessage = "acme.v1.Feed"\n')
    shown = run("--config", str(toml), "config", "product", "--descriptor-set", str(compiled))
    assert shown.exit_code == 0, shown.output
    again = load_product_schema(Product(proto_file=compiled, message="acme.v1.Feed"))
    assert again is not None
    assert json.loads(shown.stdout) == again.json_schema
    assert isinstance(
        run("--config", str(tmp_path / "none.toml"), "config", "product").exception, ConfigError
    )


def test_imports_are_found_where_the_package_begins(tmp_path: Path) -> None:
    """A file in the folders of its package imports by full path, as buf has it, and keeps that path as its name."""
    folder = tmp_path / "acme" / "v1"
    folder.mkdir(parents=True)
    (folder / "boost.proto").write_text(
        'syntax = "proto3"; package acme.v1; message Boost { string topic = 1; }'
    )
    (folder / "feed.proto").write_text(
        'syntax = "proto3";\npackage acme.v1;\nimport "acme/v1/boost.proto";\nmessage Feed { Boost boost = 1; }'
    )
    schema = load_product_schema(Product(proto_file=folder / "feed.proto", message="acme.v1.Feed"))
    assert schema is not None
    assert [file.name for file in schema.files.compiled.file] == ["acme/v1/boost.proto", "acme/v1/feed.proto"]
