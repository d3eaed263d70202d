"""The log: one JSON object a line, for people with `jq` and for log collectors."""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
from typing import TextIO

import msgspec

from ..json_text import escaped
from ..masks import Masks

ROOT = "segtap.core"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


_masks: list[Masks] = [Masks()]


def hide(masks: Masks) -> None:
    """Mask these secrets in every line of the log from now on."""
    _masks[0] = masks


class JsonLines(logging.Formatter):
    """`at` (UTC, milliseconds), `level`, `part`, `message`, whatever `extra` adds, `traceback` if any."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, without its newline."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line: dict[str, object] = {
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "part": record.name.removeprefix(f"{ROOT}."),
            "message": record.getMessage(),
        }
        line.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        masks = _masks[0]
        return escaped(masks.text(_json(masks.value(line))))


def _json(line: dict[str, object]) -> str:
    try:
        return msgspec.json.encode(line, enc_hook=str).decode()
    except UnicodeEncodeError:  # half an emoji in a name
        return json.dumps(line, default=str)


def to_stream(level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send the log of segtap and of the web server to a stream, stderr by default."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(ROOT).setLevel(level)
