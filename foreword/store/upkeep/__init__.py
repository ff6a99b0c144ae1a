"""Looking after a store: backup, restore, compaction and sizes."""

from foreword.store.upkeep.backup import backup_store
from foreword.store.upkeep.compact import CompactResult, compact_store, compactable
from foreword.store.upkeep.figures import CallFigures, StoreFigures, UseFigures, store_figures
from foreword.store.upkeep.restore import restore_store
from foreword.store.upkeep.rewrite import Progress
from foreword.store.upkeep.stats import DatabaseStats, EnvironmentStats, store_stats

__all__ = [
    "CallFigures",
    "CompactResult",
    "DatabaseStats",
    "EnvironmentStats",
    "Progress",
    "StoreFigures",
    "UseFigures",
    "backup_store",
    "compact_store",
    "compactable",
    "restore_store",
    "store_figures",
    "store_stats",
]
