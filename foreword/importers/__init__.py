"""Importers: files and histories become events."""

from foreword.importers.csv_rows import CsvRows
from foreword.importers.delimiter import parse_delimiter
from foreword.importers.git_history import GitHistory
from foreword.importers.importing import ImportReport, import_source
from foreword.importers.json_lines import JsonLines
from foreword.importers.mapping import FIELDS, Rule, parse_mapping
from foreword.importers.pseudonyms import Pseudonyms
from foreword.importers.recorder import SidecarRecorder, StoreRecorder
from foreword.importers.source import Progress, Row, Sink, Source, batches

__all__ = [
    "FIELDS",
    "CsvRows",
    "GitHistory",
    "ImportReport",
    "JsonLines",
    "Progress",
    "Pseudonyms",
    "Row",
    "Rule",
    "SidecarRecorder",
    "Sink",
    "Source",
    "StoreRecorder",
    "batches",
    "import_source",
    "parse_delimiter",
    "parse_mapping",
]
