"""Looking after a store: backup, restore, compaction and sizes."""

from foreword.store.upkeep.backup import backup_store
from foreword.store.upkeep.compact import CompactResult, compact_store, compactable
from foreword.store.upkeep.restore import restore_store
from foreword.store.upkeep.rewrite import Progress
from foreword.store.upkeep.stats import DatabaseStats, EnvironmentStats, store_stats

__all__ = [
    "CompactResult",
    "DatabaseStats",
    "EnvironmentStats",
    "Progress",
    "backup_store",
    "compact_store",
    "compactable",
    "restore_store",
    "store_stats",
]
