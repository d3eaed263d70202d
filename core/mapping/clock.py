"""The clock of the translation that runs: mappings know no other, so that they stay pure."""

from __future__ import annotations

from contextvars import ContextVar

NOW: ContextVar[int] = ContextVar("now", default=0)
"""Milliseconds since the epoch; a translator sets it. `"now" | date` of @liquid reads it."""
