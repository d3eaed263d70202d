"""The settings in force, each with the place that gave it, and without secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import msgspec

from ..masks import masked_settings
from ..messages import Json
from ..server_url import without_user
from ..settings import Secret, Settings
from .names import KEYS, SECTIONS, TABLES, TOP_LEVEL

DEFAULT = "default"
"""The place of a setting that nobody gave."""


class ShownSetting(msgspec.Struct, frozen=True, kw_only=True):
    """A setting: `destination.region`, its value, and the option, variable or file that gave it."""

    name: str
    value: Json
    place: str = DEFAULT


def shown_settings(settings: Settings) -> Iterator[ShownSetting]:
    """Yield every setting, then the count of the tables of each kind that a file has."""
    shown = masked_settings(settings)
    for name in TOP_LEVEL:
        yield _shown(settings, name, getattr(shown, name))
    for section in SECTIONS:
        values = getattr(shown, section)
        for name in values.__struct_fields__:
            yield _shown(settings, f"{section}.{name}", getattr(values, name))
    for name in (*TABLES, KEYS):
        if name in settings.places:
            yield _shown(settings, name, len(getattr(settings, name)))


def _shown(settings: Settings, name: str, value: object) -> ShownSetting:
    given = settings.places.get(name)
    if isinstance(value, Secret):
        value = str(value)
    if isinstance(value, str):
        value = without_user(value)
    place = DEFAULT if given is None else str(given)
    return ShownSetting(name=name, value=cast(Json, msgspec.to_builtins(value)), place=place)
