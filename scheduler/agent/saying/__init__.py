"""The user in plain sentences: one teller a file, put together by `compose`."""

from scheduler.agent.saying.composing import compose
from scheduler.agent.saying.saying import Saying

__all__ = ["Saying", "compose"]
