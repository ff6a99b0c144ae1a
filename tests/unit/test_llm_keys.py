"""Keys: where they come from, who may read them, and that they are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from foreword.config import Agent
from foreword.errors import FieldError, MissingExtraError
from foreword.llm import connect, connect_usage_report
from foreword.llm.keys import read_key

KEY = "sk-ant-0123456789"


def agent(**settings: object) -> Agent:
    return Agent.model_validate({"provider": "anthropic", **settings})


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    file.chmod(0o600)
    return file


def test_the_file_goes_before_the_environment(key_file: Path) -> None:
    """A key comes from the file that is named, else from the environment, else there is none."""
    environ = {"ANTHROPIC_API_KEY": " sk-other \n"}
    assert read_key("agent.api_key_file", key_file, "ANTHROPIC_API_KEY", environ) == KEY
    assert read_key("agent.api_key_file", None, "ANTHROPIC_API_KEY", environ) == "sk-other"
    assert read_key("agent.api_key_file", None, "ANTHROPIC_API_KEY", {}) == ""


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o666, 0o602])
def test_a_file_open_to_others_is_refused(key_file: Path, mode: int) -> None:
    """A key that every user of the machine can read, or replace, is not used; the hint closes the file."""
    key_file.chmod(mode)
    with pytest.raises(FieldError) as caught:
        read_key("agent.api_key_file", key_file, "ANTHROPIC_API_KEY", {})
    assert caught.value.field == "agent.api_key_file"
    assert f"mode {mode:04o}" in caught.value.message
    assert caught.value.hint == f"chmod o= {key_file}"
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o440])
def test_a_file_for_its_owner_and_group_is_taken(key_file: Path, mode: int) -> None:
    """The ways in which a key is handed to a service are accepted."""
    key_file.chmod(mode)
    assert read_key("agent.api_key_file", key_file, "ANTHROPIC_API_KEY", {}) == KEY


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"two words",
        f"{KEY}\nsecond line\n".encode(),
        b"key = \xff",
        b"x" * 5000,
        "schlüssel".encode(),
    ],
)
def test_what_is_no_key_is_refused_unseen(key_file: Path, content: bytes) -> None:
    """A file that holds something else than one key is refused, and what it holds is not shown."""
    key_file.write_bytes(content)
    with pytest.raises(FieldError) as caught:
        read_key("agent.api_key_file", key_file, "ANTHROPIC_API_KEY", {})
    assert "alone, in one line" in caught.value.allowed
    assert KEY not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there, or is a folder, is an error that names it and the setting."""
    for place in (tmp_path / "absent", tmp_path):
        with pytest.raises(FieldError, match=r"agent\.api_key_file: found") as caught:
            connect(agent(api_key_file=place), {})
        assert str(place) in caught.value.found


def test_without_key_and_server_there_is_no_model() -> None:
    """Without a key the provider's own server is not asked; a server of one's own may need none."""
    assert connect(agent(), {}) is None
    assert connect(agent(provider="extractive"), {"ANTHROPIC_API_KEY": KEY}) is None
    assert connect(agent(), {"OPENAI_API_KEY": KEY}) is None
    assert connect(agent(base_url="http://127.0.0.1:1"), {}) is not None


@pytest.mark.parametrize(
    ("provider", "variable", "url"),
    [
        ("anthropic", "ANTHROPIC_API_KEY", "https://api.anthropic.com"),
        ("openai-chat", "OPENAI_API_KEY", "https://api.openai.com/v1"),
    ],
)
def test_each_provider_has_its_key(provider: str, variable: str, url: str) -> None:
    """A provider takes its own key and asks its own server; a segment's provider goes before the agent's."""
    for section in (agent(provider=provider), agent(provider="extractive")):
        model = connect(section, {variable: KEY}, provider)  # type: ignore[arg-type]
        assert model is not None
        assert model.name == provider
        assert url in repr(model)
        assert KEY not in repr(model)
        assert (model.batches is None) == (provider == "openai-chat")


@pytest.mark.parametrize(
    ("base_url", "asked"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1"),
        ("http://127.0.0.1:11434/", "http://127.0.0.1:11434/v1"),
        ("http://127.0.0.1:8080/openai", "http://127.0.0.1:8080/openai"),
    ],
)
def test_chat_completions_are_found_below_v1(base_url: str, asked: str) -> None:
    """An address without a path means /v1 there, where Ollama, vLLM and llama.cpp have them."""
    assert (
        repr(connect(agent(provider="openai-chat", base_url=base_url), {})) == f"OpenAIChatModel('{asked}')"
    )


def test_an_sdk_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its SDK a provider says which extra to install."""
    for module, provider, extra in (
        ("anthropic", "anthropic", "server"),
        ("openai", "openai-chat", "openai"),
    ):
        monkeypatch.setitem(__import__("sys").modules, module, None)
        with pytest.raises(MissingExtraError, match=extra):
            connect(agent(provider=provider, base_url="http://127.0.0.1:1"), {})


def test_a_usage_report_needs_its_own_key(key_file: Path) -> None:
    """The usage report is asked with the admin key alone."""
    assert connect_usage_report(agent(), {"ANTHROPIC_API_KEY": KEY}) is None
    assert connect_usage_report(agent(), {"ANTHROPIC_ADMIN_KEY": KEY}) is not None
    assert connect_usage_report(agent(admin_key_file=key_file), {}) is not None


@pytest.mark.parametrize(
    ("base_url", "said"),
    [
        ("127.0.0.1:8080", "http:// or https://"),
        ("ftp://host", "http:// or https://"),
        ("http://", "http:// or https://"),
        ("https://user:secret@host", "scheme, host, port and path"),
        ("https://host/?key=secret", "scheme, host, port and path"),
    ],
)
def test_an_address_that_cannot_be_asked_is_refused(base_url: str, said: str) -> None:
    """agent.base_url is an HTTP address without a secret in it, and a secret is not shown."""
    with pytest.raises(ValueError, match=said) as caught:
        agent(base_url=base_url)
    assert "secret" not in str(caught.value).partition("input_value")[0]
