"""From the configuration's file and message to a schema that can be used."""

from __future__ import annotations

import json

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor

from foreword.config import Product
from foreword.errors import FieldError
from scheduler.agent.product.comments import comments_of
from scheduler.agent.product.compiled import FILE_KEY, compile_file, validate_descriptors
from scheduler.agent.product.json_schema import JsonSchemas, Schema
from scheduler.agent.product.options import FieldOptions
from scheduler.agent.product.schema import ProductSchema
from scheduler.agent.product.validation import Rules

MESSAGE_KEY = "agent.product.message"
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
    files = compile_file(product.proto_file)
    pool = _pool(files)
    descriptor = _message(pool, files, product.message)
    options, rules = FieldOptions(pool), Rules()
    json_schema = JsonSchemas(options, rules, comments_of(files)).of_message(descriptor)
    _check_size(json_schema)
    return ProductSchema(message_factory.GetMessageClass(descriptor), json_schema, options, rules, files)


def _check_size(json_schema: Schema) -> None:
    size_bytes = len(json.dumps(json_schema).encode())
    if size_bytes > _SCHEMA_BYTES_MAX:
        raise FieldError(
            MESSAGE_KEY,
            f"a message whose JSON schema has {size_bytes} bytes",
            f"at most {_SCHEMA_BYTES_MAX}",
            hint="fewer fields, or shorter comments",
        )


def _pool(files: descriptor_pb2.FileDescriptorSet) -> descriptor_pool.DescriptorPool:
    """Return the files in a pool of their own, so that an operator's names never meet ours."""
    pool = descriptor_pool.DescriptorPool()
    known = {file.name for file in files.file}
    # Rules are read by their own schema even where the file has none.
    for file in (*(file for file in validate_descriptors().file if file.name not in known), *files.file):
        try:
            pool.Add(file)
        except TypeError as exc:
            raise FieldError(
                FILE_KEY, f"{file.name}, which does not fit the rest ({exc})", "all imports of the file"
            ) from exc
    return pool


def _message(
    pool: descriptor_pool.DescriptorPool, files: descriptor_pb2.FileDescriptorSet, name: str
) -> Descriptor:
    try:
        return pool.FindMessageTypeByName(name)
    except KeyError as exc:
        own = files.file[-1]
        names = [f"{own.package}.{message.name}".lstrip(".") for message in own.message_type]
        raise FieldError(
            MESSAGE_KEY, repr(name), ", ".join(names) or f"none: {own.name} has no message"
        ) from exc
