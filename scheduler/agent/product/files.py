"""The operator's file and all it imports, ready to be asked for a message."""

from __future__ import annotations

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import Descriptor

from foreword.errors import FieldError
from scheduler.agent.product.compiled import FILE_KEY, validate_descriptors

MESSAGE_KEY = "agent.product.message"


class ProductFiles:
    """Compiled files in a pool of their own, so that an operator's names never meet ours.

    Args:
        compiled: Imports first, the operator's file last.

    Attributes:
        compiled: The same.
        pool: Where their messages are found, and those of `buf/validate/validate.proto`.

    Raises:
        FieldError: An import is missing, or does not fit the rest.
    """

    def __init__(self, compiled: descriptor_pb2.FileDescriptorSet) -> None:
        self.compiled = compiled
        self.pool = descriptor_pool.DescriptorPool()
        own = {file.name for file in compiled.file}
        # Rules are read by their own schema even where the file has none.
        rules = [file for file in validate_descriptors().file if file.name not in own]
        for file in (*rules, *compiled.file):
            try:
                self.pool.Add(file)
            except TypeError as exc:
                raise FieldError(
                    FILE_KEY,
                    f"{file.name}, which does not fit the rest ({exc})",
                    "a file with all its imports",
                ) from exc

    def message(self, name: str) -> Descriptor:
        """Return a message by its full name.

        Raises:
            FieldError: There is none of that name.
        """
        try:
            return self.pool.FindMessageTypeByName(name)
        except KeyError as exc:
            own = self.compiled.file[-1]
            names = [f"{own.package}.{message.name}".lstrip(".") for message in own.message_type]
            raise FieldError(
                MESSAGE_KEY, repr(name), ", ".join(names) or f"none: {own.name} has no message"
            ) from exc
