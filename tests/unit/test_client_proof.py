"""How a client proves who calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from foreword.addresses import parse_address
from foreword.client import Foreword
from foreword.client.proof import Proof
from foreword.errors import FieldError, ServiceError

LOCAL, REMOTE = parse_address("it", "unix:/tmp/s"), parse_address("it", "192.0.2.1:7464")


def proof(address: Any = LOCAL, **given: Any) -> Proof:
    """Return a proof that finds nothing in the environment."""
    return Proof(address, **{"environ": {}, **given})


def token_of(made: Proof) -> str:
    """Return the token that a call carries."""
    [(key, value)] = made.metadata()
    assert key == "authorization"
    return value.removeprefix("Bearer ")


def test_a_token_comes_from_where_it_is_said() -> None:
    """As an argument, from what returns it at each call, or from the environment where nothing is given."""
    turns = iter(["one", "two"])
    turning = proof(token=lambda: next(turns))
    assert [token_of(turning), token_of(turning)] == ["one", "two"]
    assert token_of(proof(token="t")) == "t"
    assert token_of(proof(environ={"FOREWORD_TOKEN": "e"})) == "e"
    assert token_of(proof(token="t", environ={"FOREWORD_TOKEN": "e"})) == "t"
    assert not proof().has_token


def test_a_token_file_is_read_anew_when_it_changes(tmp_path: Path) -> None:
    """The next call after a replacement carries the new token; the space at the file's end is none of it."""
    file, anew = tmp_path / "token", tmp_path / "anew"
    file.write_text("one\n")
    made = proof(environ={"FOREWORD_TOKEN_FILE": str(file)})
    assert token_of(made) == "one"
    anew.write_text("two\n")
    anew.rename(file)
    assert token_of(made) == "two"


def test_a_token_file_that_may_be_read_by_now_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leave that is given afterwards is noticed, though not a byte of the file has changed."""
    file, anew = tmp_path / "token", tmp_path / "anew"
    file.write_text("one")
    made = proof(token_file=file)
    assert token_of(made) == "one"
    anew.write_text("two")
    anew.chmod(0o600)
    anew.rename(file)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError("Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("foreword.client.proof.open", refuse, raising=False)
        assert token_of(made) == "one"
    file.chmod(0o640)
    assert token_of(made) == "two"


@pytest.mark.parametrize("damage", ["", "two words", "\xff", None])
def test_a_damaged_token_file_leaves_the_former_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str | None
) -> None:
    """A file that is empty, no token or gone is said once, and the next good one taken over; at first it is refused."""
    file = tmp_path / "token"

    def write(text: str | None) -> None:
        if text is None:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(text.encode("latin-1"))

    write(damage)
    made = proof(token_file=file)
    with pytest.raises(ServiceError, match="the token file cannot be used") as caught:
        made.metadata()
    assert caught.value.reason == "UNAUTHENTICATED"
    write("one")
    assert token_of(made) == "one"
    write(damage)
    assert [token_of(made), token_of(made)] == ["one", "one"]
    assert caplog.text.count("the changed token file was refused, the former token stays in force") == 1
    write("three")
    assert token_of(made) == "three"


def test_a_token_is_sent_to_no_other_machine_in_clear_text(tmp_path: Path) -> None:
    """Without TLS a token goes to this machine alone, wherever it comes from."""
    for given in ({"token": "t"}, {"token_file": tmp_path}, {"environ": {"FOREWORD_TOKEN": "t"}}):
        with pytest.raises(FieldError, match="without TLS") as caught:
            proof(REMOTE, **given)
        assert caught.value.field == "token"
    assert proof(REMOTE, token="t", certificate_file=tmp_path).has_token
    for local in ("127.0.0.1:1", "[::1]:1", "localhost:1"):
        assert proof(parse_address("it", local), token="t").has_token


@pytest.mark.parametrize("odd", ["", "two words", "line\nbreak", "é", "x" * 513, b"bytes", 7])
def test_what_is_no_token_is_refused_and_not_repeated(odd: Any) -> None:
    """An argument that no header can carry is told as one, and its value nowhere."""
    with pytest.raises(FieldError) as caught:
        proof(token=odd)
    assert caught.value.field == "token"
    assert str(odd) not in caught.value.found or odd == ""


def test_what_does_not_go_together_is_refused(tmp_path: Path) -> None:
    """Two sources of a token, half a certificate, and a certificate without TLS are told at once."""
    for given, field in (
        ({"token": "t", "token_file": tmp_path}, "token_file"),
        ({"client_key_file": tmp_path}, "client_key_file"),
        ({"client_key_file": tmp_path, "client_certificate_file": tmp_path}, "certificate_file"),
    ):
        with pytest.raises(FieldError) as caught:
            proof(**given)
        assert caught.value.field == field


def test_a_token_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the client's own words nor its warnings have the token in them."""
    with Foreword("unix:/tmp/nobody-is-here.sock", token="fwt_secret") as client:
        assert client.text("ann") == ""
        assert "fwt_secret" not in repr(client)
    assert caplog.text
    assert "fwt_secret" not in caplog.text
