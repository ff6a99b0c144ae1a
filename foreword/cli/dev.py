"""`foreword dev`: what helps to develop against Foreword."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from foreword.cli import lifeline
from foreword.cli.output import print_json_line
from foreword.cli.settings import Settings, shared_options
from foreword.errors import MissingExtraError

# Beside the sidecar's 7464.
_PORT = 7465


@click.group("dev")
@shared_options
def command() -> None:
    """Try Foreword without a model's provider."""


@command.command("model-server")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=_PORT, show_default=True, help="0: a free one."
)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same answers.")
@click.option(
    "--latency",
    "latency_seconds",
    type=click.FloatRange(0, 3600),
    default=0.5,
    show_default=True,
    metavar="SECONDS",
    help="How long the model thinks before each answer.",
)
@click.option(
    "--batch-wait",
    "batch_seconds",
    type=click.FloatRange(0, 86_400),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a batch waits until it is worked on.",
)
@click.option(
    "--requests-per-minute",
    type=click.IntRange(1, 1_000_000),
    default=1_000_000,
    show_default=True,
    metavar="COUNT",
    help="More are answered with 429.",
)
@click.option("--key", default="", metavar="KEY", help="Refuse every other API key; default: take any.")
@click.option("--nonsense", is_flag=True, help="Answer with nonsense of the right shape.")
@click.option(
    "--script",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Faults to put in, in order, as TOML or JSON.",
)
@click.option("--lifeline", "lifeline_fd", type=int, hidden=True)
@shared_options
@click.pass_obj
def model_server(
    settings: Settings,
    *,
    port: int,
    seed: int,
    latency_seconds: float,
    batch_seconds: float,
    requests_per_minute: int,
    key: str,
    nonsense: bool,
    script: Path | None,
    lifeline_fd: int | None,
) -> None:
    """Run a language model's provider on this machine, for trying everything without a key.

    It speaks the Messages API with batches, and chat completions, and answers refreshes by rule. It listens on
    loopback only. Point `agent.base_url` at it. Ends on SIGTERM and Ctrl-C.
    """
    if lifeline_fd is not None:
        lifeline.follow(lifeline_fd)
    try:
        from foreword.model_server import Options, read_script, serve
    except ModuleNotFoundError as exc:
        if exc.name and exc.name.partition(".")[0] == "aiohttp":
            raise MissingExtraError("The model server", "model-server") from exc
        raise
    options = Options(
        port=port,
        seed=seed,
        latency_seconds=latency_seconds,
        batch_seconds=batch_seconds,
        requests_per_minute=requests_per_minute,
        key=key,
        is_nonsense=nonsense,
        rules=() if script is None else tuple(read_script(script)),
    )

    def ready(url: str) -> None:
        if settings.as_json:
            print_json_line({"event": "ready", "url": url})
        else:
            click.echo(f"The model server is ready at {url}")
            click.echo(
                f"  FOREWORD_AGENT__PROVIDER=anthropic FOREWORD_AGENT__BASE_URL={url} foreword up   (Ctrl-C stops it)"
            )

    asyncio.run(serve(options, ready))
