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
from foreword.importers.trajectories import Trajectories, TrajectoryOptions
from foreword.importers.trajectory_form import Form

__all__ = [
    "FIELDS",
    "CsvRows",
    "Form",
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
    "Trajectories",
    "TrajectoryOptions",
    "batches",
    "import_source",
    "parse_delimiter",
    "parse_mapping",
]
