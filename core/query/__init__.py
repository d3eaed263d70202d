"""The filter language: read once, evaluated in Python, and compiled to SQL that narrows the candidates."""

from __future__ import annotations

from ..errors import FilterFault
from .candidate import Candidate, Facts, Judgement, Names, names_of, refusal_text
from .faults import by_id, quoted
from .parser import parse
from .query import Query
from .searched import searched_text
from .tally import Tally

__all__ = [
    "Candidate",
    "Facts",
    "FilterFault",
    "Judgement",
    "Names",
    "Query",
    "Tally",
    "by_id",
    "names_of",
    "parse",
    "quoted",
    "refusal_text",
    "searched_text",
]
