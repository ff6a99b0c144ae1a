"""One door for untrusted words: what activity calls things, on its way into any text."""

from foreword.naming.known import LANGUAGES
from foreword.naming.messages import escaped, quoted
from foreword.naming.names import (
    NAME_USERS_MAX,
    OWN_NAME_ALLOWED,
    Name,
    Names,
    Policy,
    is_own_name,
)
from foreword.naming.sensitive import SENSITIVE, Sensitive, SensitiveNames
from foreword.naming.shape import well_shaped

__all__ = [
    "LANGUAGES",
    "NAME_USERS_MAX",
    "OWN_NAME_ALLOWED",
    "SENSITIVE",
    "Name",
    "Names",
    "Policy",
    "Sensitive",
    "SensitiveNames",
    "escaped",
    "is_own_name",
    "quoted",
    "well_shaped",
]
