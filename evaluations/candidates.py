"""Who might write profiles: code, or a language model behind a provider."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import get_args
from urllib.parse import urlsplit

from foreword.config import Config, Price
from foreword.config_segments import ProviderName
from foreword.errors import FieldError

EXTRACTIVE: ProviderName = "extractive"
_ALLOWED = "[LABEL=][PROVIDER:]MODEL[@BASE_URL], or extractive"
_PROVIDERS: tuple[ProviderName, ...] = get_args(ProviderName)


@dataclass(frozen=True)
class Candidate:
    """One way to have profiles written.

    Attributes:
        name: How reports call it.
        config: The configuration with its provider, model and address.
    """

    name: str
    config: Config

    @property
    def is_code(self) -> bool:
        """Return whether no model is asked."""
        return self.config.agent.provider == EXTRACTIVE

    @property
    def is_remote(self) -> bool:
        """Return whether questions leave this machine, so that they cost and show what users did."""
        if self.is_code:
            return False
        host = urlsplit(self.config.agent.base_url).hostname or ""
        try:
            return not ip_address(host).is_loopback
        except ValueError:
            return host != "localhost"

    @property
    def price(self) -> Price:
        """Return what the model's tokens cost.

        Raises:
            FieldError: No price is configured.
        """
        agent = self.config.agent
        found = agent.prices.get(agent.model)
        if found is None:
            raise FieldError(
                f'agent.prices."{agent.model}"',
                "nothing",
                "what its tokens cost, 0 where calls cost nothing",
                hint=f'write [agent.prices."{agent.model}"] with input = and output =',
            )
        return found


def parse_candidates(text: str, config: Config) -> list[Candidate]:
    """Read candidates as the command line has them: separated by commas, at least one, all of other names.

    A name in front of a colon is a provider only if it is one: `llama3:8b` is a model. A label in front of `=` names
    the candidate in reports, so that one model can stand there twice. Without a provider the configured one is asked,
    or anthropic where that is code.

    Raises:
        FieldError: One is not of the form, named twice, or has no price.
    """
    found = [_parsed(part.strip(), config) for part in text.split(",")]
    names = [candidate.name for candidate in found]
    for name in names:
        if names.count(name) > 1:
            raise FieldError(
                "--candidates", f"{name!r} twice", "each once, or with labels of their own (A=…,B=…)"
            )
    for candidate in found:
        if not candidate.is_code:
            _ = candidate.price
    return found


def _parsed(text: str, config: Config) -> Candidate:
    label, is_labelled, spec = text.rpartition("=") if "=" in text.partition("@")[0] else ("", "", text)
    spec, _, address = spec.partition("@http") if "@http" in spec else (spec, "", "")
    provider, model = _provider_and_model(spec, config)
    if (is_labelled and not label) or not (model or provider == EXTRACTIVE):
        raise FieldError("--candidates", repr(text), _ALLOWED)
    update = {"provider": provider, "model": model or config.agent.model}
    if address:
        update["base_url"] = f"http{address}"
    agent = config.agent.model_copy(update=update)
    return Candidate(label or text, config.model_copy(update={"agent": agent}))


def _provider_and_model(spec: str, config: Config) -> tuple[ProviderName, str]:
    if spec == EXTRACTIVE:
        return EXTRACTIVE, ""
    provider, _, model = spec.partition(":")
    for known in _PROVIDERS:
        if provider == known and known != EXTRACTIVE:
            return known, model
    return config.agent.provider if config.agent.provider != EXTRACTIVE else "anthropic", spec
