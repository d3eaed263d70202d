"""Paths into a document: `$.properties.id`, `$.products[0]['odd.key']`, `requests[0].body[0].event`."""

from __future__ import annotations

import re

from ...core.messages import Json

_PLAIN = re.compile(r"[^\s.\[\]'\"]+")
_INDEX = re.compile(r"\[(\d+)\]")
_QUOTED = re.compile(r"\[(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\")\]")


def child_path(path: str, key: str | int) -> str:
    """Return the path of a member or item."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if _PLAIN.fullmatch(key):
        return f"{path}.{key}"
    return f"{path}['" + key.replace("\\", "\\\\").replace("'", "\\'") + "']"


def resolve(value: Json, root: str, path: str) -> list[str | int] | None:
    """Return the keys that lead from the document at path `root` to `path`; None if it lacks that path.

    A name with dots in it is understood both quoted and written as it is.
    """
    if not path.startswith(root):
        return None
    rest = path[len(root) :]
    keys: list[str | int] = []
    while rest:
        if isinstance(value, list):
            found = _INDEX.match(rest)
            if found is None or int(found[1]) >= len(value):
                return None
            key: str | int = int(found[1])
            value, rest = value[key], rest[found.end() :]
        elif isinstance(value, dict):
            step = _member(value, rest)
            if step is None:
                return None
            key, rest = step
            value = value[key]
        else:
            return None
        keys.append(key)
    return keys


def _member(value: dict[str, Json], rest: str) -> tuple[str, str] | None:
    quoted = _QUOTED.match(rest)
    if quoted is not None:
        name = re.sub(r"\\(.)", r"\1", quoted[1] if quoted[1] is not None else quoted[2])
        return (name, rest[quoted.end() :]) if name in value else None
    if not rest.startswith("."):
        return None
    rest = rest[1:]
    plain = _PLAIN.match(rest)
    if plain is not None and plain[0] in value:
        return plain[0], rest[plain.end() :]
    fitting = [key for key in value if rest.startswith(key) and rest[len(key) :][:1] in ("", ".", "[")]
    name = max(fitting, key=len, default=None)
    return None if name is None else (name, rest[len(name) :])
