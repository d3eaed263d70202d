"""The stages as one picture: what `segtap help pipeline` prints, and the workspace's page shows."""

from __future__ import annotations

from typing import NamedTuple

from ..verdict import Stage


class _Row(NamedTuple):
    stage: Stage
    does: str
    key: str


_ROWS = (
    _Row("segment", "what Segment refuses: size, type, ids", ""),
    _Row("schema", "blocked events, properties and traits", "[segment] blocked_..."),
    _Row("source_function", "insert functions of the source", "[[insert_functions]]"),
    _Row("source_transformations", "rename, set, drop; for every destination", "[[transformations]]"),
    _Row("integrations", "integrations object, consent", "[segment] consent_..."),
    _Row("filters", "drop, sample, take out fields", "[[filters]]"),
    _Row("destination_transformations", "rename, set, drop; for Mixpanel only", "[[transformations]]"),
    _Row("insert_function", "insert functions of the destination", "[[insert_functions]]"),
    _Row("subscriptions", "triggers and mappings make the requests", "[[subscriptions]]"),
)

_NOTES = """\
Every stage may stop a message; those from schema to insert_function, apart from integrations,
may also change it. A stage that is not configured does nothing. Segment's documentation does not
say whether insert_function comes before or after destination_transformations; segtap doctor says
so where both exist.

An SDK in device mode sends to Mixpanel itself: transformations and insert functions do not touch
those events, and blocked traits stay in them.

The code of insert functions runs in node: 5 s for a message, 256 MB, no require, and fetch only
with network = true. This keeps accidents in, and is not a security boundary: run only trusted code.
Without node or the file, the stage does nothing and is named as not imitated. With insert
functions the engine itself judges each message: a backlog is not handed to worker processes.

Rules about tracking (the spec, ids, times) read the message as the client sent it. Rules about
Mixpanel read what the destination gets, and name the field as sent. Rules that compare several
messages do both: names, ids and values as sent, users and groups as in the requests.

  segtap why FILE                  what each stage does to a message, and whether it is sent
  segtap translate --stages all    what Mixpanel gets, after every stage
  segtap check --format json       the same, with what the rules find
  ] in the Segment pane            the message after each stage"""


def pipeline_picture() -> str:
    """Return the stages in order, each with what it does and its key in segtap.toml."""
    stage = max(len(row.stage) for row in _ROWS)
    does = max(len(row.does) for row in _ROWS)
    lines = [f"{'  SDK':<{stage + 6}}{'':<{does + 2}}in segtap.toml", "   |"]
    lines += [f"   +- {row.stage:<{stage}}  {row.does:<{does}}  {row.key}".rstrip() for row in _ROWS]
    return "\n".join([*lines, "   v", "  Mixpanel"])


def pipeline_guide() -> str:
    """Return the page of `segtap help pipeline`."""
    return f"{pipeline_picture()}\n\n{_NOTES}"
