"""The scheduler's configuration in force."""

from __future__ import annotations

from typing import ClassVar

from foreword.config_file import FollowedConfig
from scheduler.trouble import COMPONENT


class LiveConfig(FollowedConfig):
    """Follows the file, but for what the environments were opened with."""

    component = COMPONENT
    at_start: ClassVar = {
        "store": (
            "directory",
            "profiles_map_size_bytes",
            "readers_max",
            "revisions_max",
            "ledger_entries_max",
        ),
    }
