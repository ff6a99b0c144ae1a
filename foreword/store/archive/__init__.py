"""Events past retention as Parquet files, a folder a day."""

from foreword.store.archive.archive import Archive, require_parquet
from foreword.store.archive.folder import ArchiveStats, archive_stats

__all__ = ["Archive", "ArchiveStats", "archive_stats", "require_parquet"]
