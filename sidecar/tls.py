"""What the sidecar speaks TLS with, followed while it runs: certificate, key, and whom it trusts to name callers."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc

from foreword.config import Security
from foreword.file_signature import Signature, signature_of
from foreword.problems import Problems
from sidecar.errors import ListenError

COMPONENT = "sidecar.tls"
_HINT = "see [security]: both files PEM, the key without a passphrase"


class TlsFiles:
    """Reads the files of `[security]`, and reads them anew when they change.

    A change takes effect with the next connection; those that are there go on.

    Args:
        security: Names the files.
        problems: Where files that do not go together are stated; the former then stay.
    """

    def __init__(self, security: Security, problems: Problems) -> None:
        self._security = security
        self._problems = problems
        named = (security.tls_certificate_file, security.tls_key_file, security.client_ca_file)
        self._files = [file for file in named if file is not None]
        self._seen: list[Signature | None] = []
        # What gRPC calls a certificate configuration; replaced as a whole, since its threads read it.
        self._current: Any = None

    def credentials(self) -> grpc.ServerCredentials:
        """Return what an address is served with; changed files reach it by themselves.

        Raises:
            ListenError: The files are not there, or are no certificate and its key.
        """
        if self._current is None:
            self._seen = self._signatures()
            try:
                self._current = self._read()
            except (OSError, ValueError) as exc:
                raise ListenError(f"the TLS files cannot be used: {exc}", hint=_HINT) from exc
        return grpc.dynamic_ssl_server_credentials(
            self._current, self._changes(), self._security.client_ca_file is not None
        )

    def follow(self) -> None:
        """Take over changed files, unless they do not go together."""
        if self._current is None or (signatures := self._signatures()) == self._seen:
            return
        self._seen = signatures
        try:
            self._current = self._read()
        except (OSError, ValueError) as exc:
            message = f"the changed TLS files were refused, the former stay in force: {exc}"
            self._problems.note(COMPONENT, "refused", message)
        else:
            self._problems.end(COMPONENT, "refused")

    def _changes(self) -> Callable[[], Any]:
        """Return what gRPC asks before each handshake: the files' content when it is new to this address."""
        given = self._current

        def changed() -> Any:
            nonlocal given
            current = self._current
            if current is given:
                return None
            given = current
            return current

        return changed

    def _signatures(self) -> list[Signature | None]:
        return [signature_of(file) for file in self._files]

    def _read(self) -> Any:
        certificate, key, trusted = (
            self._security.tls_certificate_file,
            self._security.tls_key_file,
            self._security.client_ca_file,
        )
        assert certificate is not None
        assert key is not None
        # gRPC takes whatever it is given, and fails each handshake. OpenSSL would ask a terminal for a passphrase.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
        roots = None if trusted is None else _roots(trusted)
        pair = (key.read_bytes(), certificate.read_bytes())
        return grpc.ssl_server_certificate_configuration([pair], roots)


def _roots(file: Path) -> bytes:
    pem = file.read_bytes()
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=pem.decode())
    return pem
