"""The language's page: what `segtap help filter` prints, made of the terms and fields themselves."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from .fields import FIELDS
from .terms import HELP, ROOTS

_INDENT = "    "


def guide(width: int = 100) -> Iterator[str]:
    """Yield the page's lines: the forms of terms, the fields with their values, where a path begins."""
    yield "Terms"
    for form in HELP:
        yield from _entry(form.FORM, form.MEANS, form.EXAMPLE, width)
    yield ""
    yield "Fields"
    for field in FIELDS:
        values = f" ({', '.join(field.fixed)})" if field.fixed else ""
        yield from _entry(f"{field.name}:", f"{field.means}{values}", field.example, width)
    yield ""
    yield "Paths"
    roots = f"begin with {', '.join(ROOTS[:-1])} or mp, then .key for each step"
    yield from _entry("properties.a.b", roots, 'properties."my key"=1', width)
    mixpanel = (
        "what Mixpanel gets: from an event's properties (mp.event is its name), or from the record of a "
        "profile or group; one record that matches is enough"
    )
    yield from _entry("mp.key", mixpanel, "mp.$set.plan=pro", width)
    yield ""
    yield from textwrap.wrap(
        "To search for text that holds an operator, a colon or a parenthesis, quote it: '\"a=b\"'. In a "
        "command, write a filter that begins with - with not, or put -- before it. Without a filter "
        "everything matches.",
        width,
    )


def _entry(form: str, means: str, example: str, width: int) -> Iterator[str]:
    yield f"  {form}"
    yield from textwrap.wrap(means, width, initial_indent=_INDENT, subsequent_indent=_INDENT)
    yield f"{_INDENT}Example: {example}"
