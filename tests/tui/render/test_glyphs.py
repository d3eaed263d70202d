"""Glyphs, and when to do without Unicode."""

from __future__ import annotations

from dataclasses import fields

import pytest
from rich.cells import cell_len

from segtap.core.delivery import DeliveryState
from segtap.tui.render.glyphs import ASCII, UNICODE, Glyphs, to_ascii, wants_ascii


@pytest.mark.parametrize("marks", [ASCII, UNICODE])
def test_every_mark_is_one_cell_and_no_two_deliveries_look_alike(marks: Glyphs) -> None:
    assert set(marks.delivery) == set(DeliveryState)
    assert len(set(marks.delivery.values())) == len(DeliveryState)
    for mark in (*marks.delivery.values(), *marks.spark, marks.error, marks.warning, marks.cursor):
        assert cell_len(mark) == 1


def test_the_ascii_marks_are_ascii() -> None:
    assert ASCII.ascii
    assert not UNICODE.ascii
    for field in fields(ASCII):
        if field.name == "ascii":
            continue
        value = getattr(ASCII, field.name)
        assert "".join(value.values() if isinstance(value, dict) else value).isascii()
    assert to_ascii("Käse 🛒") == "K?se ?"


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"SEGTAP_ASCII": "1"}, True),
        ({"SEGTAP_ASCII": "0", "TERM": "dumb"}, False),
        ({"TERM": "vt100"}, True),
    ],
)
def test_when_to_do_without_unicode(environ: dict[str, str], wanted: bool) -> None:
    assert wants_ascii(environ) is wanted


def test_the_locale_decides_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, wanted in (("UTF-8", False), ("ANSI_X3.4-1968", True), ("ISO-8859-1", True)):
        monkeypatch.setattr("locale.getpreferredencoding", lambda _, encoding=encoding: encoding)
        assert wants_ascii({"TERM": "xterm"}) is wanted


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "C"}, True),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, True),
        ({"LC_ALL": "C.UTF-8", "LANG": "C"}, False),
        ({"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8"}, False),
    ],
)
def test_the_c_locale_is_seen_though_python_makes_it_utf8(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], wanted: bool
) -> None:
    monkeypatch.setattr("locale.getpreferredencoding", lambda _: "UTF-8")
    assert wants_ascii({"TERM": "xterm", **environ}) is wanted
