"""A local model provider to try everything against: the same wire, no key, no cost."""

from foreword.model_server.fault_plan import read_script
from foreword.model_server.faults import FAULTS, Fault
from foreword.model_server.options import Options
from foreword.model_server.server import ModelServer
from foreword.model_server.serving import serve

__all__ = ["FAULTS", "Fault", "ModelServer", "Options", "read_script", "serve"]
