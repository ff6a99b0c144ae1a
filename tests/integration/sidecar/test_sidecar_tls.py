"""TLS: who gets in by a certificate, and files that change while it runs."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from certificates import NEEDS_OPENSSL, Authority, Pair
from waiting import PATIENCE_SECONDS, until

from foreword.callers import digest_of
from foreword.cli import main
from foreword.client import AsyncForeword, Foreword
from foreword.errors import ServiceError
from foreword.local import LocalReader

pytestmark = NEEDS_OPENSSL

CALLERS = f"""
[[callers]]
name = "shop"
certificate_name = "shop.example"
rights = ["read"]
namespaces = ["shop"]

[[callers]]
name = "ops"
certificate_name = "spiffe://example/ops"
rights = ["operate", "read"]
namespaces = "all"

[[callers]]
name = "job"
token_sha256 = "{digest_of("fwt_job")}"
rights = ["read"]
namespaces = "all"
"""


class Served:
    """A sidecar at an address that others can reach."""

    def __init__(self, start: Any, folder: Path, **security: Any) -> None:
        self.authority = Authority(folder / "ca")
        self.folder = folder
        self.install(self.authority.pair("sidecar"))
        callers = folder / "callers.toml"
        callers.write_text(CALLERS)
        callers.chmod(0o600)
        named = {"client_ca_file": str(self.authority.certificate), "callers_file": str(callers), **security}
        files = {"tls_certificate_file": str(folder / "s.pem"), "tls_key_file": str(folder / "s.key")}
        given = {key: value for key, value in named.items() if value is not None}
        config = start.config(
            sidecar={"listen": ["0.0.0.0:0"], "watch_heartbeat_seconds": 0.3}, security={**files, **given}
        )
        self.running = start(config)
        self.address = f"127.0.0.1:{self.running.server.addresses[0].rsplit(':', 1)[1]}"

    def install(self, pair: Pair) -> None:
        """Replace certificate and key, as a renewal does: one after the other."""
        for source, name in ((pair.certificate, "s.pem"), (pair.key, "s.key")):
            shutil.copy(source, self.folder / f"{name}.anew")
            (self.folder / f"{name}.anew").rename(self.folder / name)

    def client(self, pair: Pair | None = None, **options: Any) -> Foreword:
        """Return a client that trusts the authority, with a certificate of its own."""
        if pair is not None:
            options |= {"client_certificate_file": pair.certificate, "client_key_file": pair.key}
        options.setdefault("certificate_file", self.authority.certificate)
        return Foreword(self.address, raises=True, timeout_seconds=PATIENCE_SECONDS, **options)


def refusal(client: Foreword, *arguments: str, **options: Any) -> ServiceError:
    """Return how a client's read is refused."""
    with client, pytest.raises(ServiceError) as caught:
        client.profile(*arguments, **options)
    return caught.value


def test_a_certificate_names_its_caller(start: Any, tmp_path: Path) -> None:
    """A common name or an alternative one in the callers file gives its rights, there and nowhere else."""
    served = Served(start, tmp_path)
    shop = served.authority.pair("shop.example")
    with served.client(shop) as client:
        assert client.profile("ann", namespace="shop").profile.user_id == "ann"
    assert refusal(served.client(shop), "ann").reason == "NAMESPACE_FORBIDDEN"
    with served.client(served.authority.pair("any", "URI:spiffe://example/ops")) as client:
        assert client.status().version
    stranger = refusal(served.client(served.authority.pair("stranger.example")), "ann")
    assert (stranger.reason, stranger.metadata["cause"]) == ("UNAUTHENTICATED", "unknown")


def test_a_token_goes_before_the_certificate(start: Any, tmp_path: Path) -> None:
    """Whoever connects with a certificate and sends a token is whom the token names, and refused by a wrong one."""
    served = Served(start, tmp_path)
    shop = served.authority.pair("shop.example")
    with served.client(shop, token="fwt_job") as client:
        assert client.profile("ann", namespace="blog").profile.user_id == "ann"
    assert refusal(served.client(shop, token="fwt_none"), "ann", namespace="shop").reason == "UNAUTHENTICATED"


def test_nobody_connects_without_a_certificate_of_the_authority(start: Any, tmp_path: Path) -> None:
    """Without a certificate, or with one that somebody else signed, no call begins, a good token or not."""
    served = Served(start, tmp_path)
    foreign = Authority(tmp_path / "foreign").pair("shop.example")
    for client in (served.client(token="fwt_job"), served.client(foreign)):
        error = refusal(client, "ann", namespace="shop")
        assert (error.reason, error.from_sidecar) == ("UNAVAILABLE", False)


def test_certificates_alone_let_in_where_nobody_is_asked_for(start: Any, tmp_path: Path) -> None:
    """With require_caller = "nowhere" a certificate of the authority is all it takes."""
    served = Served(start, tmp_path, require_caller="nowhere")
    with served.client(served.authority.pair("stranger.example")) as client:
        assert client.status().version
    assert not refusal(served.client(), "ann").from_sidecar


def test_a_renewed_certificate_is_served_without_a_failed_call(start: Any, tmp_path: Path) -> None:
    """Who is connected goes on, whoever connects sees the new certificate, and no call fails meanwhile."""
    served = Served(start, tmp_path)
    shop = served.authority.pair("shop.example")
    renewing = Authority(tmp_path / "new")
    both = tmp_path / "both.pem"
    both.write_bytes(served.authority.certificate.read_bytes() + renewing.certificate.read_bytes())
    with served.client(shop) as connected:
        connected.profile("ann", namespace="shop")
        served.install(renewing.pair("sidecar"))
        tls = served.running.server._tls
        until(lambda: tls._seen == tls._signatures(), "the new files were not taken over")
        connected.profile("ann", namespace="shop")
        with served.client(shop, certificate_file=renewing.certificate) as client:
            assert client.profile("ann", namespace="shop").profile.user_id == "ann"
        assert not refusal(served.client(shop), "ann", namespace="shop").from_sidecar
        with served.client(shop, certificate_file=both) as client:
            assert client.profile("ann", namespace="shop").profile.user_id == "ann"


def test_tls_files_that_do_not_go_together_change_nothing(start: Any, tmp_path: Path) -> None:
    """Between a new certificate and its key the former pair is served, and the problem ends with the key."""
    served = Served(start, tmp_path)
    ops = served.authority.pair("any", "URI:spiffe://example/ops")
    renewed = served.authority.pair("sidecar")
    shutil.copy(renewed.certificate, tmp_path / "s.pem")

    def problems() -> dict[str, str]:
        with served.client(ops) as client:
            return {problem.component: problem.message for problem in client.status().problems}

    until(lambda: "sidecar.tls" in problems(), "the wrong pair was not noticed")
    shutil.copy(renewed.key, tmp_path / "s.key")
    until(lambda: "sidecar.tls" not in problems(), "the right pair was not noticed")


class Renewed:
    """A client's certificate, key and roots, in files that are replaced."""

    def __init__(self, folder: Path, pair: Pair, roots: Path) -> None:
        folder.mkdir()
        self.roots, self.certificate, self.key = (folder / name for name in ("roots.pem", "c.pem", "c.key"))
        self.put(pair, roots)

    def put(self, pair: Pair, roots: Path) -> None:
        """Write others over them, one after the other."""
        for source, target in (
            (roots, self.roots),
            (pair.certificate, self.certificate),
            (pair.key, self.key),
        ):
            shutil.copy(source, target)

    @property
    def options(self) -> dict[str, Any]:
        """What a client is given."""
        return {
            "certificate_file": self.roots,
            "client_certificate_file": self.certificate,
            "client_key_file": self.key,
        }


def test_a_clients_renewed_certificate_is_taken_without_a_restart(
    start: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The next call is made with the new one, a watch under way goes on, and files that are damaged change nothing."""
    served = Served(start, tmp_path)
    shop, ops = (
        served.authority.pair("shop.example"),
        served.authority.pair("any", "URI:spiffe://example/ops"),
    )
    files = Renewed(tmp_path / "client", ops, served.authority.certificate)
    with served.client(**files.options) as client:
        watch = client.watch(["ann"])
        next(watch)
        assert client.status().version
        files.put(shop, served.authority.certificate)
        with pytest.raises(ServiceError) as caught:
            client.status()
        assert caught.value.metadata["caller"] == "shop"
        served.running.put("ann")
        assert next(message for message in watch if message.changes)
        files.certificate.write_text("no certificate")
        assert client.profile("ann", namespace="shop").profile.user_id == "ann"
        files.key.unlink()
        assert client.profile("ann", namespace="shop").profile.user_id == "ann"
        assert "the changed certificate files were refused, the former stay in force" in caplog.text
        files.put(ops, served.authority.certificate)
        assert client.status().version


def test_a_client_of_asyncio_takes_renewed_files_too(start: Any, tmp_path: Path) -> None:
    """Its next call goes by roots and certificate as they are now, while its watch goes on."""
    served = Served(start, tmp_path)
    shop, ops = (
        served.authority.pair("shop.example"),
        served.authority.pair("any", "URI:spiffe://example/ops"),
    )
    files = Renewed(tmp_path / "client", ops, served.authority.certificate)

    async def run() -> None:
        async with AsyncForeword(
            served.address, raises=True, timeout_seconds=PATIENCE_SECONDS, **files.options
        ) as client:
            watch = client.watch(["ann"])
            await anext(watch)
            assert (await client.status()).version
            files.put(shop, served.authority.certificate)
            with pytest.raises(ServiceError) as caught:
                await client.status()
            assert caught.value.metadata["caller"] == "shop"
            await asyncio.to_thread(served.running.put, "ann")
            assert await anext(message async for message in watch if message.changes)

    asyncio.run(run())


def test_a_replica_follows_by_tls_with_a_token(
    start: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command takes over what the origin serves to a caller of all namespaces; another token is refused."""
    served = Served(start, tmp_path, client_ca_file=None)
    served.running.put("ann")
    token, store = tmp_path / "token", tmp_path / "replica"
    monkeypatch.setenv("FOREWORD_STORE__DIRECTORY", str(store))
    options = ["--ca-file", str(served.authority.certificate), "--token-file", str(token)]
    follow = ["dataset", "follow", served.address, "--caught-up", *options]
    token.write_text("fwt_none")
    assert main(follow) == 1
    assert "nobody has this token" in capsys.readouterr().err
    token.write_text("fwt_job\n")
    assert main(follow) == 0
    assert "1 changes taken over" in capsys.readouterr().out
    with LocalReader(store) as reader:
        assert reader.profile("ann").profile.revision == 1
