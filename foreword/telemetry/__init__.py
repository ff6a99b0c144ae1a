"""How the daemons are watched from outside: what they count, and where it is served."""

from foreword.telemetry.histogram import Histogram
from foreword.telemetry.metric import Metric, word
from foreword.telemetry.page import Page

__all__ = ["Histogram", "Metric", "Page", "word"]
