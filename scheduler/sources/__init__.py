"""Importers: files and histories become events."""

from scheduler.sources.csv_rows import CsvRows
from scheduler.sources.git_history import GitHistory
from scheduler.sources.importing import ImportReport, import_source
from scheduler.sources.json_lines import JsonLines
from scheduler.sources.mapping import Rule, parse_mapping
from scheduler.sources.pseudonyms import Pseudonyms
from scheduler.sources.source import Progress, Row, Sink, Source

__all__ = [
    "CsvRows",
    "GitHistory",
    "ImportReport",
    "JsonLines",
    "Progress",
    "Pseudonyms",
    "Row",
    "Rule",
    "Sink",
    "Source",
    "import_source",
    "parse_mapping",
]
