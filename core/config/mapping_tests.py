"""`[[tests]]` of segtap.toml: messages, and what each is expected to become."""

from __future__ import annotations

import json
from typing import cast, get_args

import msgspec

from ..errors import SettingsError
from ..expected import Expected, MappingTest
from ..mapping.dates import read_time
from ..messages import Json, JsonObject
from ..verdict import Stage
from .nearest import nearest_key
from .tables import tables_of

KEYS = tuple(field.name for field in msgspec.structs.fields(MappingTest))
EXPECT_KEYS = tuple(field.name for field in msgspec.structs.fields(Expected))
STAGES = tuple(stage for stage in get_args(Stage) if stage)


def read_tests(tables: Json, place: str) -> tuple[MappingTest, ...]:
    """Read a file's `[[tests]]`; `place` names the file. Raises SettingsError."""
    checked = tables_of(tables, f"{place}: tests is a list of tables: write [[tests]] above each.")
    return tuple(_test(table, f"{place}: test {number}") for number, table in enumerate(checked, start=1))


def _test(table: JsonObject, place: str) -> MappingTest:
    _refuse_unknown(table, KEYS, place)
    name = table.get("name")
    if not isinstance(name, str) or not name:
        raise SettingsError(f'{place} has no name. Write name = "…".')
    place = f"{place} ({name})"
    message, expect = _message(table.get("message"), place), table.get("expect")
    if not isinstance(expect, dict) or not expect:
        raise SettingsError(f'{place} expects nothing. Write expect = {{ events = ["…"] }}.')
    _refuse_unknown(expect, EXPECT_KEYS, f"{place}: expect")
    try:
        made = msgspec.convert({**table, "message": message}, MappingTest)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{place} cannot be read: {error}.") from None
    _only_json(made.expect.properties, f"{place}: expect.properties")
    stage = made.expect.not_sent
    if stage is not None and stage not in STAGES:
        raise SettingsError(f"{place}: there is no stage {stage!r}. {nearest_key(stage, STAGES)}")
    if made.now and read_time(made.now) is None:
        raise SettingsError(f"{place}: now is a time, such as 2026-11-24T22:00:00Z.")
    return made


def _refuse_unknown(table: JsonObject, known: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in known:
            raise SettingsError(f"{place} has no key {key!r}. {nearest_key(key, known)}")


def _message(given: Json, place: str) -> JsonObject:
    """Return the message of a table, or of JSON in a string, which alone can hold null."""
    if isinstance(given, str):
        try:
            given = cast(Json, json.loads(given))
        except ValueError as error:
            raise SettingsError(f"{place}: message is a string that is not JSON: {error}.") from None
    if not isinstance(given, dict):
        raise SettingsError(f'{place} has no message. Write message = {{ type = "track", event = "…" }}.')
    _only_json(given, f"{place}: message")
    return given


def _only_json(value: Json, place: str) -> None:
    """Refuse TOML's dates, infinity and nan."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise SettingsError(f"{place} has a date, infinity or nan. Put it into quotes.") from None
