"""`[[redact]]` of segtap.toml: what is taken out of requests before they are stored."""

from __future__ import annotations

import msgspec

from ..errors import SettingsError
from ..messages import Json
from ..redaction.rules import Rules
from ..settings import Redaction
from .nearest import nearest_key
from .tables import tables_of

KEYS = tuple(field.name for field in msgspec.structs.fields(Redaction))


def read_redaction(tables: Json, place: str) -> tuple[Redaction, ...]:
    """Read a file's `[[redact]]`. Raises SettingsError, also for a path or a pattern that cannot be read."""
    found: list[Redaction] = []
    words = f"{place}: redaction rules are tables. Write each below a line [[redact]]."
    for number, table in enumerate(tables_of(tables, words), start=1):
        for key in table:
            if key not in KEYS:
                raise SettingsError(
                    f"{place}: redaction rule {number} has no key {key!r}. {nearest_key(key, KEYS)}"
                )
        try:
            found.append(msgspec.convert(table, Redaction))
        except msgspec.ValidationError as error:
            raise SettingsError(f"{place}: redaction rule {number}: {error}.") from None
    try:
        Rules(found)
    except SettingsError as error:
        raise SettingsError(f"{place}: {error}") from None
    return tuple(found)
