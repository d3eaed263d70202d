"""The messages of receipts that are asked for one after the other."""

from __future__ import annotations

from ..messages import JsonObject, Receipt, position_of
from ..sources.decode import compression
from .judging import Parse

SMALL = 512 * 1024
SMALL_COMPRESSED = SMALL // 16
"""Bytes of a body up to which all its messages are kept, until one of another receipt is asked for."""


class Documents:
    """Reads single messages of receipts: of a small receipt all at once, since the next is asked for, too."""

    def __init__(self, parse: Parse) -> None:
        self._parse = parse
        self._receipt: Receipt | None = None
        self._documents: dict[int, JsonObject] = {}

    def of(self, receipt: Receipt, id: int) -> JsonObject:
        """Return the message of this id, which came in the receipt."""
        if len(receipt.body) > (SMALL_COMPRESSED if compression(receipt.body) else SMALL):
            return next(one.document for one in self._parse(receipt, {position_of(id)}) if one.id == id)
        if self._receipt is not receipt:
            self._documents = {one.id: one.document for one in self._parse(receipt)}
            self._receipt = receipt
        return self._documents[id]
