"""The versions of Segment's published code that the translation equals, as tests/conformance shows."""

from __future__ import annotations

ACTION_DESTINATIONS = "3.497.0"
SEGMENT_CODE: dict[str, str] = {"@segment/action-destinations": ACTION_DESTINATIONS, "@segment/tsub": "2.0.1"}
"""npm package → version."""


def segment_code() -> str:
    """Name the packages with their versions, for a line of text."""
    return ", ".join(f"{name} {version}" for name, version in SEGMENT_CODE.items())
