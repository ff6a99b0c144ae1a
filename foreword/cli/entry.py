"""Where the command begins and ends: arguments in, an exit code out, errors as one sentence."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from foreword.errors import ConfigError, FieldError, ForewordError, MissingExtraError, ServiceError
from foreword.naming import escaped

if TYPE_CHECKING:
    import click

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130

# What the `server` extra brings that the command line stands on.
_SERVER_LIBRARIES = {
    "apscheduler",
    "cachetools",
    "click",
    "grpc_health",
    "grpc_reflection",
    "grpc_status",
    "pydantic",
}

# Fields of requests that stand on the command line.
_ARGUMENTS = {"user_id", "namespace", "session_id", "revision", "belief_id", "decision_id"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the `foreword` command; return its exit code: 0 ok, 1 failed, 2 wrong usage, 130 interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    try:
        return _run(given, as_json=as_json)
    except ModuleNotFoundError as exc:
        if (exc.name or "").split(".")[0] not in _SERVER_LIBRARIES:
            raise
        return _fail(MissingExtraError("the foreword command", "server"), as_json=as_json)
    except ForewordError as exc:
        return _fail(exc, as_json=as_json)
    except PermissionError as exc:
        # Also of looking whether a file is there: a folder on the way to it is closed to us.
        return _fail(
            ForewordError(f"{exc.filename}: permission denied", hint="check permissions"), as_json=as_json
        )
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough; a second failure at exit must not be shown either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK


def _run(arguments: list[str], *, as_json: bool) -> int:
    import click

    from foreword.cli.root import root

    try:
        code = root.main(arguments, prog_name="foreword", standalone_mode=False)
    except click.Abort:
        # Ctrl-C, a "no", or nobody there to answer a question.
        sys.stderr.write("Stopped\n")
        return EXIT_INTERRUPTED
    except click.ClickException as exc:
        return _refuse(exc, as_json=as_json)
    sys.stdout.flush()
    return code if isinstance(code, int) else EXIT_OK


def _refuse(exc: click.ClickException, *, as_json: bool) -> int:
    """Report what click found wrong with the arguments."""
    import click

    message = exc.format_message()
    if isinstance(exc, click.exceptions.NoArgsIsHelpError):
        sys.stderr.write(f"{message}\n")
        return exc.exit_code
    context = getattr(exc, "ctx", None)
    path = context.command_path if context is not None else "foreword"
    _say(message.rstrip("."), f"see {path} --help", {}, as_json=as_json)
    return exc.exit_code


def say_error(exc: ForewordError, *, as_json: bool) -> None:
    """Print an error on stderr: one sentence, or a JSON object."""
    _say(exc.message, exc.hint, _details(exc), as_json=as_json)


def _fail(exc: ForewordError, *, as_json: bool) -> int:
    say_error(exc, as_json=as_json)
    return EXIT_USAGE if _is_of_usage(exc) else EXIT_FAILED


def _is_of_usage(exc: ForewordError) -> bool:
    """Return whether an argument was at fault, found here or by the sidecar."""
    if isinstance(exc, FieldError):
        return exc.field.startswith("--") or exc.field in _ARGUMENTS
    return isinstance(exc, ServiceError) and exc.reason == "FIELD_INVALID"


def _details(exc: ForewordError) -> dict[str, object]:
    """Return the fields of an error that a machine can use."""
    if isinstance(exc, FieldError):
        return {"field": exc.field, "found": exc.found, "allowed": exc.allowed}
    if isinstance(exc, ConfigError):
        return {"file": str(exc.file) if exc.file else None, "line": exc.line, "key": exc.key}
    return {"reason": exc.reason} if isinstance(exc, ServiceError) else {}


def _say(message: str, hint: str, details: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        error = {"message": message, "hint": hint, **details}
        sys.stderr.write(json.dumps({"error": error}) + "\n")
    else:
        sys.stderr.write(f"Error: {escaped(message)}{f' ({escaped(hint)})' if hint else ''}\n")
