"""The architecture as a test: which way imports run, and where each third-party library comes in."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Nodes = Iterable[ast.AST]
Sources = list[tuple[str, Path, list[ast.AST]]]
PACKAGES = ("foreword", "sidecar", "scheduler", "tiering", "ranking", "evaluations")

# A module may import its own part and any part of a lower number. The longest prefix decides.
LAYERS = {
    "foreword.v1": 0,
    "foreword.store.v1": 1,
    "foreword": 1,
    "foreword.store": 2,
    "foreword.client": 3,
    "foreword.local": 3,
    "foreword.embedding": 3,
    "foreword.llm": 3,
    "foreword.model_server": 3,
    "foreword.telemetry": 3,
    "tiering": 4,
    "ranking": 4,
    "foreword.integrations": 4,
    "foreword.importers": 5,
    "foreword.mcp": 5,
    "sidecar": 5,
    "scheduler": 5,
    "evaluations": 6,
    "foreword.cli": 7,
    "foreword.__main__": 8,
}

# The parts the command line starts; importing them costs time that `foreword get` does not have.
LAZY = {
    "foreword.embedding",
    "foreword.importers",
    "foreword.llm",
    "foreword.mcp",
    "foreword.model_server",
    "sidecar",
    "scheduler",
    "evaluations",
    "tiering",
    "ranking",
}

# What a package file may define beside its imports.
PUBLIC = ("__all__", "__version__")

DOORS = {
    "lmdb": ("foreword.store",),
    "google_crc32c": ("foreword.store",),
    "foreword_native": ("foreword.store.accelerator",),
    "pyarrow": ("foreword.store.archive.parquet",),
    "grpc": ("sidecar", "foreword.client", "foreword.v1"),
    "grpc_health": ("sidecar",),
    "grpc_reflection": ("sidecar",),
    "grpc_status": ("sidecar",),
    "google.rpc": ("sidecar", "foreword.client"),
    "uvloop": ("sidecar",),
    "cachetools": ("sidecar", "scheduler", "tiering"),
    "apscheduler": ("scheduler",),
    "click": ("foreword.cli",),
    "pydantic": (
        "foreword.config",
        "foreword.config_check",
        "foreword.config_ranking",
        "foreword.config_section",
        "foreword.config_segments",
        "foreword.config_telemetry",
        "foreword.config_window",
        "foreword.mcp",
    ),
    "cronsim": ("foreword.wall_time",),
    "matplotlib": ("foreword.cli.picture",),
    "tomlkit": ("foreword.cli",),
    "diskcache": ("tiering.disk", "tiering.shelf"),
    "Stemmer": ("tiering.alike",),
    "rapidfuzz": ("tiering.matching",),
    "spellchecker": ("tiering.matching",),
    "markdown_it": ("tiering.blocks",),
    "mdit_py_plugins": ("tiering.blocks",),
    "yaml": ("tiering.blocks",),
    "agent_framework": ("foreword.integrations.agent_framework",),
    "agents": ("foreword.integrations.openai_agents",),
    "claude_agent_sdk": ("foreword.integrations.claude_agent_sdk",),
    "langchain": ("foreword.integrations.langchain",),
    "langchain_core": ("foreword.integrations.langchain",),
    "langgraph": ("foreword.integrations.langchain",),
    "litellm": ("foreword.integrations.litellm",),
    "llama_index": ("foreword.integrations.llama_index",),
    "pydantic_ai": ("foreword.integrations.pydantic_ai",),
    "anthropic": ("foreword.llm",),
    "openai": ("foreword.llm",),
    "httpx2": ("foreword.llm",),
    "wordllama": ("foreword.embedding", "evaluations.rival_runner"),
    "gptcache": ("evaluations.rival_runner",),
    "redis": ("evaluations.rival_runner",),
    "redisvl": ("evaluations.rival_runner",),
    "tryaii": ("evaluations.rival_runner",),
    "river": ("evaluations.ranking.rival_runner",),
    "vowpalwabbit": ("evaluations.ranking.rival_runner",),
    "numpy": ("tiering.vectors", "ranking", "evaluations.ranking", "sidecar.ranker"),
    "usearch": ("tiering.vectors",),
    "phonenumbers": ("foreword.redaction",),
    "llama_cpp": ("evaluations.small_model",),
    "aiohttp": ("foreword.model_server",),
    "starlette": ("foreword.cli.ui",),
    "jinja2": ("foreword.cli.ui.rendering",),
    "mcp": ("foreword.mcp",),
    "uvicorn": ("foreword.cli.ui.serving", "foreword.http_connection", "foreword.mcp"),
    "opentelemetry": ("foreword.telemetry.tracing",),
    "prometheus_client": ("foreword.telemetry.endpoint",),
    "protovalidate": ("scheduler.agent.product.validation",),
}

# What LMDB is reached by: an environment, its handles, and LMDB's own object. All three stay inside the store.
HANDLES = ("environment", "handles", "lmdb")


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(name: str, path: Path, nodes: Nodes) -> Iterator[tuple[int, str]]:
    """Yield `(line, module)` for all imports; `from foreword import keys` names `foreword.keys`."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(name, path, node)
            for alias in node.names:
                inner = ROOT / Path(*base.split("."), alias.name)
                is_module = inner.is_dir() or inner.with_suffix(".py").exists()
                yield node.lineno, f"{base}.{alias.name}" if is_module or base == "google" else base


def absolute(name: str, path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    kept = package[: len(package) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])


def within(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(prefix + ".")


def part_of(module: str) -> str | None:
    return max((prefix for prefix in LAYERS if within(module, prefix)), key=len, default=None)


def layer_faults(name: str, path: Path, nodes: Nodes) -> Iterator[str]:
    here = part_of(name)
    assert here is not None, f"{name} belongs to no layer; give it one in LAYERS"
    for line, imported in imports(name, path, nodes):
        there = part_of(imported)
        if there is not None and there != here and LAYERS[there] >= LAYERS[here]:
            yield f"{name}:{line} imports {imported}: {here} may not know {there}"


def door_faults(name: str, path: Path, nodes: Nodes) -> Iterator[str]:
    for line, imported in imports(name, path, nodes):
        for library, doors in DOORS.items():
            if within(imported, library) and not any(within(name, door) for door in doors):
                yield f"{name}:{line} imports {imported}, whose doors are {', '.join(doors)}"


def handle_faults(name: str, _: Path, nodes: Nodes) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Attribute) and node.attr in HANDLES and not within(name, "foreword.store"):
            yield f"{name}:{node.lineno} takes hold of {ast.unparse(node)}: name what is meant in the store"


def eager(tree: ast.Module) -> ast.Module:
    """Return what runs on import: no function bodies, nothing that is for the type checker alone."""

    class Strip(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None: ...

        def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None: ...

        def visit_If(self, node: ast.If) -> ast.AST:
            return ast.Pass() if "TYPE_CHECKING" in ast.unparse(node.test) else self.generic_visit(node)

    stripped = Strip().visit(tree)
    assert isinstance(stripped, ast.Module)
    return stripped


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def sources() -> Sources:
    """All modules, read once: parsing them and walking through what was parsed takes four seconds of a processor."""
    found = [(name, path, list(ast.walk(parsed(path)))) for name, path in modules()]
    assert {"foreword", "sidecar", "scheduler"} <= {name.split(".")[0] for name, _, _ in found}
    return found


def test_imports_run_one_way(sources: Sources) -> None:
    """No module imports a part above its own, and sidecar and scheduler do not know each other."""
    faults = [fault for name, path, nodes in sources for fault in layer_faults(name, path, nodes)]
    assert not faults, "\n".join(faults)


def test_each_library_has_one_door(sources: Sources) -> None:
    """A third-party library is imported only where its errors are translated."""
    faults = [fault for name, path, nodes in sources for fault in door_faults(name, path, nodes)]
    assert not faults, "\n".join(faults)


def test_lmdb_stays_behind_the_stores_door(sources: Sources) -> None:
    """No module outside the store touches an environment, a handle or a transaction of LMDB."""
    faults = [fault for name, path, nodes in sources for fault in handle_faults(name, path, nodes)]
    assert not faults, "\n".join(faults)


def test_command_line_imports_daemons_lazily() -> None:
    """Importing the command line imports none of the parts it starts."""
    faults = [
        f"{name}:{line} imports {imported} when it is imported itself"
        for name, path in modules()
        if within(name, "foreword.cli")
        for line, imported in imports(name, path, ast.walk(eager(parsed(path))))
        if any(within(imported, part) for part in LAZY)
    ]
    assert not faults, "\n".join(faults)


def test_package_files_only_re_export() -> None:
    """An `__init__.py` holds a docstring, imports, `__all__` and `__version__`, and nothing else."""
    faults = []
    for name, path in modules():
        if path.name != "__init__.py":
            continue
        for node in parsed(path).body:
            is_name = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in PUBLIC
            is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if not (is_name or is_docstring or isinstance(node, (ast.Import, ast.ImportFrom))):
                faults.append(f"{name}:{node.lineno} defines something; give it a file of its own")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("name", "source", "rule"),
    [
        ("sidecar.server", "from scheduler import daemon", layer_faults),
        ("foreword.keys", "import foreword.store.codec", layer_faults),
        ("scheduler.agent.window", "from ...foreword import cli", layer_faults),
        ("foreword.importers.source", "def later():\n    import sidecar.checks", layer_faults),
        ("scheduler.runner", "from foreword import importers", layer_faults),
        ("scheduler.sweep", "def later():\n    import grpc", door_faults),
        ("foreword.local", "import pydantic.fields", door_faults),
        ("foreword.local", "from google import rpc", door_faults),
        ("scheduler.triggers", "reader.environment.begin()", handle_faults),
    ],
)
def test_rules_notice_a_breach(name: str, source: str, rule: object) -> None:
    """The rules above find a fault that is put before them."""
    assert callable(rule)
    assert list(rule(name, ROOT / f"{name.replace('.', '/')}.py", ast.walk(ast.parse(source))))


# The libraries of the `server` extra, absent from a plain install.
_WITHOUT_SERVER = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        absent = {"pydantic", "pydantic_core", "cachetools", "click", "apscheduler", "uvloop",
                  "grpc_health", "grpc_reflection", "grpc_status"}
        if name.split(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


def without_server(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _WITHOUT_SERVER + code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_client_and_local_reader_need_no_server_libraries() -> None:
    """A plain install gives the client and the in-process reader."""
    done = without_server("from foreword.client import Foreword\nimport foreword.local")
    assert done.returncode == 0, done.stderr


# What `import foreword.client` loads beside gRPC, and what of that it does not: each is time at every start.
CLIENT_LOADS = {*sys.stdlib_module_names, "foreword", "google"}
CLIENT_LEAVES_OUT = (
    *("foreword.store", "foreword.config", "foreword.naming", "foreword.importers", "foreword.cli"),
    *("foreword.tokens", "google.rpc", "pathlib", "uuid"),
)


def test_importing_the_client_loads_only_grpc_and_protobuf() -> None:
    """No other library comes in with the client, and nothing of the store."""
    code = (
        "import grpc, sys; known = set(sys.modules); import foreword.client; print(*set(sys.modules) - known)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = done.stdout.split()
    assert "foreword.client" in loaded
    assert {name.split(".")[0] for name in loaded} <= CLIENT_LOADS
    assert [name for name in loaded if any(within(name, part) for part in CLIENT_LEAVES_OUT)] == []


def test_whoever_asks_no_model_loads_no_sdk() -> None:
    """The daemons and the command load what speaks to models only when a model is configured."""
    code = "import foreword.cli, foreword.llm, scheduler.daemon, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert {"foreword", "scheduler"} <= loaded
    assert not loaded & {"anthropic", "openai", "httpx2", "aiohttp"}


def test_whoever_is_not_watched_loads_nothing_for_it() -> None:
    """Without an address for metrics or traces neither library is loaded, and `tracing` need not be installed."""
    code = "import scheduler.daemon, sidecar.server, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert {"scheduler", "sidecar"} <= loaded
    assert not loaded & {"opentelemetry", "prometheus_client", "requests"}


def test_command_without_server_extra_says_what_to_install() -> None:
    """`foreword` without the `server` extra prints one sentence with the command that adds it."""
    entry = "from foreword.cli import main\nsys.exit(main())"
    done = without_server(f"sys.argv = ['foreword', 'status']\n{entry}")
    assert done.returncode == 1, done
    assert "pip install 'foreword[server]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
