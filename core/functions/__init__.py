"""Insert functions: the user's JavaScript, run in a node process at the engine's edge."""

from .child import Limits
from .room import InsertFunctions

__all__ = ["InsertFunctions", "Limits"]
