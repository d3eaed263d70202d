"""Insert functions: the user's JavaScript, run in a node process at the engine's edge."""

from .child import Limits
from .room import InsertFunctions, digest_of, label

__all__ = ["InsertFunctions", "Limits", "digest_of", "label"]
