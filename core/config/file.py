"""Changes segtap.toml as text, so that whatever is not meant to change stays as its owner wrote it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from .. import private_files
from ..errors import SettingsError
from ..messages import Json, JsonObject
from ..not_imitated import NotImitated
from ..settings import DestinationFilter, Subscription
from ..toml_text import toml_key, toml_value
from ..transformations import Transformation
from .filters import write_filters
from .not_imitated import read_not_imitated, write_not_imitated
from .subscriptions import write_subscriptions
from .transformations import write_transformations

_HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')")
_EMPTY_LIST = re.compile(r"\s*([a-z_]+)\s*=\s*\[\s*\]")
_DELIMITERS = re.compile(r"'''|\"\"\"|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|#[^\n]*")


def write_section(name: str, values: JsonObject) -> str:
    """Return `[name]` with its keys, one per line."""
    lines = [f"[{name}]", *(f"{toml_key(key)} = {toml_value(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def with_workspace(
    text: str,
    *,
    sections: dict[str, JsonObject],
    subscriptions: Sequence[Subscription] | None = None,
    transformations: Sequence[Transformation] | None = None,
    filters: Sequence[DestinationFilter] | None = None,
    not_imitated: Sequence[NotImitated] = (),
    heading: str = "",
) -> str:
    """Return a settings file's text with these sections and tables in place of its own.

    Keys of a section that are not given stay; so do tables for which None is given, all other sections, and
    comments outside of what is replaced. `not_imitated` is added to what the file names already; with a
    `destination` among the sections it replaces that. `heading` is a comment above the new parts. Raises
    SettingsError when the text is not TOML, or could not be changed without touching anything else.
    """
    before = _parsed(text)
    parts: list[str] = []
    for name, values in sections.items():
        old = before.get(name)
        parts.append(write_section(name, {**_kept(old, values), **values}))
    replaced = set(sections)
    if subscriptions is not None:
        replaced.add("subscriptions")
        parts.append(write_subscriptions(subscriptions) if subscriptions else "")
    if transformations is not None:
        replaced.add("transformations")
        parts.append(write_transformations(transformations))
    if filters is not None:
        replaced.add("filters")
        parts.append(write_filters(filters))
    if "destination" not in sections:
        known = read_not_imitated(before.get("not_imitated", []), "The settings file")
        not_imitated = tuple(dict.fromkeys((*known, *not_imitated)))
    replaced.add("not_imitated")
    parts.append(write_not_imitated(not_imitated))
    comment = "".join(f"# {line}\n" for line in heading.splitlines())
    rest = _without(text, replaced).strip("\n")
    # Keys that belong to no section come first in TOML, and so they do in what is left.
    written = comment + "\n".join(part for part in parts if part)
    made = "\n".join(part for part in (rest + "\n" if rest else "", written) if part)
    if subscriptions is not None and not subscriptions:
        made = f"subscriptions = []\n{made}"
    _check_characters(made)
    _check(before, _parsed(made), replaced)
    return made


def _kept(old: Json | None, new: JsonObject) -> JsonObject:
    """Return the keys of a section that stay; of `token` and `token_env` only the new one does."""
    if not isinstance(old, dict):
        return {}
    gone = {"token"} if "token_env" in new else {"token_env"} if "token" in new else set[str]()
    return {key: value for key, value in old.items() if key not in gone}


def _parsed(text: str) -> JsonObject:
    try:
        return cast(JsonObject, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The settings file is not TOML: {error}. Mend it first.") from None
    except RecursionError:
        raise SettingsError("The settings file has lists or tables nested too deep to be read.") from None


def _check_characters(made: str) -> None:
    try:
        made.encode()
    except UnicodeEncodeError as error:
        around = made[max(0, error.start - 20) : error.start]
        raise SettingsError(
            f"There is half a character after {around!r}, which no settings file can hold. Mend that first."
        ) from None


def _check(before: JsonObject, after: JsonObject, replaced: set[str]) -> None:
    kept = {key: value for key, value in before.items() if key not in replaced}
    if {key: value for key, value in after.items() if key not in replaced} != kept:
        raise SettingsError(
            "The settings file cannot be changed without touching its other sections. Print the new ones with"
            " --stdout and put them in by hand."
        )


def _without(text: str, names: set[str]) -> str:
    """Return the text without the tables of these names and the comments within them."""
    kept: list[str] = []
    dropping, within, top = False, "", True
    for line in text.splitlines(keepends=True):
        empty_list = False
        if not within:
            header = _HEADER.match(line)
            if header is not None:
                dropping, top = header[1].strip("\"'") in names, False
            key = _EMPTY_LIST.match(line) if top else None
            empty_list = key is not None and key[1] in names
        if not dropping and not empty_list:
            kept.append(line)
        within = _open_text(line, within)
    return "".join(kept)


def _open_text(line: str, within: str) -> str:
    """Return the delimiter of a multi-line string that is open at the end of the line, else ""."""
    at = 0
    while True:
        if within:
            end = line.find(within, at)
            if end < 0:
                return within
            at, within = end + 3, ""
        found = next((m for m in _DELIMITERS.finditer(line, at) if m[0] in ("'''", '"""')), None)
        if found is None:
            return ""
        at, within = found.end(), found[0]


def write_file(path: Path, text: str) -> None:
    """Write the file whole or not at all; a new one is readable by its owner only. Raises SettingsError."""
    try:
        private_files.replace(path, text.encode("utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}.") from error
