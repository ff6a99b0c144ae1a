"""Forewords where agents are written: one module for each framework, imported by those who use it.

Each puts the foreword behind the static instructions as a block of its own, records what the user did behind the
call, and leaves the agent as it was when no sidecar answers. What they share is `Personalization`.
"""

from foreword.integrations.block import block_of, is_block
from foreword.integrations.personalization import Personalization, personalization_of
from foreword.integrations.user import User, user_of

__all__ = ["Personalization", "User", "block_of", "is_block", "personalization_of", "user_of"]
