"""Counting tokens without a tokenizer, and never too few."""

from foreword.tokens.counting import TOKENIZER, count_line_tokens, count_tokens

__all__ = ["TOKENIZER", "count_line_tokens", "count_tokens"]
