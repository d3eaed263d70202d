"""Tracking plans: what a workspace has agreed to send, and whether a message keeps to it.

`model` reads Segment Protocols' tracking plan as the Public API gives it, `validate` compiles it and finds
violations, `words` says them as Segment does, `infer` writes a plan from traffic, `table` lays one out.
"""

from __future__ import annotations

from pathlib import Path

from .model import TrackingPlan, read_plan, read_plan_bytes, read_plan_text
from .validate import Plan, compiled

__all__ = ["Plan", "TrackingPlan", "compiled", "load_plan", "read_plan", "read_plan_bytes", "read_plan_text"]


def load_plan(path: str | Path) -> Plan:
    """Read and compile the plan in a file. Raises InputError."""
    return compiled(read_plan(Path(path)))
