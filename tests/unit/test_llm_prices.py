"""What calls cost: exact integers, rounded once, and no model without a price."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.config import PRICES, Price
from foreword.config_file import ConfigFile
from foreword.errors import ConfigError
from foreword.llm.answer import TokenUsage
from foreword.llm.prices import cost_pico_usd, estimate_pico_usd, micro_usd

HAIKU = Price(input=0.1, output=0.5, cache_read=0.01, cache_write=0.125)
TOKENS = st.integers(min_value=0, max_value=10**9)
DOLLARS = st.integers(min_value=0, max_value=5_000_000).map(lambda milli: milli / 1000)


@pytest.mark.parametrize(
    ("usage", "in_batch", "pico_usd"),
    [
        (TokenUsage(), False, 0),
        (TokenUsage(input_tokens=1), False, 100_000),
        (TokenUsage(input_tokens=3), False, 300_000),
        (TokenUsage(cache_read_tokens=1), False, 10_000),
        (TokenUsage(cache_write_tokens=1), True, 62_500),
        (TokenUsage(output_tokens=1), True, 250_000),
        # The example by which the small model's price was chosen: 1,500 tokens in and 400 out, in a batch.
        (TokenUsage(input_tokens=1500, output_tokens=400), True, 175_000_000),
        (TokenUsage(1, 2, 3, 4), False, 100_000 + 20_000 + 375_000 + 2_000_000),
    ],
)
def test_cost_is_tokens_times_price(usage: TokenUsage, in_batch: bool, pico_usd: int) -> None:
    """Each kind of token costs its own price, and a batch its share of that."""
    assert cost_pico_usd(usage, HAIKU, in_batch=in_batch) == pico_usd


def test_cache_costs_as_input_where_no_price_is_given() -> None:
    """A price without cache prices takes the input's for both."""
    price = Price(input=3.0, output=0.0)
    assert cost_pico_usd(TokenUsage(0, 5, 7, 0), price, in_batch=False) == 36_000_000


@given(st.lists(st.tuples(TOKENS, TOKENS, TOKENS, TOKENS), max_size=5), DOLLARS, DOLLARS)
def test_costs_add_up(calls: list[tuple[int, int, int, int]], dollars: float, out: float) -> None:
    """The sum of many calls' costs is the cost of their tokens, to the last pico-USD."""
    price = Price(input=dollars, output=out, cache_read=dollars / 10, cache_write=dollars * 1.25)
    usages = [TokenUsage(*call) for call in calls]
    together = TokenUsage(*(sum(kind) for kind in zip((0, 0, 0, 0), *calls, strict=True)))
    apart = [cost_pico_usd(usage, price, in_batch=True) for usage in usages]
    # Prices with at most six decimals after the batch's share are whole pico-USD a token; finer ones round once a call.
    assert abs(sum(apart) - cost_pico_usd(together, price, in_batch=True)) <= len(calls)


@given(st.integers(0, 200_000), st.integers(0, 32_000), st.data())
def test_no_call_costs_more_than_its_estimate(prompt: int, output: int, data: st.DataObject) -> None:
    """However a prompt splits into read, cached and written, the estimate holds."""
    price = data.draw(st.sampled_from([*PRICES.values(), Price(input=2.0, output=1.0, cache_write=0.5)]))
    cached = data.draw(st.integers(0, prompt))
    written = data.draw(st.integers(0, prompt - cached))
    usage = TokenUsage(prompt - cached - written, cached, written, data.draw(st.integers(0, output)))
    for in_batch in (False, True):
        most = estimate_pico_usd(prompt, output, price, in_batch=in_batch)
        assert cost_pico_usd(usage, price, in_batch=in_batch) <= most


@pytest.mark.parametrize(
    ("pico_usd", "shown"),
    [(0, 0), (499_999, 0), (500_000, 0), (500_001, 1), (1_500_000, 2), (2_500_000, 2), (10**15, 10**9)],
)
def test_sums_are_rounded_half_to_even(pico_usd: int, shown: int) -> None:
    """A sum in pico-USD is shown in the nearest micro-USD, and one in the middle in the even one."""
    assert micro_usd(pico_usd) == shown


def refusal(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> ConfigError:
    file = tmp_path / "foreword.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        ConfigFile(file, is_named=True).read(environ or {})
    return caught.value


def test_a_model_without_a_price_is_refused(tmp_path: Path) -> None:
    """A model that would be asked and has no price is named with file, line, and the table to write."""
    fault = refusal(
        tmp_path, '[agent]\nprovider = "openai-chat"\nmodel = "qwen3:8b"\nbase_url = "http://[::1]:1"\n'
    )
    assert (fault.key, fault.line) == ("agent.model", 3)
    assert "found 'qwen3:8b', which has no price" in fault.message
    assert "claude-haiku-4-5" in fault.message
    assert '[agent.prices."qwen3:8b"]' in fault.hint


def test_a_segments_model_needs_a_price_too(tmp_path: Path) -> None:
    """A segment's own model is looked at where the segment asks a model."""
    segment = '[segments.dormant]\nprovider = "anthropic"\nmodel = "other"\n'
    assert refusal(tmp_path, segment).key == "segments.dormant.model"
    file = tmp_path / "foreword.toml"
    file.write_text(f'{segment}mode = "extractive"\n')
    assert ConfigFile(file, is_named=True).read({}).segments.dormant.model == "other"


def test_the_environments_model_is_blamed_on_its_variable(tmp_path: Path) -> None:
    """A model named by an environment variable is refused by that variable's name."""
    fault = refusal(tmp_path, '[agent]\nprovider = "anthropic"\n', {"FOREWORD_AGENT__MODEL": "claude-next"})
    assert fault.message.startswith("FOREWORD_AGENT__MODEL: agent.model: found")


def test_a_price_of_ones_own_goes_beside_the_list(tmp_path: Path) -> None:
    """A table for one model adds to the list prices, or replaces one; 0 is a price."""
    file = tmp_path / "foreword.toml"
    file.write_text(
        '[agent]\nprovider = "openai-chat"\nmodel = "own"\n[agent.prices.own]\ninput = 0\noutput = 0\n'
        "[agent.prices.claude-haiku-4-5]\ninput = 0.9\noutput = 4.0\n"
    )
    prices = ConfigFile(file, is_named=True).read({}).agent.prices
    assert prices["own"].input == 0
    assert (prices["claude-haiku-4-5"].input, prices["claude-haiku-4-5"].cache_read) == (0.9, None)
    assert prices["claude-sonnet-5-5"] == PRICES["claude-sonnet-5-5"]


def test_without_a_model_no_price_is_asked_for(tmp_path: Path) -> None:
    """A model that nobody would ask may have any name."""
    file = tmp_path / "foreword.toml"
    file.write_text('[agent]\nmodel = "own"\n')
    assert ConfigFile(file, is_named=True).read({}).agent.model == "own"
