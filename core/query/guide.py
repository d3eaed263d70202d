"""The language's page for `segtap help filter`, `?` and the README, made of the terms and fields."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import msgspec

from .fields import FIELDS
from .terms import HELP, ROOTS

_INDENT = "    "


class Entry(msgspec.Struct, frozen=True):
    """One line of the language: how it is written, what it matches, and an example."""

    form: str
    means: str
    example: str


def entries() -> dict[str, list[Entry]]:
    """Return the language by heading: the forms of terms, the fields with their values, and paths."""
    fields = [
        Entry(
            f"{field.name}:",
            f"{field.means} ({', '.join(field.fixed)})" if field.fixed else field.means,
            field.example,
        )
        for field in FIELDS
    ]
    roots = f"begin with {', '.join(ROOTS[:-1])} or mp, then .key for each step"
    mixpanel = (
        "what Mixpanel gets: from an event's properties (mp.event is its name), or from the record of a "
        "profile or group; one record that matches is enough"
    )
    return {
        "Terms": [Entry(form.FORM, form.MEANS, form.EXAMPLE) for form in HELP],
        "Fields": fields,
        "Paths": [
            Entry("properties.a.b", roots, 'properties."my key"=1'),
            Entry("mp.key", mixpanel, "mp.$set.plan=pro"),
        ],
    }


def guide(width: int = 100) -> Iterator[str]:
    """Yield the page's lines."""
    for heading, listed in entries().items():
        yield heading
        for entry in listed:
            yield f"  {entry.form}"
            yield from textwrap.wrap(entry.means, width, initial_indent=_INDENT, subsequent_indent=_INDENT)
            yield f"{_INDENT}Example: {entry.example}"
        yield ""
    yield from textwrap.wrap(
        "To search for text that holds an operator, a colon or a parenthesis, quote it: '\"a=b\"'. In a "
        "command, write a filter that begins with - with not, or put -- before it. Without a filter "
        "everything matches.",
        width,
    )


def guide_markdown() -> str:
    """Return the page as the tables of the README."""
    lines: list[str] = []
    for heading, listed in entries().items():
        lines += [f"| {heading.lower()} | matches | example |", "|---|---|---|"]
        lines += [f"| `{one.form}` | {_cell(one.means)} | `{one.example}` |" for one in listed]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("|", "\\|")
