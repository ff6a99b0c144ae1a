"""Whether a scheduler shows life."""

from __future__ import annotations

from foreword.config import Config

# A scheduler shows life with every sweep; one that misses several is not just busy.
SWEEPS_MISSED_MAX = 3
SILENCE_SECONDS_MIN = 30


def silence_seconds_max(config: Config) -> float:
    """Return for how many seconds a scheduler that runs may show no life."""
    return max(SILENCE_SECONDS_MIN, config.scheduler.sweep_seconds * SWEEPS_MISSED_MAX)


def shows_life(seen_ms: int, now_ms: int, config: Config) -> bool:
    """Return whether a scheduler runs, by when it last showed life; 0 for never."""
    return bool(seen_ms) and now_ms - seen_ms <= 1000 * silence_seconds_max(config)
