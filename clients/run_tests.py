"""Build and test the clients of other languages beside running daemons; one whose tools are missing is skipped by name.
Those that passed then read together for seconds, while all goes wrong around them (soak.py).

    python clients/run_tests.py [go] [node] [rust] [java]

What their tests find in the environment: FOREWORD_TARGET and FOREWORD_UNIX_TARGET, where the sidecar serves;
FOREWORD_STORE, its store, in which `ada` has a profile, `leaver-LANGUAGE` is there to be erased, and `sleeper-LANGUAGE`
is dormant and read by nobody else; FOREWORD_VECTORS, the golden vectors, and FOREWORD_VECTOR_STORES, the stores of
them; FOREWORD_GUARDED_TARGET and FOREWORD_GUARDED_UNIX_TARGET, where another sidecar asks who calls, and
FOREWORD_GUARDED_TOKEN, of a caller who may read in the namespace `shop`; FOREWORD_MODEL_URL, where a model server
answers.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vector_stores import build

from foreword.callers import digest_of, new_token
from foreword.client import Foreword
from foreword.errors import ServiceError
from foreword.store.check import inspect_store

CLIENTS = Path(__file__).parent
START_SECONDS_MAX = 30
REFRESH_SECONDS_MAX = 20
# So long ago were the events of users who are dormant: within the window of profiles, and beyond all other segments.
DORMANT_DAYS = 40
# Languages that are built at once: a compiler seldom keeps two cores busy, and more than two builds want much memory.
AT_ONCE = 2
SOAK_MINUTES = 0.2
# What the tools say when what they download from is not to be had: no fault of what is built.
UNREACHABLE = re.compile(
    r"npm error (?:code|errno) E(?:NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NETUNREACH)|network connectivity"
    r"|Could not (?:resolve host|transfer artifact)|Get \"https?://\S+\": dial tcp"
)

# The commands of each language, from its folder; what they begin with are the tools that must be there. The longest
# build comes first.
COMMANDS: dict[str, list[list[str]]] = {
    "java": [["mvn", "--quiet", "--batch-mode", "test"]],
    "rust": [
        ["cargo", "test", "--quiet", "--locked"],
        ["cargo", "run", "--quiet", "--locked", "--example", "foreword"],
    ],
    # The flag builds the binding for the data format of Foreword's stores, which its prebuilt binary has not.
    "node": [
        [
            "env",
            "LMDB_DATA_V1=true",
            "npm_config_build_from_source=true",
            "JOBS=2",
            "CXXFLAGS=-O0",
            "npm",
            "ci",
        ],
        ["npm", "test"],
        ["node", "example.js"],
        ["node", "example-ai.js"],
    ],
    "go": [["go", "test", "-count=1", "./..."], ["go", "run", "./example"]],
}
# Further tools that these call; those of C build the bindings to LMDB.
MORE_TOOLS = {"go": ["gcc"], "node": ["g++", "make", "npm"], "rust": ["gcc"], "java": ["javac"]}


def main(languages: list[str]) -> int:
    """Test the languages that are named, or all; return how many failed."""
    folder = Path(tempfile.mkdtemp(prefix="fw-"))
    try:
        with _daemons(folder) as environment, ThreadPoolExecutor(AT_ONCE) as pool:
            tested = pool.map(
                lambda language: (language, _test(language, environment)), languages or COMMANDS
            )
            results = dict(tested)
        faults = list(inspect_store(folder / "store"))
    finally:
        shutil.rmtree(folder)
    for language, result in results.items():
        print(f"clients/{language}: {result}")
    for fault in faults:
        print(f"the store that the clients read: {fault}")
    sound = [language for language, result in results.items() if result.startswith("passed")]
    results["soak.py"] = _soaked(sound)
    print(f"clients/soak.py: {results['soak.py']}")
    failed = sum(result == "failed" for result in results.values()) + bool(faults)
    passed = sum(result.startswith("passed") for result in results.values())
    print(f"{passed} passed, {failed} failed, {len(results) - passed - failed} skipped")
    return failed


def _test(language: str, environment: dict[str, str]) -> str:
    tools = sorted({command[0] for command in COMMANDS[language]} | set(MORE_TOOLS[language]))
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        return f"skipped, {' and '.join(missing)} not installed"
    started = time.monotonic()
    for command in COMMANDS[language]:
        done = subprocess.run(
            command,
            cwd=CLIENTS / language,
            env=environment | _headers_of_node(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        # In one piece: another language is under way.
        print(f"-- clients/{language}: {' '.join(command)}\n{done.stdout}", flush=True)
        if done.returncode:
            away = UNREACHABLE.search(done.stdout)
            return f"skipped, what it downloads from is out of reach: {away[0]}" if away else "failed"
    return f"passed in {time.monotonic() - started:.0f} s"


def _headers_of_node() -> dict[str, str]:
    """Return where the headers of the node that is installed are; without them npm downloads others."""
    node = shutil.which("node")
    folder = Path(node).resolve().parents[1] if node else Path()
    has_headers = (folder / "include" / "node" / "node.h").is_file()
    return {"npm_config_nodedir": str(folder)} if has_headers else {}


def _soaked(languages: list[str]) -> str:
    """Have programs in Python and in languages that passed read together while all goes wrong, for seconds."""
    command = [sys.executable, str(CLIENTS / "soak.py"), "--minutes", str(SOAK_MINUTES)]
    started = time.monotonic()
    done = subprocess.run([*command, "--languages", "python", *languages], check=False)
    return "failed" if done.returncode else f"passed in {time.monotonic() - started:.0f} s"


@contextmanager
def _daemons(folder: Path) -> Iterator[dict[str, str]]:
    """Run both daemons on a new store, and yield the environment of the tests."""
    content = json.loads((CLIENTS / "vectors" / "reads.json").read_text("utf-8"))
    build(content["stores"], folder / "vectors")
    target = f"127.0.0.1:{_free_port()}"
    unix_target = f"unix:{folder}/s"
    own = {name: value for name, value in os.environ.items() if not name.startswith("FOREWORD_")}
    settings = {
        "FOREWORD_STORE__DIRECTORY": f"{folder}/store",
        "FOREWORD_SIDECAR__LISTEN": json.dumps([unix_target, target]),
    }
    stack = ExitStack()
    with (folder / "up.log").open("wb") as log:
        up = subprocess.Popen(
            [sys.executable, "-m", "foreword", "up"], env=own | settings, stdout=log, stderr=log
        )
    try:
        _prepare(unix_target, up, folder / "up.log")
        guarded = stack.enter_context(_guarded_sidecar(folder, own))
        model_url = stack.enter_context(_model_server(own))
        yield (
            own
            | guarded
            | {
                "FOREWORD_MODEL_URL": model_url,
                # Where the examples look for a model.
                "ANTHROPIC_BASE_URL": f"{model_url}/v1",
                "ANTHROPIC_API_KEY": "none",
                "FOREWORD_TARGET": target,
                "FOREWORD_UNIX_TARGET": unix_target,
                "FOREWORD_STORE": f"{folder}/store",
                "FOREWORD_VECTORS": str(CLIENTS.resolve() / "vectors" / "reads.json"),
                "FOREWORD_VECTOR_STORES": f"{folder}/vectors",
            }
        )
    finally:
        stack.close()
        _end(up)


@contextmanager
def _guarded_sidecar(folder: Path, own: dict[str, str]) -> Iterator[dict[str, str]]:
    """Run a sidecar that asks who calls, and yield what the tests find of it in the environment."""
    token, callers = new_token(), folder / "callers.toml"
    callers.touch(0o600)
    callers.write_text(
        f'[[callers]]\nname = "tests"\ntoken_sha256 = "{digest_of(token)}"\nrights = ["read"]\n'
        'namespaces = ["shop"]\n'
    )
    target, unix_target = f"127.0.0.1:{_free_port()}", f"unix:{folder}/g"
    settings = {
        "FOREWORD_STORE__DIRECTORY": f"{folder}/guarded",
        "FOREWORD_SIDECAR__LISTEN": json.dumps([unix_target, target]),
        "FOREWORD_SECURITY__CALLERS_FILE": str(callers),
        "FOREWORD_SECURITY__REQUIRE_CALLER": "everywhere",
    }
    sidecar = subprocess.Popen([sys.executable, "-m", "foreword", "sidecar"], env=own | settings)
    try:
        deadline = time.monotonic() + START_SECONDS_MAX
        with Foreword(unix_target, raises=True, token=token, namespace="shop") as client:
            while not _reads(client):
                if sidecar.poll() is not None or time.monotonic() > deadline:
                    sys.exit("the sidecar that asks who calls does not serve")
                time.sleep(0.1)
        yield {
            "FOREWORD_GUARDED_TARGET": target,
            "FOREWORD_GUARDED_UNIX_TARGET": unix_target,
            "FOREWORD_GUARDED_TOKEN": token,
        }
    finally:
        _end(sidecar)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=30)
    finally:
        process.kill()


@contextmanager
def _model_server(environment: dict[str, str]) -> Iterator[str]:
    """Run a model's provider on loopback, which answers at once, and yield its URL."""
    command = [
        sys.executable,
        "-m",
        "foreword",
        "dev",
        "model-server",
        "--port",
        "0",
        "--latency",
        "0",
        "--json",
    ]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield str(json.loads(server.stdout.readline())["url"])
        finally:
            server.terminate()


def _prepare(target: str, up: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for the sidecar, and have profiles written."""
    deadline = time.monotonic() + START_SECONDS_MAX
    with Foreword(target, raises=True, timeout_seconds=REFRESH_SECONDS_MAX) as client:
        while not _serves(client):
            if up.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"foreword up does not serve: {log.read_text()}")
            time.sleep(0.1)
        for user_id in ("ada", *(f"leaver-{language}" for language in COMMANDS)):
            client.record(
                {"user_id": user_id, "type": "read", "topics": [topic]}
                for topic in ("tests", "databases") * 4
            )
            client.refresh(user_id, REFRESH_SECONDS_MAX)
        past = datetime.now(UTC) - timedelta(days=DORMANT_DAYS)
        for user_id in (f"sleeper-{language}" for language in COMMANDS):
            client.record(
                {"user_id": user_id, "type": "read", "topics": ["tests"], "time": past} for _ in range(4)
            )
            client.refresh(user_id, REFRESH_SECONDS_MAX)


def _serves(client: Foreword) -> bool:
    try:
        client.status()
    except ServiceError:
        return False
    return True


def _reads(client: Foreword) -> bool:
    try:
        client.profile("nobody")
    except ServiceError:
        return False
    return True


def _free_port() -> int:
    # Below those that connections are given: a client that looks for a daemon while it is down could be given its port.
    for port in random.sample(range(12_000, 32_000), 1000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("found no free port")


if __name__ == "__main__":
    # Ended from outside, it ends the daemons too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main(sys.argv[1:]))
