"""`[[tests]]` of segtap.toml are read, and a fault says what is wrong with which of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segtap.core import config
from segtap.core.config.mapping_tests import read_tests
from segtap.core.errors import SettingsError

MESSAGE = {"type": "track", "event": "Loaf Sold"}


def test_a_message_is_a_table_or_json_in_a_string(tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text(
        '[[tests]]\nname = "One"\nmessage = { type = "track", event = "Loaf Sold" }\n'
        'expect = { events = ["Loaf Sold"], properties = { total = 5 }, without = ["till"] }\n'
        '[[tests]]\nname = "Two"\nnow = "2026-11-24T22:00:00Z"\nexpect = { not_sent = "filters" }\n'
        "message = '''{\"type\": \"track\", \"event\": null}'''\n"
    )
    one, two = config.load(file=file, environ={}).tests
    assert (one.name, one.message, one.now) == ("One", MESSAGE, "")
    assert one.expect.events == ("Loaf Sold",)
    assert (one.expect.properties, one.expect.without) == ({"total": 5}, ("till",))
    assert (two.message, two.expect.not_sent, two.expect.events) == (
        {"type": "track", "event": None},
        "filters",
        None,
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": None}, "has no name"),
        ({"message": None}, "has no message"),
        ({"message": "{"}, "not JSON"),
        ({"message": {**MESSAGE, "properties": {"a": float("nan")}}}, "date, infinity or nan"),
        ({"expect": None}, "expects nothing"),
        ({"expect": {}}, "expects nothing"),
        ({"expect": {"event": ["x"]}}, "has no key 'event'. Did you mean events?"),
        ({"expect": {"events": "x"}}, "cannot be read"),
        ({"expect": {"not_sent": "filter"}}, "there is no stage 'filter'. Did you mean filters?"),
        ({"now": "soon"}, "now is a time"),
        ({"mesage": {}}, "has no key 'mesage'. Did you mean message?"),
    ],
)
def test_a_fault_names_the_test(changes: dict[str, Any], words: str) -> None:
    table = {"name": "One", "message": MESSAGE, "expect": {"events": ["x"]}, **changes}
    given: Any = [{key: value for key, value in table.items() if value is not None}]
    with pytest.raises(SettingsError, match=r"^segtap\.toml: test 1") as raised:
        read_tests(given, "segtap.toml")
    assert words in str(raised.value)
