"""What a user may say before or after any command: which config, namespace, address, and form of output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from foreword.addresses import parse_address
from foreword.cli.output import note
from foreword.errors import ForewordError

if TYPE_CHECKING:
    from google.protobuf.descriptor_pool import DescriptorPool

    from foreword.config import Config
    from foreword.config_file import ConfigFile

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass
class Settings:
    """The options that all commands share.

    Attributes:
        config_file: The file named by --config; None takes FOREWORD_CONFIG, ./foreword.toml or the defaults.
        as_json: Output is for machines.
        namespace: The tenant's space.
        address: The sidecar's; empty takes the first one of `sidecar.listen`.
        token_file: A file with the token that names the caller; None takes FOREWORD_TOKEN or FOREWORD_TOKEN_FILE.
        ca_file: PEM roots to trust, for an address with TLS.
        client_certificate_file: PEM certificate chain that names the caller.
        client_key_file: PEM private key of it.
        verbose: Say on stderr how an answer was had.
    """

    config_file: Path | None = None
    as_json: bool = False
    namespace: str = ""
    address: str = ""
    token_file: Path | None = None
    ca_file: Path | None = None
    client_certificate_file: Path | None = None
    client_key_file: Path | None = None
    verbose: bool = False

    @cached_property
    def config_source(self) -> ConfigFile:
        """The file the configuration is read from, there or not."""
        # Imported here: it takes a sixth of a second that `--help` and calls with --address need not wait for.
        from foreword.config_file import ConfigFile

        return ConfigFile.find(self.config_file)

    @cached_property
    def config(self) -> Config:
        """The whole configuration; read once.

        Raises:
            ConfigError: It cannot be used.
        """
        return self.config_source.read()

    @cached_property
    def product_types(self) -> DescriptorPool | None:
        """Where the operator's own message is looked up, to show it; None without one, or when it cannot be had."""
        try:
            product = self.config.agent.product
            if product.proto_file is None:
                return None
            from scheduler.agent.product import load_product_schema

            schema = load_product_schema(product)
        except ForewordError as exc:
            note(f"Warning: the product is shown as bytes: {exc}")
            return None
        return schema.files.pool if schema is not None else None

    @cached_property
    def _places(self) -> Config:
        """The configuration as far as it says where the store and the sidecar are."""
        if "config" in self.__dict__:
            return self.config
        config, fault = self.config_source.read_keys(
            ["store.directory", "store.archive_directory", "sidecar.listen"]
        )
        if fault is not None:
            note(f"Warning: {fault}. Running daemons keep the last good file.")
        return config

    @property
    def directory(self) -> Path:
        """The store's folder.

        Raises:
            ConfigError: store.directory cannot be used.
        """
        return self._places.store.directory

    @property
    def archive_directory(self) -> Path:
        """The folder of the archive, there or not.

        Raises:
            ConfigError: store.directory or store.archive_directory cannot be used.
        """
        return self._places.archive_directory()

    @property
    def proof(self) -> dict[str, Any]:
        """The arguments of a client that say who calls."""
        return {
            "token_file": self.token_file,
            "certificate_file": self.ca_file,
            "client_certificate_file": self.client_certificate_file,
            "client_key_file": self.client_key_file,
        }

    @property
    def sidecar_address(self) -> str:
        """Where the sidecar of this store is expected.

        The unix socket goes first: it stands in the store's own folder, while a port may be another store's.

        Raises:
            ConfigError: It follows from store.directory or sidecar.listen, which cannot be used.
            FieldError: What --address names is none.
        """
        if self.address:
            return parse_address("--address", self.address).text
        listed = self._places.listen_addresses()
        return next(
            (address for address in listed if address.startswith("unix:")), listed[0] if listed else ""
        )


def shared_options(command: Decorated) -> Decorated:
    """Add --config, --json and --verbose."""
    for option in (_VERBOSE, _JSON, _CONFIG):
        command = option(command)
    return command


def output_options(command: Decorated) -> Decorated:
    """Add --json and --verbose, for a command that takes configurations of its own."""
    return _VERBOSE(_JSON(command))


def user_options(command: Decorated) -> Decorated:
    """Add --namespace and --address, and what all commands share."""
    return address_option(_NAMESPACE(command))


def address_option(command: Decorated) -> Decorated:
    """Add --address, how the caller is known there, and what all commands share."""
    return proof_options(_ADDRESS(command))


def proof_options(command: Decorated) -> Decorated:
    """Add how the caller is known at an address, and what all commands share."""
    for option in _PROOF:
        command = option(command)
    return shared_options(command)


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """Return a callback that puts an option's value into the Settings, wherever on the line it stood."""

    def callback(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value:
            setattr(context.find_root().ensure_object(Settings), name, value)
        elif context.parent is None:
            context.ensure_object(Settings)

    return callback


def _option(*names: str, field: str, **attributes: Any) -> Callable[[Decorated], Decorated]:
    return click.option(*names, expose_value=False, callback=_keep(field), **attributes)


_CONFIG = _option(
    "--config",
    field="config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Configuration; default: FOREWORD_CONFIG, ./foreword.toml, or the defaults.",
)
_JSON = _option("--json", field="as_json", is_flag=True, help="Print JSON for machines.")
_VERBOSE = _option(
    "-v", "--verbose", field="verbose", is_flag=True, help="Say on stderr how the answer was had."
)
_NAMESPACE = _option(
    "--namespace", field="namespace", metavar="NAME", help="The tenant's space; default: none."
)
_ADDRESS = _option(
    "--address",
    field="address",
    metavar="ADDRESS",
    help="The sidecar: unix:PATH, HOST:PORT or [IPV6]:PORT; default: the first of sidecar.listen.",
)


def _file_option(name: str, field: str, text: str) -> Callable[[Decorated], Decorated]:
    kind = click.Path(dir_okay=False, path_type=Path)
    return _option(
        name, field=field, type=kind, metavar="FILE", envvar=f"FOREWORD_{field.upper()}", help=text
    )


_PROOF = (
    _file_option("--client-key-file", "client_key_file", "PEM private key of --client-certificate-file."),
    _file_option(
        "--client-certificate-file", "client_certificate_file", "PEM certificate that names you by TLS."
    ),
    _file_option("--ca-file", "ca_file", "PEM certificates to trust, for an address with TLS."),
    _file_option(
        "--token-file", "token_file", "File with the token that names you; default: FOREWORD_TOKEN."
    ),
)
