"""The profile set as one file: made, judged, put in force, taken back."""

from foreword.store.dataset.figures import DatasetFigures, dataset_figures
from foreword.store.dataset.file import make_dataset, read_dataset
from foreword.store.dataset.manifest import DatasetManifest
from foreword.store.dataset.rules import DatasetRules, objections
from foreword.store.dataset.versions import Version, Versions

__all__ = [
    "DatasetFigures",
    "DatasetManifest",
    "DatasetRules",
    "Version",
    "Versions",
    "dataset_figures",
    "make_dataset",
    "objections",
    "read_dataset",
]
