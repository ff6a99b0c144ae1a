"""From the configuration's file and message to a schema that can be used."""

from __future__ import annotations

import json

from foreword.config import Product
from foreword.errors import FieldError
from scheduler.agent.product.comments import comments_of
from scheduler.agent.product.compiled import compile_file
from scheduler.agent.product.files import MESSAGE_KEY, ProductFiles
from scheduler.agent.product.json_schema import JsonSchemas, Schema
from scheduler.agent.product.options import FieldOptions
from scheduler.agent.product.schema import ProductSchema
from scheduler.agent.product.validation import Rules

# The schema is read with every refresh, though from the provider's cache: about 4,000 tokens.
_SCHEMA_BYTES_MAX = 16_384


def load_product_schema(product: Product) -> ProductSchema | None:
    """Compile the operator's file; None when none is configured.

    Raises:
        FieldError: It does not compile, has no such message, or the message holds what no model can write.
        MissingExtraError: The extra `product` is not installed.
    """
    if product.proto_file is None:
        return None
    compiled = compile_file(product.proto_file)
    files = ProductFiles(compiled)
    descriptor = files.message(product.message)
    options, rules = FieldOptions(files.pool), Rules()
    json_schema = JsonSchemas(options, rules, comments_of(compiled)).of_message(descriptor)
    _check_size(json_schema)
    return ProductSchema(descriptor, json_schema, options, rules, files)


def _check_size(json_schema: Schema) -> None:
    size_bytes = len(json.dumps(json_schema).encode())
    if size_bytes > _SCHEMA_BYTES_MAX:
        raise FieldError(
            MESSAGE_KEY,
            f"a message whose JSON schema has {size_bytes} bytes",
            f"at most {_SCHEMA_BYTES_MAX}",
            hint="fewer fields, or shorter comments",
        )
