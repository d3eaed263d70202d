"""The note by which other programs find a running engine."""

from __future__ import annotations

import os

from ..serve.notes import EngineKind, EngineNote, note_path, remove_note, write_note
from ..stores.base import Stores
from .queries import VERSION


class Announcement:
    """The note of one engine in the state folder."""

    def __init__(
        self, urls: tuple[str, ...], token: str, stores: Stores, *, kind: EngineKind, owner: int
    ) -> None:
        self._note = EngineNote(
            pid=os.getpid(),
            url=urls[0],
            urls=urls,
            token=token,
            version=VERSION,
            journal="" if stores.ephemeral else stores.path,
            kind=kind,
            owner=owner,
        )
        self._path = write_note(self._note)

    def restore(self) -> None:
        """Write the note again if it is gone.

        It is in the folder of the usual journal: whoever deleted one may have deleted both.
        """
        if not note_path(self._note).exists():
            self._path = write_note(self._note)

    def remove(self) -> None:
        """Remove the note."""
        remove_note(self._path)
