"""The page of the stand-in Mixpanel: what it holds by insert id, profiles, and requests. Plain HTML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from .counted import OfInsertId

MOST = 500
"""Rows of one table; the newest are shown."""
CUT = 300
"""Characters of one cell."""
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884 }
td { overflow-wrap: anywhere; }
code { font-size: 13px; }
.twice { font-weight: 600; color: #b00020; }
.note { color: #777; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd; } .twice { color: #ff7a85; } }
"""
HEADERS = (
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"),
    ("x-content-type-options", "nosniff"),
    ("cache-control", "no-store"),
)

Row = Sequence[str]


def page(
    groups: Sequence[OfInsertId],
    profiles: dict[Any, dict[str, Any]],
    group_profiles: dict[Any, dict[str, Any]],
    requests: Sequence[Row],
    answers: Sequence[str],
) -> str:
    """Return the page. `requests` are time, request, records and answer of each."""
    twice = [one for one in groups if one.suspicious]
    received = sum(len(one.copies) for one in groups)
    counted = sum(one.counted for one in groups)
    demanded = f"<p class=twice>Answers on demand: {_text('; '.join(answers))}</p>" if answers else ""
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>A Mixpanel for tests – segtap</title>",
        f"<style>{STYLE}</style></head><body><h1>A Mixpanel for tests</h1>",
        f"<p>{received:,} events received, {counted:,} counted in reports; {len(profiles):,} user profiles,",
        f" {len(group_profiles):,} group profiles, {len(requests):,} requests. Reload for what came since;",
        " <a href='/?format=json'>as JSON</a>.</p>",
        demanded,
        "<h2>Events counted multiple times</h2>",
        _table(("Event", "distinct_id", "$insert_id", "Received", "Counted", "Why"), map(_twice, twice))
        if twice
        else "<p>None.</p>",
        "<h2>Events by $insert_id</h2>",
        _table(
            ("Event", "distinct_id", "$insert_id", "Time", "Received", "Counted", "Note"), map(_row, groups)
        ),
        "<h2>User profiles</h2>",
        _table(("distinct_id", "Properties"), ((str(key), _json(one)) for key, one in profiles.items())),
        "<h2>Group profiles</h2>",
        _table(
            ("Group", "Properties"),
            ((" / ".join(map(str, key)), _json(one)) for key, one in group_profiles.items()),
        ),
        "<h2>Requests</h2>",
        _table(("Time", "Request", "Records", "Answer"), requests),
        "<form method=post action='/_reset'><button>Forget everything</button></form></body></html>",
    ]
    return "".join(parts)


def _twice(one: OfInsertId) -> Row:
    why = one.why
    if one.also:
        same = f"the same event and distinct_id at the same time under {_several(one.also)}, too: each counts"
        why = "; ".join(filter(None, (why, same)))
    return (
        _several(copy.event for copy in one.copies),
        _several(copy.distinct_id for copy in one.copies),
        one.insert_id or "(none)",
        str(len(one.copies)),
        str(one.counted),
        why,
    )


def _row(one: OfInsertId) -> Row:
    return (
        _several(copy.event for copy in one.copies),
        _several(copy.distinct_id for copy in one.copies),
        one.insert_id or "(none)",
        _several(_when(copy.time) for copy in one.copies),
        str(len(one.copies)),
        str(one.counted),
        one.why,
    )


def _several(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(texts))


def _when(time: int) -> str:
    try:
        return (
            datetime.fromtimestamp(time / 1000, UTC).isoformat(" ", "milliseconds")[:23] if time else "none"
        )
    except (OverflowError, ValueError, OSError):
        return str(time)


def when(at: int) -> str:
    """Return the time of a request, in UTC."""
    return _when(at)[11:]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _table(heads: Row, rows: Iterable[Row]) -> str:
    """Return a table of the newest rows."""
    listed = list(rows)
    if not listed:
        return "<p>None.</p>"
    shown = listed[-MOST:][::-1]
    more = "" if len(shown) == len(listed) else f"<p class=note>The newest {MOST} of {len(listed):,}.</p>"
    head = "".join(f"<th>{_text(one)}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in shown)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _text(text: str) -> str:
    """Return a text for HTML, cut; lone surrogates and control characters are replaced."""
    cut = text if len(text) <= CUT else f"{text[:CUT]}…"
    plain = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in cut)
    return escape(plain.encode("utf-8", "replace").decode())
