"""The one road of a message: read it, walk Segment's stages, check and repair. No I/O, no clock."""

from __future__ import annotations

from .compiled import CompiledSettings, compile_settings, compiled
from .stages import STAGES, run, run_together

__all__ = ["STAGES", "CompiledSettings", "compile_settings", "compiled", "run", "run_together"]
