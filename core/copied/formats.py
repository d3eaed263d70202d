"""The formats in which a message can be copied: the copy menu, the palette and `segtap copy` list this table.

Secrets stand as variables or as dots in every format. Each format imports what makes it when it is used.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ..api.models import MessageDetail
from ..json_text import json_bytes
from ..text import clean, counted
from ..verdict import OutgoingRequest

MARKDOWN_TITLES = {"error": "Error", "warning": "Warning", "info": "Note"}


class Exported(msgspec.Struct, frozen=True):
    """A message to copy. `url` is the endpoint of the engine.

    `request` is the request to Mixpanel that the panes show, its secrets masked, None if there is none;
    `account` is the variable that holds the service account which authenticates it, "" without one.
    """

    detail: MessageDetail
    url: str
    request: OutgoingRequest | None = None
    account: str = ""


class Exporter(msgspec.Struct, frozen=True):
    """One format: its id, its letter in the menu, its name, and the text that it makes, "" for none."""

    id: str
    key: str
    title: str
    make: Callable[[Exported], str]


def _segment_curl(of: Exported) -> str:
    from ..codec.to_curl import as_curl

    return as_curl(of.detail, of.url)


def _mixpanel_curl(of: Exported) -> str:
    from ..codec.to_curl import mixpanel_as_curl

    return "" if of.request is None else mixpanel_as_curl(of.request, service_account=of.account)


def _python(of: Exported) -> str:
    from .code import as_python

    return as_python(of.detail, of.url)


def _node(of: Exported) -> str:
    from .code import as_node

    return as_node(of.detail, of.url)


def _browser(of: Exported) -> str:
    from .code import as_browser

    return as_browser(of.detail)


def _pytest(of: Exported) -> str:
    from .code import as_pytest

    return as_pytest(of.detail)


def _document(of: Exported) -> str:
    return _indented(of.detail.document)


def _line(of: Exported) -> str:
    return of.detail.document.decode("utf-8", "replace")


def _received(of: Exported) -> str:
    return (of.detail.original or of.detail.receipt.body).decode("utf-8", "replace")


def _mixpanel_body(of: Exported) -> str:
    return "" if of.request is None else _indented(json_bytes(of.request.body))


def _wire_body(of: Exported) -> str:
    from ..forward.wire import wire_form

    return "" if of.request is None else wire_form(of.request).text.decode("utf-8", "replace")


def _markdown(of: Exported) -> str:
    """Return a text for an issue or a chat: the message, what the rules found, what Mixpanel gets."""
    detail = of.detail
    summary, verdict = detail.summary, detail.verdict
    name = " ".join(part for part in (summary.type, summary.name) if part) or "message"
    parts = [f"### {clean(name)}"]
    if detail.document:
        parts.append(f"```json\n{_indented(detail.document)}\n```")
    for finding in verdict.findings:
        fix = f" Fix: {clean(finding.fix)}" if finding.fix else ""
        title = MARKDOWN_TITLES[finding.severity]
        parts.append(
            f"**{title} `{finding.rule}`** at `{clean(finding.path)}`: {clean(finding.message)}{fix}"
        )
    parts.append(f"Mixpanel gets {counted(len(verdict.translation.operations), 'request')}.")
    if of.request is not None:
        parts.append(f"```json\n{of.request.method} {of.request.url}\n{_mixpanel_body(of)}\n```")
    return "\n\n".join(parts)


def _indented(text: bytes) -> str:
    return msgspec.json.format(text, indent=2).decode("utf-8", "replace") if text else ""


EXPORTERS: tuple[Exporter, ...] = (
    Exporter("segment-curl", "s", "curl of the Segment call", _segment_curl),
    Exporter("mixpanel-curl", "m", "curl of the Mixpanel request", _mixpanel_curl),
    Exporter("python", "p", "Python of the Segment call", _python),
    Exporter("node", "o", "Node of the Segment call", _node),
    Exporter("browser", "a", "the call of analytics.js", _browser),
    Exporter("pytest", "t", "an assertion for pytest", _pytest),
    Exporter("json", "j", "JSON of the message", _document),
    Exporter("line", "l", "JSON on one line", _line),
    Exporter("received", "r", "the message as received", _received),
    Exporter("mixpanel-json", "b", "JSON body of the Mixpanel request", _mixpanel_body),
    Exporter("wire", "w", "the body as it is sent to Mixpanel", _wire_body),
    Exporter("markdown", "d", "Markdown for an issue or a chat", _markdown),
)

EXPORTERS_BY_ID = {exporter.id: exporter for exporter in EXPORTERS}
