"""The base of everything that calls operations of the API."""

from __future__ import annotations

import abc
from collections.abc import AsyncGenerator
from typing import TypeVar

from .operations import Operation

R = TypeVar("R")
A = TypeVar("A")


class Caller(abc.ABC):
    """Carries requests to an engine. Subclasses name the operations: `Viewer`, `Expectations`, `Probes`."""

    url: str

    @abc.abstractmethod
    async def call(self, operation: Operation[R, A], request: R) -> A:
        """Call an operation that answers with one value, or with text."""

    @abc.abstractmethod
    def call_lines(self, operation: Operation[R, A], request: R) -> AsyncGenerator[bytes]:
        """Call an operation that answers with lines; each is JSON text with its newline.

        Whoever may stop before the last line closes the generator: `contextlib.aclosing`.
        """
