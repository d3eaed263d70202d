"""Docstrings of functions begin with a verb that says what they do, those of classes say what they are.

Those of long modules, and of classes with many methods, say why.

A machine cannot see whether a word is a verb. What it sees are the words with which descriptions of a value
begin, such as "The", "What" and "Whether". Properties are read like attributes, so theirs may be such.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    str(path.relative_to(ROOT)) for folder in ("core", "tui") for path in ROOT.glob(f"{folder}/**/*.py")
)
_NOT_VERBS = """
A All Also An Another Any As At Bytes Each Every Everything False For From How If In Its It Like Most Never
No Nobody None Not Nothing Of On One Only Other Out Raises Rows Same Seconds Segtap Several Some Such Texts
That The There These This Those True Two What When Where Whether Which Who Why With Without Words
"""
NOT_VERBS = frozenset(_NOT_VERBS.split())
_NOT_NAMES = """
Any As At Does False For Go Holds How If In No Nobody None Not Of On Show Some Stands Takes That
There Told True Turn Was When Where Whether Which Who Whom Whose Why With Without
"""
NOT_NAMES = frozenset(_NOT_NAMES.split())
"""Words with which a sentence begins that does not say what the class is."""


def offences(text: str) -> Iterator[str]:
    """Yield the functions whose docstring does not begin with a verb."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        words = (ast.get_docstring(node) or "").split()
        if not words or any("property" in ast.unparse(decorator) for decorator in node.decorator_list):
            continue
        first = words[0].rstrip(".,:;")
        if first in NOT_VERBS or not first[:1].isupper() or first.endswith("'s"):
            yield f"{node.lineno} {node.name}: {' '.join(words[:8])}"


def classes(text: str) -> Iterator[str]:
    """Yield the classes whose docstring does not say what the class is."""
    for node in ast.walk(ast.parse(text)):
        words = (ast.get_docstring(node) or "").split() if isinstance(node, ast.ClassDef) else []
        if words and isinstance(node, ast.ClassDef):
            first = words[0].rstrip(".,:;")
            # The name of another class, or of a table of segtap.toml, stands for that.
            field = first.startswith("`") and first[1:2] != "[" and not first[1:2].isupper()
            if first in NOT_NAMES or field:
                yield f"{node.lineno} {node.name}: {' '.join(words[:8])}"


@pytest.mark.parametrize(
    ("docstring", "offends"),
    [
        ("A place in a message.", False),
        ("`[journal]` of the settings.", False),
        ("Sends requests.", False),
        ("Where the message stands.", True),
        ("Holds the messages.", True),
        ("`kind` is text or number.", True),
    ],
)
def test_what_is_seen_of_classes(docstring: str, offends: bool) -> None:
    assert bool(list(classes(f'class Name:\n    """{docstring}"""\n'))) is offends


@pytest.mark.parametrize(
    ("docstring", "offends"),
    [
        ("Return the name.", False),
        ("The name.", True),
        ("Whether it has a name.", True),
        ("`a ?? b`: the first.", True),
        ("Segment's name for it.", True),
    ],
)
def test_what_is_seen(docstring: str, offends: bool) -> None:
    text = f'def name():\n    """{docstring}"""\n'
    assert bool(list(offences(text))) is offends
    assert not list(offences(f"@property\n{text}"))


@pytest.mark.parametrize("check", [offences, classes])
@pytest.mark.parametrize("folder", ["core", "tui"])
def test_docstrings_say_what_functions_do_and_classes_are(
    folder: str, check: Callable[[str], Iterator[str]]
) -> None:
    found = {
        file: list(check((ROOT / file).read_text(encoding="utf-8")))
        for file in FILES
        if file.startswith(folder)
    }
    assert {file: some for file, some in found.items() if some} == {}


def test_modules_of_over_350_lines_say_why() -> None:
    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in FILES}
    long = {file: text for file, text in texts.items() if text.count("\n") > 350}
    docstrings = {file: ast.get_docstring(ast.parse(text)) or "" for file, text in long.items()}
    assert {
        file for file, docstring in docstrings.items() if "over 350 lines" not in " ".join(docstring.split())
    } == set()


def methods_of(node: ast.ClassDef) -> int:
    """Return how many methods a class has; properties are read like attributes and do not count."""
    return sum(
        isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
        and not any("property" in ast.unparse(decorator) for decorator in part.decorator_list)
        for part in node.body
    )


def test_classes_of_over_25_methods_say_why() -> None:
    found = {
        f"{file} {node.name}": methods_of(node)
        for file in FILES
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and "over 25 methods" not in (ast.get_docstring(node) or "")
    }
    assert {name: methods for name, methods in found.items() if methods > 25} == {}
