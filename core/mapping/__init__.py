"""Segment's mapping directives and trigger language, compiled to closures."""

from .base import Refused
from .directives import compile_fields, compile_mapping
from .javascript import MISSING, Getter, Missing, Value
from .triggers import compile_trigger

__all__ = [
    "MISSING",
    "Getter",
    "Missing",
    "Refused",
    "Value",
    "compile_fields",
    "compile_mapping",
    "compile_trigger",
]
