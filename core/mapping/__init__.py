"""Segment's mapping directives and trigger language, compiled to closures."""

from .directives import Refused, compile_fields, compile_mapping
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
