"""The sidecar's configuration in force."""

from __future__ import annotations

from typing import ClassVar

from foreword.config_file import FollowedConfig


class LiveConfig(FollowedConfig):
    """Follows the file, but for what is decided when the server, the environment and the threads are made."""

    component = "sidecar.config"
    at_start: ClassVar = {
        "sidecar": ("listen", "message_bytes_max", "group_commit_ms"),
        "store": ("directory", "activity_map_size_bytes", "readers_max"),
        "security": ("tls_certificate_file", "tls_key_file"),
    }
