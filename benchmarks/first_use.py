"""From an empty folder to a first foreword in a prompt: each framework as somebody new would try it, and two others.

    python -m benchmarks.first_use langchain mem0

measures those alone, and keeps the other rows of the table.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.fresh import PATIENCE_SECONDS, Fresh
from benchmarks.mem0_models import models
from benchmarks.sized import ended_by_signals
from benchmarks.table import RESULTS, Table
from benchmarks.waiting import until
from foreword.client import Foreword
from foreword.errors import ForewordError
from foreword.integrations.block import OPENING

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "integrations"
NODE = ROOT / "clients" / "node"
CONSTRAINTS = ROOT / "constraints-integrations.txt"
DOCUMENTED_PORT = "7464"
# Tells what the user did, as an application tells it while it happens, and that their session is over.
DID = """\
from foreword.client import Foreword

client = Foreword("127.0.0.1:7464")
for number, topic in enumerate(["refunds", "card payments", "refunds"]):
    client.record(event_id=f"read-{number}", user_id="USER", type="read", topics=[topic])
client.record(event_id="end", user_id="USER", type="session.end")
"""
# What the parts of LiteLLM's proxy are called; `litellm[proxy]` asks for older ones than the others take.
_PROXY = (
    "fastapi fastapi-sso backoff expression oauthlib redis restrictedpython semver soundfile orjson pyyaml websockets"
    " cryptography python-multipart mcp"
)
_SAID_TO_MEM0 = "I keep a shop and sell tea.\nWhat do I sell in my shop?\nexit\n"


class Took(NamedTuple):
    """Seconds from one step to the next.

    Attributes:
        install: From the empty folder until all packages are there.
        start: Until all that runs beside the agent answers.
        first: Until a prompt with a foreword reached the model.
    """

    install: float
    start: float
    first: float


class Way(NamedTuple):
    """One way to a first foreword: its name in a table, its lines of code, and what measures it in a fresh folder."""

    name: str
    lines: str
    measure: Callable[[Fresh], Took]


def run(names: Sequence[str] = ()) -> Table:
    """Measure the ways that are named, or all of them, one after another.

    Raises:
        ForewordError: There is no way of that name.
    """
    ways = _ways()
    if unknown := sorted(set(names) - set(ways)):
        raise ForewordError(f"no way is named {unknown[0]}", hint=f"there are: {', '.join(ways)}")
    table = Table(
        "first_use",
        "From an empty folder to a first foreword in a prompt",
        "make bench ARGS=first_use",
        (
            "in",
            "lines for it, of all",
            "install, s",
            "start, s",
            "first foreword, s",
            "all, minutes",
        ),
    )
    kept = _kept_rows() if names else {}
    for name, way in ways.items():
        if names and name not in names:
            if way.name in kept:
                table.rows.append(kept[way.name])
            continue
        try:
            with ended_by_signals(), tempfile.TemporaryDirectory(prefix="fw-") as folder:
                table.add(way.name, way.lines, *_cells(way.measure(Fresh(Path(folder)))))
        except ForewordError as exc:
            table.notes.append(f"{way.name} is left out: {exc.message}")
    table.notes += _NOTES
    return table


_NOTES = (
    "Install: a new virtual environment, and pip without its cache, of this checkout with the framework's extra and"
    " what runs beside; of mem0 the newest version, with no pinned ones. The index of packages was near: over the"
    " internet the downloads come on top.",
    "Start: `foreword up` on a new store, and this product's model server, which answers at once; LiteLLM's proxy as"
    " well. A real model adds its own time to each answer.",
    "First foreword: the example as it is holds a first conversation; six lines tell three things that the user did,"
    " and that the session is over; the profile is written, within a second of that; the example holds a second"
    " conversation, and the clock stops when a prompt of it is at the model. Most of it is Python importing the"
    " framework, twice.",
    "mem0: its package's own quick start (“Basic Usage”), with its store in the folder instead of `/tmp`. Its models"
    " of language and of embeddings, by default OpenAI's with a key, are a stand-in that takes all that the user says"
    " for a fact, at once: this is what its machinery takes, and says nothing of what it finds. The clock stops when a"
    " prompt with a memory is at the model.",
    "Zep: `zep-cloud` installs, and that is all that was tried: nothing of it answers without an account and a key of"
    " its service.",
    "Nobody read or typed anything meanwhile: what a person takes is not in it.",
)


def _ways() -> dict[str, Way]:
    return {
        "langchain": _python("LangChain", "langchain_agent.py", 4, "langchain", ["langchain-anthropic"]),
        "openai-agents": _python("the OpenAI Agents SDK", "openai_agent.py", 6, "openai-agents"),
        "pydantic-ai": _python("Pydantic AI", "pydantic_agent.py", 4, "pydantic-ai"),
        "agent-framework": _python(
            "Agent Framework", "microsoft_agent.py", 3, "agent-framework", ["agent-framework-openai"]
        ),
        "claude-agent-sdk": _python("the Claude Agent SDK", "claude_agent.py", 4, "claude-agent-sdk"),
        "llama-index": _python(
            "LlamaIndex", "llama_index_agent.py", 5, "llama-index", ["llama-index-llms-litellm"]
        ),
        "litellm": Way("LiteLLM's proxy", "2, and 2 of YAML", _litellm),
        "ai-sdk": Way("the AI SDK (Node)", f"7 of {_lines(NODE / 'example-ai.js')}", _node),
        "mem0": Way("mem0, its own quick start", "24 of 24", _mem0),
        "zep": Way("Zep, its own quick start", "–", _zep),
    }


def _python(name: str, example: str, lines: int, extra: str, packages: Sequence[str] = ()) -> Way:
    """Return the way of a framework whose example is a script."""

    def measure(fresh: Fresh) -> Took:
        began = time.monotonic()
        _install(fresh, extra, packages)
        installed = time.monotonic()
        with _beside(fresh) as beside:
            started = time.monotonic()
            script = _localised(EXAMPLES / example, fresh, beside.port)
            command = [fresh.program("python"), script]
            settings = beside.settings()
            fresh.run(command, settings)
            _remember(fresh, beside, "example-ada")
            with fresh.running(command, settings) as process:
                _wait(beside.is_told, process)
                told = time.monotonic()
        return Took(installed - began, started - installed, told - started)

    return Way(name, f"{lines} of {_lines(EXAMPLES / example)}", measure)


def _litellm(fresh: Fresh) -> Took:
    began = time.monotonic()
    _install(fresh, "litellm", _PROXY.split())
    installed = time.monotonic()
    key = f"sk-{secrets.token_hex(32)}"
    with _beside(fresh) as beside:
        _localised(EXAMPLES / "litellm_hook.py", fresh, beside.port)
        config = _localised(EXAMPLES / "litellm_config.yaml", fresh, beside.port)
        port = _free_port()
        command = [fresh.program("litellm"), "--config", config, "--host", "127.0.0.1", "--port", str(port)]
        with fresh.running(command, beside.settings() | {"LITELLM_MASTER_KEY": key}) as process:
            url = f"http://127.0.0.1:{port}"
            _wait(lambda: _answers(f"{url}/health/liveliness"), process)
            started = time.monotonic()
            question = [{"role": "user", "content": "How do I export invoices?"}]
            asked = {"model": "claude-haiku-4-5", "user": "example-ada", "messages": question}
            _ask(f"{url}/v1/chat/completions", asked, key)
            _remember(fresh, beside, "example-ada")
            _ask(f"{url}/v1/chat/completions", asked, key)
            _wait(beside.is_told, process)
            told = time.monotonic()
    return Took(installed - began, started - installed, told - started)


def _node(fresh: Fresh) -> Took:
    package = json.loads((NODE / "package.json").read_text("utf-8"))
    pinned = [f"{name}@{package['devDependencies'][name]}" for name in ("ai", "@ai-sdk/anthropic")]
    if shutil.which("npm") is None:
        raise ForewordError("npm is not installed")
    began = time.monotonic()
    fresh.install(f"{ROOT}[server,model-server]", constraint=CONSTRAINTS)
    fresh.run(["npm", "pack", "--silent", "--ignore-scripts", str(NODE)])
    (fresh.folder / "package.json").write_text('{"type": "module"}', "utf-8")
    fresh.run(["npm", "install", f"foreword-{package['version']}.tgz", *pinned])
    installed = time.monotonic()
    with _beside(fresh) as beside:
        started = time.monotonic()
        command = ["node", _localised(NODE / "example-ai.js", fresh, beside.port)]
        settings = beside.settings() | {"ANTHROPIC_BASE_URL": f"{beside.model_url}/v1"}
        fresh.run(command, settings)
        _remember(fresh, beside, "ada")
        with fresh.running(command, settings) as process:
            _wait(beside.is_told, process)
            told = time.monotonic()
    return Took(installed - began, started - installed, told - started)


def _mem0(fresh: Fresh) -> Took:
    began = time.monotonic()
    fresh.install("mem0ai")
    installed = time.monotonic()
    (described,) = fresh.folder.glob(".venv/lib/*/site-packages/mem0ai-*.dist-info/METADATA")
    found = re.search(r"### Basic Usage.*?```python\n(.*?)```", described.read_text("utf-8"), re.S)
    if found is None:
        raise ForewordError("the package of mem0 shows no “Basic Usage” any more")
    own_store = 'Memory.from_config({"vector_store": {"provider": "qdrant", "config": {"path": "qdrant"}}})'
    (fresh.folder / "quick_start.py").write_text(found[1].replace("Memory()", own_store), "utf-8")
    with models() as server:
        started = time.monotonic()
        settings = {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": server.url, "MEM0_TELEMETRY": "False"}
        fresh.run([fresh.program("python"), "quick_start.py"], settings, said=_SAID_TO_MEM0)
        if server.remembered_at is None:
            raise ForewordError("no prompt of mem0 had a memory")
        return Took(installed - began, started - installed, server.remembered_at - started)


def _zep(fresh: Fresh) -> Took:
    began = time.monotonic()
    fresh.install("zep-cloud")
    return Took(time.monotonic() - began, 0, 0)


class Beside:
    """What runs beside an agent: both daemons, and a model's provider.

    Attributes:
        port: Where the sidecar serves.
        model_url: Where the model server does.
    """

    def __init__(self, port: int, model_url: str) -> None:
        self.port, self.model_url = port, model_url

    def settings(self) -> dict[str, str]:
        """Return what leads a framework to the model server, and keeps those that phone home from it."""
        return {
            "FOREWORD_TARGET": f"127.0.0.1:{self.port}",
            "ANTHROPIC_API_KEY": "any",
            "ANTHROPIC_BASE_URL": self.model_url,
            "OPENAI_API_KEY": "any",
            "OPENAI_BASE_URL": f"{self.model_url}/v1",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LANGSMITH_TRACING": "false",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
            # The Claude Agent SDK's binary may run as root only where it is told that this is a sandbox.
            "IS_SANDBOX": "1",
        }

    def is_told(self) -> bool:
        """Return whether a prompt with a foreword reached the model."""
        with urllib.request.urlopen(f"{self.model_url}/requests", timeout=30) as response:
            return OPENING.partition("\n")[0] in response.read().decode()


@contextlib.contextmanager
def _beside(fresh: Fresh) -> Iterator[Beside]:
    """Run both daemons on a new store, and the model server, until they answer."""
    port, model_port = _free_port(), _free_port()
    model_url = f"http://127.0.0.1:{model_port}"
    serving = {"FOREWORD_SIDECAR__LISTEN": f'["127.0.0.1:{port}"]'}
    provider = ["dev", "model-server", "--port", str(model_port), "--latency", "0"]
    with (
        fresh.running([fresh.program("foreword"), *provider]) as model_server,
        fresh.running([fresh.program("foreword"), "up"], serving) as daemons,
    ):
        _wait(lambda: _answers(f"{model_url}/count"), model_server)
        with Foreword(f"127.0.0.1:{port}", raises=True) as client:
            _wait(lambda: _serves(client), daemons)
        yield Beside(port, model_url)


def _remember(fresh: Fresh, beside: Beside, user_id: str) -> None:
    """Tell what a user did, and wait until their profile is written, which the end of their session starts."""
    script = fresh.folder / "did.py"
    script.write_text(DID.replace(DOCUMENTED_PORT, str(beside.port)).replace("USER", user_id), "utf-8")
    fresh.run([fresh.program("python"), script.name])
    deadline = time.monotonic() + 60
    with Foreword(f"127.0.0.1:{beside.port}", raises=True) as client:
        while not client.text(user_id):
            if time.monotonic() > deadline:
                raise ForewordError("no profile was written in 60 s")
            time.sleep(0.05)


def _install(fresh: Fresh, extra: str, packages: Sequence[str]) -> None:
    fresh.install(f"{ROOT}[server,model-server,{extra}]", *packages, constraint=CONSTRAINTS)


def _localised(example: Path, fresh: Fresh, port: int) -> str:
    """Copy an example, which is to call the sidecar of this folder; return its name."""
    text = example.read_text("utf-8").replace(DOCUMENTED_PORT, str(port))
    (fresh.folder / example.name).write_text(text, "utf-8")
    return example.name


def _cells(took: Took) -> tuple[str, ...]:
    if not took.first:
        return f"{took.install:.0f}", "–", "–", "–"
    minutes = (took.install + took.start + took.first) / 60
    return f"{took.install:.0f}", f"{took.start:.1f}", f"{took.first:.1f}", f"{minutes:.1f}"


def _kept_rows() -> dict[str, Sequence[str]]:
    """Return the rows that an earlier run wrote, by their first cell."""
    path = RESULTS / "first_use.md"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {row[0]: row for row in rows[2:]}


def _lines(path: Path) -> int:
    """Return how many lines of code a file has, without blank ones, comments and docstrings."""
    text = path.read_text("utf-8")
    described: set[int] = set()
    for node in ast.walk(ast.parse(text)) if path.suffix == ".py" else ():
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            words = node.body[0] if ast.get_docstring(node) is not None else None
            described.update(range(words.lineno, (words.end_lineno or 0) + 1) if words else ())
    return sum(
        bool(line.strip()) and not line.strip().startswith(("#", "//")) and number not in described
        for number, line in enumerate(text.splitlines(), 1)
    )


def _wait(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    # What is waited for takes seconds; asking without pause would take one of its cores.
    until(condition, process, seconds=PATIENCE_SECONDS, pause_seconds=0.05)


def _ask(url: str, asked: Mapping[str, Any], key: str) -> None:
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    request = urllib.request.Request(url, json.dumps(asked).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        response.read()


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as response:
        return bool(response.status == 200)
    return False


def _serves(client: Foreword) -> bool:
    with contextlib.suppress(ForewordError):
        client.status()
        return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(names: Sequence[str]) -> int:
    """Measure the ways that are named, write and print the table; exit code 1 when there is no such way."""
    try:
        table = run(names)
    except ForewordError as exc:
        print(exc, file=sys.stderr)
        return 1
    table.keep()
    print(table.markdown())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
