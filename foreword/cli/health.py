"""`foreword health`: whether the sidecar works, for probes."""

from __future__ import annotations

import click

from foreword.cli.connection import require_listening
from foreword.cli.entry import EXIT_FAILED, EXIT_OK
from foreword.cli.output import print_json
from foreword.cli.settings import Settings, address_option
from foreword.client.health import is_healthy

# Below the five seconds after which the image's probe counts as failed, so that it can still say why.
_TIMEOUT_SECONDS = 3.0


@click.command("health")
@click.option(
    "--service",
    default="",
    metavar="NAME",
    help="One service alone, such as foreword.v1.ActivityService; default: the sidecar as a whole.",
)
@address_option
@click.pass_obj
def command(settings: Settings, service: str) -> int:
    """Ask the sidecar whether it works, as a probe does.

    The standard health service, which every gRPC probe asks as well. Ends with exit code 0 when it says SERVING, and 1
    when it says something else, as while it drains, or nothing. With --address the configuration is not read, which
    takes half as long.
    """
    address = settings.sidecar_address
    require_listening(address)
    healthy = is_healthy(address, service, timeout_seconds=_TIMEOUT_SECONDS, **settings.proof)
    if settings.as_json:
        print_json({"address": address, "service": service, "serving": healthy})
    else:
        click.echo(f"{service or 'The sidecar'} at {address} is {'serving' if healthy else 'not serving'}")
    return EXIT_OK if healthy else EXIT_FAILED
