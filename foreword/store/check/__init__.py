"""Looking through a store: every rule of the format, row by row."""

from foreword.store.check.fault import Fault, shown
from foreword.store.check.inspection import inspect_store
from foreword.store.check.scrub import Scrub
from foreword.store.check.store import check_store

__all__ = ["Fault", "Scrub", "check_store", "inspect_store", "shown"]
