"""Docstrings of functions begin with a verb that says what the function does.

A machine cannot see whether a word is a verb. What it sees are the words with which descriptions of a value
begin, such as "The", "What" and "Whether". Properties are read like attributes, so theirs may be such.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
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
_EXEMPT = """
core/aggregates/groups.py
core/checks/__init__.py
core/checks/adjust.py
core/checks/arrival.py
core/checks/bots.py
core/checks/classic.py
core/checks/data.py
core/checks/dates.py
core/checks/double_counts.py
core/checks/examples/example.py
core/checks/examples/identities.py
core/checks/examples/stream.py
core/checks/examples/subscriptions.py
core/checks/fields.py
core/checks/group_keys.py
core/checks/groups.py
core/checks/identity.py
core/checks/ids.py
core/checks/insert_ids.py
core/checks/limits.py
core/checks/mapped.py
core/checks/message.py
core/checks/names.py
core/checks/numbers.py
core/checks/over_limit.py
core/checks/place.py
core/checks/placeholders.py
core/checks/records.py
core/checks/region.py
core/checks/request.py
core/checks/sent_names.py
core/checks/settings.py
core/checks/spaces.py
core/checks/spec.py
core/checks/spec_names.py
core/checks/stream/__init__.py
core/checks/stream/group_values.py
core/checks/stream/groups.py
core/checks/stream/joining.py
core/checks/stream/memory.py
core/checks/stream/names.py
core/checks/stream/observed.py
core/checks/stream/people.py
core/checks/stream/repeats.py
core/checks/stream/users.py
core/checks/subscriptions.py
core/checks/times.py
core/checks/users.py
core/checks/values.py
core/identities/clusters.py
core/identities/model.py
core/identities/notes.py
core/identities/requests.py
core/identities/store.py
core/identities/table.py
core/identities/users.py
core/index/labels.py
core/index/receipts.py
core/index/summaries.py
core/pipeline/address.py
core/pipeline/envelope.py
core/pipeline/intake.py
core/pipeline/lines.py
core/pipeline/parts.py
core/repair/__init__.py
core/repair/countries.py
core/stores/sqlite/checkpoints.py
core/stores/sqlite/damage.py
core/stores/sqlite/faults.py
core/stores/sqlite/guard.py
core/stores/sqlite/lock.py
core/stores/sqlite/place.py
core/stores/sqlite/reader.py
core/stores/sqlite/rescue.py
core/stores/sqlite/rows.py
core/stores/sqlite/salvage/copying.py
core/stores/sqlite/salvage/pages.py
core/stores/sqlite/salvage/records.py
core/stores/sqlite/salvage/tables.py
core/stores/sqlite/schema.py
core/stores/sqlite/store.py
core/workspace/chosen.py
core/workspace/exports.py
core/workspace/objects.py
core/workspace/transformations.py
"""
EXEMPT = frozenset(_EXEMPT.split())
"""Files that are still to be mended: the list only gets shorter."""


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


@pytest.mark.parametrize("folder", ["core", "tui"])
def test_docstrings_of_functions_begin_with_a_verb(folder: str) -> None:
    found = {
        file: list(offences((ROOT / file).read_text(encoding="utf-8")))
        for file in FILES
        if file.startswith(folder) and file not in EXEMPT
    }
    assert {file: some for file, some in found.items() if some} == {}


def test_no_file_is_exempt_without_need() -> None:
    mended = [
        file for file in EXEMPT & {*FILES} if not list(offences((ROOT / file).read_text(encoding="utf-8")))
    ]
    assert not mended, "take these from EXEMPT"
    assert not EXEMPT - {*FILES}, "these are gone: take them from EXEMPT"
