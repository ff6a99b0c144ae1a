"""What a refresh wrote beside what one from the events alone would have written."""

from __future__ import annotations

import logging
from collections import Counter

from foreword import keys
from foreword.changes import changes
from foreword.keys import UserKey
from foreword.naming import quoted
from foreword.v1 import profile_pb2

logger = logging.getLogger("scheduler")

# Beliefs are left out: one counted anew begins with the oldest event that is kept, and so is another by name.
_COMPARED = frozenset({"topic", "no", "preference", "text"})


def difference(user: UserKey, incremental: profile_pb2.Profile, full: profile_pb2.Profile) -> str:
    """Return how a full refresh differs, such as `topic 2, text 1`; empty when it does not. Says so in the log, too.

    Only how many things of each kind, since the words would outlive an erasure in a log: `foreword refresh --full`
    writes the other profile, and `foreword diff` then shows all of it.
    """
    found = Counter(change.what for change in changes(incremental, full) if change.what in _COMPARED)
    text = ", ".join(f"{what} {count}" for what, count in sorted(found.items()))
    if text:
        user_id, namespace = keys.split_user_key(user)
        logger.info(
            "a full refresh of user %s in namespace %s would differ: %s",
            quoted(user_id),
            quoted(namespace),
            text,
        )
    return text
