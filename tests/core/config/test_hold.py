"""`[[hold]]` of segtap.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from segtap.core.config import load
from segtap.core.errors import SettingsError
from segtap.core.settings import Hold


def settings_of(folder: Path, text: str) -> tuple[Hold, ...]:
    file = folder / "segtap.toml"
    file.write_text(text)
    return load(None, file=file).hold


def test_filters_are_read_in_order(tmp_path: Path) -> None:
    text = """
[[hold]]
name = "Refunds"
filter = 'event:"Order Refunded"'
[[hold]]
filter = "mp.$set.plan=pro"
"""
    assert settings_of(tmp_path, text) == (
        Hold(filter='event:"Order Refunded"', name="Refunds"),
        Hold(filter="mp.$set.plan=pro"),
    )
    assert settings_of(tmp_path, "") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hold = 1", "Write each below a line [[hold]]"),
        ("[[hold]]\nname = 'x'", "hold filter 1 has no filter"),
        ("[[hold]]\nfiltre = 'x'", "has no key 'filtre'. Did you mean filter?"),
        ("[[hold]]\nfilter = 7", "hold filter 1: Expected `str`"),
        ("[[hold]]\nfilter = 'a'\n[[hold]]\nfilter = ' '", "hold filter 2 is empty"),
        ("[[hold]]\nfilter = 'delivery:sent'", "asks for a delivery"),
        ("[[hold]]\nfilter = '-is:second'", "hold filter 1 asks with is: for copies"),
        (
            "[[hold]]\nfilter = 'a'\n[[hold]]\nfilter = 'typ:track'",
            "hold filter 2, character 1: There is no field typ",
        ),
    ],
)
def test_faults_name_their_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of(tmp_path, text)
    assert words in str(caught.value)
    assert "segtap.toml" in str(caught.value)


def test_a_fault_in_a_filter_is_one_line_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of(tmp_path, "[[hold]]\nfilter = 'event:a total>100'")
    assert "hold filter 1, character 9: " in str(caught.value)
    assert "Try: properties.total>100" in str(caught.value)
    assert "\n" not in str(caught.value)
