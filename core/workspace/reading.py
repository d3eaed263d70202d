"""Values that exports hold in several shapes."""

from __future__ import annotations

import json
from typing import Any, cast

from .hcl import Json


def json_object(value: Any) -> dict[str, Any] | None:
    """Read an object that is given as such, as JSON text, or by jsonencode(); None for anything else."""
    if isinstance(value, Json):
        value = value.value
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def text(value: Any) -> str:
    """Return the value if it is a string, else ""."""
    return value if isinstance(value, str) else ""
