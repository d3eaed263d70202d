"""`[[sources]]` of segtap.toml: the sources of a Segment workspace, and the settings of each.

A source is known by its write keys. Its tracking plan and its subscriptions are files of their own, found
from the folder of the settings file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from ..errors import SettingsError
from ..masks import mask_token
from ..messages import Json, JsonObject
from ..settings import OF_SCHEMA, SOURCE_COLORS, SourceColor, SourceSettings, Subscription
from ..text import clean
from .nearest import nearest_key
from .reading import read_file
from .tables import tables_of

MOST_NAME = 40
"""Characters of a name."""


class SourceTable(msgspec.Struct, kw_only=True):
    """One of `[[sources]]`: a source of the Segment workspace. What it says wins for its messages."""

    name: Annotated[str, msgspec.Meta(max_length=MOST_NAME, pattern=r'^[^\s*,"\\]([^*,"\\]*[^\s*,"\\])?$')]
    """What lists and filters call it: source:web."""
    write_keys: Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1)], ...], msgspec.Meta(min_length=1)]
    """Its write keys; for Mixpanel's own SDKs project tokens."""
    color: SourceColor = "blue"
    """The color of its name in the list; left out: the next one that no source names."""
    plan: str = ""
    """The file of its tracking plan, in place of the general one; "": none."""
    source_name: str = ""
    """Its segment_source_name, in place of that under [destination]."""
    subscriptions: str = ""
    """A file with the [[subscriptions]] of the destination that it is connected to."""
    blocked_events: tuple[str, ...] = ()
    """Track events that its schema blocks, in place of those under [segment]; so are the next three."""
    blocked_properties: tuple[str, ...] | dict[str, tuple[str, ...]] = ()
    blocked_traits: tuple[str, ...] = ()
    blocked_group_traits: tuple[str, ...] = ()
    consent_categories: tuple[str, ...] = ()
    """Consent categories of the destination that it is connected to."""


KEYS = tuple(field.name for field in msgspec.structs.fields(SourceTable))


def read_sources(tables: Json, place: str, folder: Path) -> tuple[SourceSettings, ...]:
    """Read a file's `[[sources]]`; `place` names the file, `folder` is where it is. Raises SettingsError."""
    words = f"{place}: sources are tables. Write each below a line [[sources]]."
    found = tables_of(tables, words)
    given = [_read(table, f"{place}: source {number}", folder) for number, table in enumerate(found, start=1)]
    _refuse_doubles([source for source, _ in given], place)
    return tuple(_colored(given))


def _refuse_doubles(sources: Sequence[SourceSettings], place: str) -> None:
    """Raise SettingsError for a name or a write key that is there twice, and for a name that is a key."""
    names: dict[str, str] = {}
    keys: dict[str, str] = {}
    for number, source in enumerate(sources, start=1):
        at = f"{place}: source {number} ({source.name})"
        if source.name.casefold() in names:
            raise SettingsError(f"{at} has the name of another source. Give each a name of its own.")
        names[source.name.casefold()] = source.name
        for key in source.write_keys:
            if (owner := keys.setdefault(key, source.name)) != source.name:
                raise SettingsError(f"{at} has the write key {_short(key)}, which is a key of {owner}.")
    for key, owner in keys.items():
        if (named := names.get(key.casefold(), owner)) != owner:
            raise SettingsError(
                f"{place}: the source {named} has a write key of {owner} as its name. Choose another name."
            )


def _short(key: str) -> str:
    return clean(mask_token(key))


def _colored(given: Sequence[tuple[SourceSettings, bool]]) -> Iterator[SourceSettings]:
    """Yield the sources, each that names no color with the next one that is not named."""
    named = {source.color for source, colored in given if colored}
    free = [color for color in SOURCE_COLORS if color not in named] or list(SOURCE_COLORS)
    number = 0
    for source, colored in given:
        if colored:
            yield source
        else:
            yield msgspec.structs.replace(source, color=free[number % len(free)])
            number += 1


def _read(table: JsonObject, place: str, folder: Path) -> tuple[SourceSettings, bool]:
    """Return a source, and whether it names a color."""
    name = table.get("name")
    if isinstance(name, str) and name.strip():
        place = f"{place} ({name})"
    for key in table:
        if key not in KEYS:
            raise SettingsError(f"{place} has no key {key!r}. {_hint(key)}")
    if not isinstance(name, str) or not name.strip():
        what = "has no name" if name in (None, "") else f"cannot be named {name!r}"
        raise SettingsError(f'{place} {what}. Write a text: name = "web".')
    if name != name.strip() or not name.isprintable() or len(name) > MOST_NAME:
        raise SettingsError(
            f"{place} cannot have that name: a name is one line of at most {MOST_NAME} characters, without a"
            " space at either end."
        )
    if any(sign in name for sign in '*,"\\'):
        raise SettingsError(
            f"{place} cannot have that name: *, commas, quotes and backslashes mean something in filters."
        )
    color = table.get("color")
    if color is not None and color not in SOURCE_COLORS:
        raise SettingsError(f"{place}: color cannot be {color!r}: write one of {', '.join(SOURCE_COLORS)}.")
    keys = table.get("write_keys")
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) and key for key in keys):
        what = "has no write_keys" if keys in (None, []) else f"cannot have the write_keys {keys!r}"
        raise SettingsError(f'{place} {what}. Write a list of texts: write_keys = ["…"].')
    try:
        read = msgspec.convert(table, SourceTable)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{place}: {error}.") from None
    source = SourceSettings(
        name=read.name,
        write_keys=tuple(dict.fromkeys(read.write_keys)),
        color=read.color,
        plan=_file(read.plan, folder) if "plan" in table else None,
        source_name=read.source_name if "source_name" in table else None,
        subscriptions=_subscriptions(read.subscriptions, folder, place),
        subscriptions_file=_file(read.subscriptions, folder),
        **{key: getattr(read, key) for key in OF_SCHEMA if key in table},
    )
    return source, color is not None


def _hint(key: str) -> str:
    if key == "write_key":
        return 'Write a list, also of one: write_keys = ["…"].'
    if key == "colour":
        return "Did you mean color?"
    if key in ("token", "token_env", "region", "api_secret_env"):
        return "Where the messages of a source go is said by [[routes]], with write_keys."
    return nearest_key(key, KEYS)


def _file(name: str, folder: Path) -> str:
    return str((folder / Path(name).expanduser()).absolute()) if name else ""


def _subscriptions(name: str, folder: Path, place: str) -> tuple[Subscription, ...] | None:
    """Return the subscriptions of the file that a source names; None if it names none."""
    if not name:
        return None
    from .subscriptions import read_subscriptions

    try:
        named = read_file(Path(_file(name, folder)))
    except SettingsError as error:
        raise SettingsError(f"{place}: {error}") from None
    if "subscriptions" not in named.tables:
        raise SettingsError(f"{place}: {named.path} has no [[subscriptions]].")
    try:
        return read_subscriptions(named.tables["subscriptions"], str(named.path))
    except SettingsError as error:
        raise SettingsError(f"{place}: {named.fault_of_table('subscriptions', error)}") from None
