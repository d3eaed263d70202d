"""The page of the language says all that the language knows."""

from __future__ import annotations

from segtap.core.query.fields import FIELDS
from segtap.core.query.guide import guide
from segtap.core.query.parser import parse
from segtap.core.query.terms import HELP, ROOTS


def test_the_page_names_every_form_field_value_and_root() -> None:
    lines = list(guide(80))
    page = " ".join(" ".join(lines).split())
    for form in HELP:
        assert f"  {form.FORM}" in lines
        assert f"    Example: {form.EXAMPLE}" in lines
    for field in FIELDS:
        assert f"  {field.name}:" in lines
        assert field.means in page
        assert all(value in page for value in field.fixed)
    assert all(root in page for root in ROOTS)
    for line in lines:
        assert len(line) <= 84
        _, is_example, example = line.partition("Example: ")
        if is_example:
            parse(example)
