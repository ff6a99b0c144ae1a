"""One door for untrusted words: what activity calls things, on its way into any text."""

from foreword.naming.messages import escaped, quoted
from foreword.naming.names import (
    NAME_USERS_MAX,
    Name,
    Names,
    Policy,
)
from foreword.naming.sensitive import SENSITIVE, Sensitive, SensitiveNames
from foreword.naming.shape import well_shaped

__all__ = [
    "NAME_USERS_MAX",
    "SENSITIVE",
    "Name",
    "Names",
    "Policy",
    "Sensitive",
    "SensitiveNames",
    "escaped",
    "quoted",
    "well_shaped",
]
