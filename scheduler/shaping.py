"""Which settings shape a profile, told by one number."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable

from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.synonyms import NO_SYNONYMS, Synonyms
from foreword.v1.profile_pb2 import Segment
from scheduler.segments import cadence_settings

# Another model, or another way to ask one, makes no profile outdated: what it thinks comes with the next news.
_WHO_PROPOSES = {
    "provider",
    "model",
    "base_url",
    "api_key_file",
    "admin_key_file",
    "usage_report_lag_seconds",
    "prompt_tokens_max",
    "output_tokens_max",
    "calls_max",
    "batch_users_max",
    "batch_wait_seconds",
    "batch_poll_seconds",
    "batch_grace_seconds",
    "prices",
    "product",
    "timeout_seconds",
}


class Shaping:
    """Tells whether a profile was computed under the settings and synonyms that are in force now.

    Cadences are left out: they say when a profile is computed, not what becomes of it.

    Args:
        live: The configuration in force.
        synonyms_of: Returns which topics of a namespace mean the same now.
    """

    def __init__(
        self, live: FollowedConfig, synonyms_of: Callable[[str], Synonyms] = lambda _namespace: NO_SYNONYMS
    ) -> None:
        self._live = live
        self._synonyms_of = synonyms_of
        self._config: Config | None = None
        self._digests: dict[str, int] = {}

    def digest(self, namespace: str, segment: Segment) -> int:
        """Return the digest of what shapes the profiles of a namespace's users in a segment; never 0."""
        config = self._live.current
        if config is not self._config:
            self._config, self._digests = config, {}
        # A namespace without rules of its own shares the others' digest, so what is kept is bounded by the file.
        name = namespace if namespace in config.foreword.namespaces else ""
        if name not in self._digests:
            self._digests[name] = _digest(config, name)
        window = cadence_settings(segment, config).window
        apart = 0 if window is None else zlib.crc32(window.model_dump_json().encode())
        return self._digests[name] ^ self._synonyms_of(namespace).digest ^ apart or 1


def _digest(config: Config, namespace: str) -> int:
    # By what does not shape, so that a key still to come is not forgotten.
    shaping = (
        config.agent.model_dump(mode="json", exclude=_WHO_PROPOSES),
        config.window.model_dump(mode="json"),
        # The rest says what a default is made of, which has a digest of its own.
        config.cold_start.model_dump(mode="json", include={"events_min"}),
        config.foreword.model_dump(mode="json", exclude={"words", "namespaces"}),
        config.foreword.words_of(namespace).model_dump(mode="json"),
        config.foreword.words_of(namespace).domain_words().digest,
        # Nothing where ranking has no part, so that profiles from before there was ranking stand.
        *([config.ranking.profile_weight] if config.ranking.profile_weight else []),
    )
    # Not Python's hash, which differs from process to process.
    return zlib.crc32(json.dumps(shaping, sort_keys=True).encode()) or 1
