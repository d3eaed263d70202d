"""A message as code: calls of Segment's SDKs that make the same message, and an assertion for pytest. Pure.

What the SDK states itself (`context.library`) is left out. So are the times that Segment fills in.
"""

from __future__ import annotations

import pprint
import re
from collections.abc import Mapping

import msgspec

from ..api.models import MessageDetail
from ..json_text import escaped, json_indented
from ..messages import CALL_TYPES, Json, JsonObject
from ..text import HARMFUL_WITHIN_LINES

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "track": ("event", "properties"),
    "identify": ("traits",),
    "page": ("category", "name", "properties"),
    "screen": ("category", "name", "properties"),
    "group": ("groupId", "traits"),
    "alias": ("previousId",),
}
"""What each call states beside ids, context and time."""
_COMMON = ("userId", "anonymousId", "context", "integrations", "timestamp", "messageId")
_NO_ANONYMOUS = "alias"
"""The call of Segment's Python library that has no anonymous_id."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WIDTH = 100


def as_python(detail: MessageDetail, url: str) -> str:
    """Return a program with segment-analytics-python that makes the message again; "" if there is none."""
    if (found := _call_of(detail)) is None:
        return ""
    call, fields = found
    if call == _NO_ANONYMOUS:
        fields.pop("anonymousId", None)
    given = {_CAMEL.sub("_", name).lower(): _python(value) for name, value in fields.items()}
    imports = "from segment.analytics import Client\n"
    if "timestamp" in given:
        imports = "from datetime import datetime\n\n" + imports
        stamp = str(fields["timestamp"])
        given["timestamp"] = f"datetime.fromisoformat({_python(_offset(stamp))})"
    lines = "".join(f"    {name}={_indented(text)},\n" for name, text in given.items())
    return (
        f"# pip install segment-analytics-python\n{imports}\n"
        f"analytics = Client({_python(detail.write_key or 'WRITE_KEY')}, host={_python(url.rstrip('/'))})\n"
        f"analytics.{call}(\n{lines})\nanalytics.shutdown()\n"
    )


def as_node(detail: MessageDetail, url: str) -> str:
    """Return a module with @segment/analytics-node that makes the message again; "" if there is none."""
    if (found := _call_of(detail)) is None:
        return ""
    call, fields = found
    return (
        "// npm install @segment/analytics-node\n"
        'import { Analytics } from "@segment/analytics-node";\n\n'
        f"const analytics = new Analytics({{ writeKey: {_script(detail.write_key or 'WRITE_KEY')}, "
        f"host: {_script(url.rstrip('/'))} }});\n"
        f"analytics.{call}({_script(fields)});\n"
        "await analytics.closeAndFlush();\n"
    )


def as_browser(detail: MessageDetail) -> str:
    """Return the call of analytics.js that makes the message again, for a page or its console.

    The SDK gives it a messageId of its own. "" if there is none.
    """
    if (found := _call_of(detail)) is None:
        return ""
    call, fields = found
    own = ("context", "integrations", "timestamp", "anonymousId")
    options: JsonObject = {name: fields[name] for name in own if name in fields}
    user = fields.get("userId")
    if user is not None and call not in ("identify", "alias"):
        options["userId"] = user
    first: list[Json]
    match call:
        case "track":
            first = [fields.get("event"), fields.get("properties", {})]
        case "identify":
            first = [*([user] if user is not None else []), fields.get("traits", {})]
        case "group":
            first = [fields.get("groupId"), fields.get("traits", {})]
        case "alias":
            first = [user, fields.get("previousId")]
        case _:
            names = [fields[name] for name in ("category", "name") if name in fields]
            if "category" in fields and "name" not in fields:
                names.append("")
            first = [*names, fields.get("properties", {})]
    arguments = ", ".join(_script(one) for one in [*first, *([options] if options else [])])
    return f"analytics.{call}({arguments});\n"


def as_pytest(detail: MessageDetail) -> str:
    """Return a test that expects the message of the code under test, with the fixture `segtap`."""
    if (found := _call_of(detail)) is None:
        return ""
    call, fields = found
    given: dict[str, Json] = {}
    event = fields.get("event") if call == "track" else fields.get("name")
    if isinstance(event, str):
        given["event"] = event
    if call != "track":
        given["type"] = call
    for name in ("properties", "traits"):
        if isinstance(fields.get(name), dict) and fields[name]:
            given[name] = fields[name]
    if isinstance(user := fields.get("userId"), str):
        given["user"] = user
    lines = "".join(f"        {name}={_indented(_python(value), 8)},\n" for name, value in given.items())
    name = re.sub(r"\W+", "_", f"{call} {event or ''}".strip().lower()).strip("_")
    return (
        f"def test_{name or call}(segtap):\n"
        "    ...  # have your code send it to segtap.host with segtap.write_key\n"
        f"    segtap.expect(\n{lines}    )\n"
        "    segtap.no_errors()\n"
    )


def _call_of(detail: MessageDetail) -> tuple[str, JsonObject] | None:
    """Return the call of a message and what it states; None for a refusal, or what is no Segment call."""
    call = detail.summary.type
    if call not in CALL_TYPES or not detail.document or detail.unread or detail.summary.refused:
        return None
    document: JsonObject = msgspec.json.decode(detail.document)
    fields = {name: document[name] for name in (*_FIELDS[call], *_COMMON) if document.get(name) is not None}
    context = fields.get("context")
    if isinstance(context, dict):
        fields["context"] = {name: value for name, value in context.items() if name != "library"}
        if not fields["context"]:
            del fields["context"]
    if not fields.get("integrations", True):
        del fields["integrations"]
    return call, fields


def _python(value: Json) -> str:
    """Return a value as Python writes it; signs that could act on a terminal are escapes."""
    text = pprint.pformat(value, width=_WIDTH, sort_dicts=False)
    return HARMFUL_WITHIN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _script(value: Json) -> str:
    """Return a value as JavaScript: JSON, indented where it is an object that holds something."""
    return json_indented(value) if isinstance(value, dict) and value else escaped(json_indented(value))


def _indented(text: str, by: int = 4) -> str:
    return text.replace("\n", "\n" + " " * by)


def _offset(stamp: str) -> str:
    """Return a time as every version of Python reads it."""
    return re.sub(r"Z\Z", "+00:00", stamp)
