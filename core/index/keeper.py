"""What the reader of receipts asks of an engine: which kept verdicts are right, and insert functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..messages import Message, SourceKind
from ..objections import Objection
from ..outcomes import FunctionOutcome
from ..stores.base import Judged
from ..verdict import Translation, Verdict
from .ways import Ways


class Keeper(Protocol):
    """Knows which kept verdicts are still right: `ActiveSettings`."""

    @property
    def revision(self) -> str:
        """What names verdicts that are made now."""
        ...

    @property
    def ways(self) -> Ways | None:
        """The routes to Mixpanel where there are several, else None."""
        ...

    def restore(self, message: Message, kept: Judged) -> Verdict | None:
        """Return the verdict that the index keeps, None if it is stale."""
        ...

    def translated(self, message: Message) -> Translation:
        """Return the translation that a verdict would hold."""
        ...

    def outcomes(self, kept: Judged) -> tuple[FunctionOutcome, ...]:
        """Return what insert functions made of a message, as the index keeps it; () if that is stale."""
        ...

    def copied(self, named: str, objections: tuple[Objection, ...], source_kind: SourceKind) -> Verdict:
        """Return the verdict on a copy of a message that is called so, which would be dropped."""
        ...


class Functions(Protocol):
    """Runs the insert functions of the settings: `EngineFunctions`."""

    @property
    def needed(self) -> bool:
        """True if there are any."""
        ...

    async def record(self, messages: Sequence[Message], /) -> list[Message]:
        """Return the messages with the outcomes of the functions; those that are known are kept."""
        ...
