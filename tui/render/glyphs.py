"""The marks and letters of the screen, each also in ASCII for terminals without Unicode."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...core.delivery import DeliveryState
from ...core.messages import RAW_TYPE

if TYPE_CHECKING:
    from ...core.verdict import Severity

LETTERS: dict[str, str] = {
    "track": "T",
    "identify": "I",
    "page": "P",
    "screen": "S",
    "group": "G",
    "alias": "A",
}
MIXPANEL_DIRECT = "M"
UNKNOWN_TYPE = "?"


def call_letter(type: str) -> tuple[str, str]:
    """Return a message's letter and the style of its kind, as in the list."""
    if type == RAW_TYPE:
        return MIXPANEL_DIRECT, "mixpanel-direct"
    return LETTERS.get(type, UNKNOWN_TYPE), type if type in LETTERS else "dim"


SEVERITY_STYLES: dict[Severity, str] = {
    "error": "$mark-error",
    "warning": "$mark-warning",
    "info": "$accent",
}


@dataclass(frozen=True)
class Glyphs:
    """The marks of the screen, each a single cell wide; `ascii` is True for the set without Unicode."""

    ascii: bool = False
    error: str = "✖"
    warning: str = "▲"
    refused: str = "✖"
    cursor: str = "▌"
    marked: str = "◆"
    ellipsis: str = "…"
    dot: str = "●"
    middot: str = "·"
    down: str = "↓"
    arrow: str = "→"
    none: str = "–"
    spark: str = "▁▂▃▄▅▆▇█"
    full: str = "█"
    rest: str = "░"
    delivery: Mapping[DeliveryState, str] = field(
        default_factory=lambda: {
            DeliveryState.OFF: "·",
            DeliveryState.WAITING: "…",
            DeliveryState.SENT: "✓",
            DeliveryState.REFUSED: "✖",
            DeliveryState.UNCERTAIN: "?",
            DeliveryState.STUCK: "↻",
            DeliveryState.FAULT: "‼",
            DeliveryState.HELD: "‖",
            DeliveryState.NONE: "–",
        }
    )


UNICODE = Glyphs()
ASCII = Glyphs(
    ascii=True,
    error="x",
    warning="!",
    refused="x",
    cursor=">",
    marked="*",
    ellipsis="~",
    dot="*",
    middot="-",
    down="v",
    arrow=">",
    none="-",
    spark="_.-=*#",
    full="#",
    rest=".",
    delivery={
        DeliveryState.OFF: ".",
        DeliveryState.WAITING: "~",
        DeliveryState.SENT: "+",
        DeliveryState.REFUSED: "x",
        DeliveryState.UNCERTAIN: "?",
        DeliveryState.STUCK: "@",
        DeliveryState.FAULT: "#",
        DeliveryState.HELD: "|",
        DeliveryState.NONE: "-",
    },
)


def severity_mark(severity: Severity, marks: Glyphs) -> str:
    """Return the severity's mark, one cell wide."""
    return {"error": marks.error, "warning": marks.warning, "info": "i"}[severity]


def wants_ascii(environ: Mapping[str, str] | None = None) -> bool:
    """Return True if the terminal needs ASCII: by SEGTAP_ASCII (1 or 0), else by locale and terminal."""
    environ = os.environ if environ is None else environ
    said = environ.get("SEGTAP_ASCII", "")
    if said:
        return said.lower() not in ("0", "false", "no", "off")
    if environ.get("TERM", "") in ("dumb", "vt100", "vt220"):
        return True
    if sys.platform == "win32":
        return False
    # Python turns the C locale into C.UTF-8 in the environment, too: what was asked for stands in LANG then.
    asked = environ.get("LC_ALL") or environ.get("LANG", "")
    if asked in ("C", "POSIX") and environ.get("LC_CTYPE", "C.UTF-8") in ("C", "POSIX", "C.UTF-8", "UTF-8"):
        return True
    return locale.getpreferredencoding(False).lower().replace("-", "") not in ("utf8", "utf8sig")


def to_ascii(text: str) -> str:
    """Replace every character outside ASCII with `?`, so that any terminal can show the text."""
    return text if text.isascii() else text.encode("ascii", "replace").decode("ascii")
