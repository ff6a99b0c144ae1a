"""How a command reaches what it needs: the sidecar when one answers, else the store itself."""

from __future__ import annotations

from foreword.cli.output import note, usd_text
from foreword.cli.probe import is_listening
from foreword.cli.settings import Settings
from foreword.client import TIMEOUT_SECONDS, Foreword
from foreword.errors import ServiceError, StoreMissingError
from foreword.local import LocalReader
from foreword.store.files import ACTIVITY, PROFILES
from foreword.v1.profile_pb2 import Profile
from foreword.v1.profile_service_pb2 import GetForewordResponse, GetProfileResponse


def connect(settings: Settings, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Foreword:
    """Return a client of the sidecar.

    Raises:
        ServiceError: None listens.
    """
    client = connect_when_running(settings, timeout_seconds=timeout_seconds)
    if client is None:
        raise _nobody(settings.sidecar_address)
    return client


def connect_to(settings: Settings, address: str) -> Foreword:
    """Return a client of the sidecar at an address that is not of the configuration.

    Raises:
        ServiceError: None listens.
    """
    require_listening(address)
    return Foreword(address, raises=True, **settings.proof)


def require_listening(address: str) -> None:
    """Raise at once when nothing listens at an address.

    Raises:
        ServiceError: It is so.
    """
    if not is_listening(address):
        raise _nobody(address)


def connect_when_running(settings: Settings, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Foreword | None:
    """Return a client of the sidecar, or None when none listens.

    Raises:
        ServiceError: None listens at an address that was named with --address.
    """
    address = settings.sidecar_address
    if is_listening(address):
        _tell(settings, f"over gRPC from {address}")
        return Foreword(
            address,
            namespace=settings.namespace,
            timeout_seconds=timeout_seconds,
            raises=True,
            **settings.proof,
        )
    if settings.address:
        raise _nobody(address)
    return None


def read_profile(settings: Settings, user: str) -> GetProfileResponse:
    """Return a user's profile from the sidecar, else from the store opened in this process.

    Raises:
        StoreMissingError: Neither is there.
    """
    client = connect_when_running(settings)
    if client is not None:
        with client:
            return client.profile(user)
    with _open_store(settings) as store:
        return store.profile(user, namespace=settings.namespace)


def read_foreword(settings: Settings, user: str, max_tokens: int) -> GetForewordResponse:
    """Return a user's foreword within a budget, as `read_profile` does; raises likewise."""
    client = connect_when_running(settings)
    if client is not None:
        with client:
            return client.foreword(user, max_tokens)
    with _open_store(settings) as store:
        return store.foreword(user, max_tokens, namespace=settings.namespace)


def written_by(profile: Profile) -> str:
    """Return who wrote a profile: code alone, or a model whose proposals code has checked."""
    provenance = profile.provenance
    if not provenance.model:
        return f"Revision {profile.revision:,}, written by code ({provenance.generator or 'unknown'})"
    cost = usd_text(provenance.cost_micro_usd)
    return f"Revision {profile.revision:,}, written with {provenance.model} ({provenance.generator}) for {cost} USD"


def why_default(user: str, revision: int) -> str:
    """Return why a user is served the default, by the revision of what was served."""
    if not revision:
        return f"Nothing is known of {user!r} yet"
    return f"Too few events of {user!r} are known yet; cold_start.events_min says how many a profile takes"


def _open_store(settings: Settings) -> LocalReader:
    if not any((settings.directory / name).exists() for name in (PROFILES, ACTIVITY)):
        raise StoreMissingError(
            f"no sidecar answers at {settings.sidecar_address}, and {settings.directory} holds no store",
            hint="start with `foreword up`, or name the store with --config",
        )
    _tell(settings, f"from the store {settings.directory}, since no sidecar answers")
    return LocalReader(settings.directory)


def _nobody(address: str) -> ServiceError:
    return ServiceError(
        f"no sidecar answers at {address}", reason="UNAVAILABLE", hint="start one with `foreword up`"
    )


def _tell(settings: Settings, how: str) -> None:
    if settings.verbose:
        note(f"Answered {how}")
