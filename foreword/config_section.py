"""What every table of the configuration has in common."""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler


class Section(BaseModel):
    """A table of the configuration; unknown keys are refused and values do not change."""

    # Not `use_attribute_docstrings`: it parses the source of each table whenever a daemon or a command starts, a
    # quarter of what importing the configuration takes.
    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """Return what the docstrings below the keys say of them."""
        inherited = cls.__base__
        found = inherited.meanings() if inherited and issubclass(inherited, Section) else {}
        (table,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
        assert isinstance(table, ast.ClassDef)
        for key, said in pairwise(table.body):
            match key, said:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = inspect.cleandoc(text)
        return found

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Say in the JSON schema what each key means."""
        reference = handler(core_schema)
        table = handler.resolve_ref_schema(reference)
        for key, text in cls.meanings().items():
            table["properties"][key]["description"] = text
        return reference
