"""Secrets and personal data in free text: found, named, and put out of sight."""

from foreword.redaction.redact import personal_in, redact, redact_value
from foreword.redaction.spans import KINDS, Kind

__all__ = ["KINDS", "Kind", "personal_in", "redact", "redact_value"]
