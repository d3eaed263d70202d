"""Texts on the screen name keys by the key map, so that they are right when `[keys]` changes a key."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from segtap import core, tui
from segtap.core.doctor.faq import QUESTIONS, answer
from segtap.tui.keymap import commands

CORE = Path(next(iter(core.__path__)))
TUI = Path(next(iter(tui.__path__)))
TABLES = {"keys.py", "pane_keys.py", "dialog_keys.py", "key_names.py", "keys_file.py", "places.py"}
"""Where the keys stand themselves."""
FIXED = {
    "Enter": ("screens/help.py", "screens/name_box.py"),
    "Tab": ("screens/decode.py",),
    "u": ("actions/marks.py",),
    "End": ("commands/bundle.py", "commands/engines.py"),
}
"""Keys of Textual's own boxes and letters of a menu, which `[keys]` does not change; and a plain word."""
DATA = ("checks/examples/", "demo/", "destinations/")
"""Where core's texts are messages and code, not sentences."""
LABELS = {label for key in commands().values() for label in key.label.split()}
VERBS = (
    "again|asks|back|clears|closes|compares|copies|edits|filters|folds|follows|goes|leads|lists|marks|offers|"
    "opens|quits|replays|resumes|saves|sends|shows|stops|then|there|tries|turns|undoes|unfolds|unless"
)
NAMED = "|".join(re.escape(label) for label in LABELS if len(label) > 1)
SINGLE = "".join(re.escape(label) for label in LABELS if len(label) == 1 and label not in ",|0123456789")
"""Keys with a name, which stand for nothing else; and those of one sign, which are keys before a verb."""
KEYS = re.compile(
    rf"(?<![\w'])({NAMED})(?=[ .,:;)]|$)|(?:^|[\s(“\"])([{SINGLE}]) (?=(?:{VERBS})\b)"
    rf"|[Pp]ress ([{SINGLE}])(?!\w)"
)


def texts(tree: ast.Module) -> Iterator[str]:
    """The texts of a module that are not documentation."""
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node.value


def fixed_keys(text: str) -> list[str]:
    """The keys that a text names itself."""
    found = ["".join(groups) for groups in KEYS.findall(text)]
    return [key for key in found if key != "a"]  # the article


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Esc in the list stops it.", ["Esc"]),
        ("f turns it off, r replays it.", ["f", "r"]),
        ("With two marked, = compares them", ["="]),
        ("Press q in its screen", ["q"]),
        ("f there tries again", ["f"]),
        ("a replay sends what is for this project", []),
        ("Escape and Entered are words", []),
    ],
)
def test_a_fixed_key_is_found(text: str, keys: list[str]) -> None:
    assert fixed_keys(text) == keys


@pytest.mark.parametrize("root", [TUI, CORE])
def test_no_text_names_a_key_itself(root: Path) -> None:
    found: dict[str, list[str]] = {}
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if name.startswith(DATA if root == CORE else ("cli/", *TABLES)):
            continue
        for text in texts(ast.parse(path.read_text())):
            keys = [key for key in fixed_keys(text) if name not in FIXED.get(key, ())]
            if keys:
                found[f"{name}: {text}"] = keys
    assert not found


def test_answers_of_the_faq_name_commands_that_have_keys() -> None:
    named: list[str] = []
    for question in QUESTIONS:
        answer(question, None, lambda id: named.append(id) or "")
    assert {"request.next", "decode.open"} == set(named) <= set(commands())
