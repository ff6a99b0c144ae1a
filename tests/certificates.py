"""Certificates for tests, made by the openssl command."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

NEEDS_OPENSSL = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="needs the openssl command to make a certificate"
)
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates.

    Attributes:
        certificate: What those trust who trust it.
    """

    def __init__(self, folder: Path, name: str = "ca") -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._key = folder / f"{name}.key"
        self.certificate = folder / f"{name}.pem"
        out = ("-keyout", str(self._key), "-out", str(self.certificate))
        _openssl("req", "-x509", *_KEY, *out, "-subj", f"/CN={name}", "-days", "2")

    def pair(self, common_name: str, *alternatives: str) -> Pair:
        """Return a certificate of a name, signed."""
        file = self._folder / f"{common_name}-{len(list(self._folder.iterdir()))}"
        key, request, certificate = (file.with_name(f"{file.name}.{end}") for end in ("key", "csr", "pem"))
        names = ",".join(alternatives or ("DNS:localhost", "IP:127.0.0.1"))
        out = ("-keyout", str(key), "-out", str(request), "-subj", f"/CN={common_name}")
        _openssl("req", *_KEY, *out, "-addext", f"subjectAltName={names}")
        signed_by = ("-CA", str(self.certificate), "-CAkey", str(self._key), "-CAcreateserial")
        _openssl(
            "x509", "-req", "-in", str(request), *signed_by, "-out", str(certificate), "-days", "2",
            "-copy_extensions", "copy",
        )  # fmt: skip
        return Pair(certificate, key)


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
