"""Destination filters in segtap.toml: read, written back the same, refused where a key cannot be used."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from segtap.core import config
from segtap.core.config.filters import read_filters, write_filters
from segtap.core.errors import SettingsError
from segtap.core.settings import DestinationFilter


def reread(text: str) -> tuple[DestinationFilter, ...]:
    return read_filters(tomllib.loads(text)["filters"], "segtap.toml")


def test_filters_come_back() -> None:
    filters = (
        DestinationFilter(condition='!(event = "A" or event = "B")', name="Only A and B"),
        DestinationFilter(condition='type = "page"', enabled=False),
        DestinationFilter(
            condition='type = "identify"',
            action="drop_properties",
            fields={"traits": ("email", "phone"), "context.traits": ("email",), "": ("integrations",)},
        ),
        DestinationFilter(
            condition='type = "track"', action="allow_properties", fields={"properties": ("total",)}
        ),
        DestinationFilter(condition='type = "track"', action="sample", percent=0.1, path="userId"),
        DestinationFilter(condition='type = "screen"', action="sample", percent=0.0),
    )
    assert reread(write_filters(filters)) == filters


@pytest.mark.parametrize("condition", ['userId = oops"', "event =", "", "type == 'page' && x"])
def test_a_condition_that_is_not_fql_is_read_and_written_as_it_stands(condition: str) -> None:
    filters = (DestinationFilter(condition=condition, name="Odd"),)
    assert reread(write_filters(filters)) == filters


def test_settings_hold_them(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text("[[filters]]\nif = 'type = \"page\"'\n[segment]\nblocked_events = ['A']\n")
    settings = config.load(environ={}, file=file)
    assert settings.filters == (DestinationFilter(condition='type = "page"'),)
    assert settings.segment.blocked_events == ("A",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("filters = 3", "are tables"),
        ("[[filters]]\naction = 'drop'", "filter 1 has no condition"),
        ("[[filters]]\nif = 'type = \"a\"'\naction = 'sample'", "percent is a number from 0 to 1"),
        ("[[filters]]\nif = 'type = \"a\"'\naction = 'sample'\npercent = 2", "percent is a number"),
        ("[[filters]]\nif = 'type = \"a\"'\naction = 'sample'\npercent = 1\npath = 1", "path is a text"),
        ("[[filters]]\nif = 'type = \"a\"'\naction = 'drop_properties'", "takes names by path"),
        ("[[filters]]\nif = 'a'\naction = 'drop_properties'\nfields = {a = 'b'}", "takes names by path"),
        ("[[filters]]\nif = 'a'\naction = 'drop'\nfields = {a = ['b']}", "no key 'fields'"),
        ("[[filters]]\nif = 'type = \"a\"'\naction = 'x'", "has no action 'x'"),
        ("[[filters]]\nif = 'type = \"a\"'\nenabled = 1", "true or false"),
        ("[[filters]]\nactoin = 'x'", "Did you mean action?"),
    ],
)
def test_a_fault_names_file_filter_and_reason(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        reread(text)
    assert str(caught.value).startswith("segtap.toml: ")
    assert words in str(caught.value)
