"""segtap's library: everything that is not a screen.

What a script or a test needs, without a running engine::

    from segtap.core import Destination, check, decode, translator

    destination = Destination(settings={"projectToken": "…", "apiSecret": "…"})
    translation = translator(destination).translate(message, now=1_795_557_600_000)
    for operation in translation.operations:
        print(operation.request.method, operation.request.url, operation.request.body)
    for finding in check(message, translation, destination):
        print(finding.severity, finding.rule, finding.message, finding.fix)

    decode("data=eyJldmVudCI6…").value          # anything pasted → JSON

and with one::

    async with Engine(load_settings()) as engine:  # an endpoint, on `engine.url`
        …
    async with Client(*find_engine()) as client:   # one that runs already
        page = await client.page(text="order completed")
        detail = await client.detail(page.summaries[-1].id)

Names are imported when they are first used: `import segtap.core` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api.client import Client
    from .api.models import EngineState, FeedBatch, MessageDetail, Page, Summary
    from .api.viewer import Viewer
    from .catalogue import rules
    from .catalogue.rule import Rule
    from .checks import CheckSettings, check, check_settings
    from .codec import Decoded, decode
    from .config import load as load_settings
    from .delivery import Delivery, DeliveryState, Outcome
    from .destinations import translator
    from .destinations.base import Translator
    from .engine.lifecycle import Engine
    from .errors import SegtapError
    from .messages import Json, JsonObject, Marks, Message, Receipt
    from .pipeline import CompiledSettings, compile_settings, compiled, run
    from .pipeline.intake import parse_receipt
    from .pipeline.reading import read_message
    from .serve.notes import find_engine
    from .settings import Destination, Settings, Subscription
    from .verdict import Finding, Operation, OutgoingRequest, Translation, Verdict

_HOMES = {
    "CheckSettings": "checks",
    "Client": "api.client",
    "CompiledSettings": "pipeline",
    "Decoded": "codec",
    "Delivery": "delivery",
    "DeliveryState": "delivery",
    "Destination": "settings",
    "Engine": "engine.lifecycle",
    "EngineState": "api.models",
    "FeedBatch": "api.models",
    "Finding": "verdict",
    "Verdict": "verdict",
    "Json": "messages",
    "JsonObject": "messages",
    "Marks": "messages",
    "Message": "messages",
    "MessageDetail": "api.models",
    "Operation": "verdict",
    "Outcome": "delivery",
    "OutgoingRequest": "verdict",
    "Page": "api.models",
    "Receipt": "messages",
    "Rule": "catalogue.rule",
    "SegtapError": "errors",
    "Settings": "settings",
    "Subscription": "settings",
    "Summary": "api.models",
    "Translation": "verdict",
    "Translator": "destinations.base",
    "Viewer": "api.viewer",
    "check": "checks",
    "check_settings": "checks",
    "compile_settings": "pipeline",
    "compiled": "pipeline",
    "decode": "codec",
    "find_engine": "serve.notes",
    "load_settings": "config:load",
    "parse_receipt": "pipeline.intake",
    "read_message": "pipeline.reading",
    "rules": "catalogue",
    "run": "pipeline",
    "translator": "destinations",
}
"""Public name → its module (and its name there, where that differs)."""

__all__ = [
    "CheckSettings",
    "Client",
    "CompiledSettings",
    "Decoded",
    "Delivery",
    "DeliveryState",
    "Destination",
    "Engine",
    "EngineState",
    "FeedBatch",
    "Finding",
    "Json",
    "JsonObject",
    "Marks",
    "Message",
    "MessageDetail",
    "Operation",
    "Outcome",
    "OutgoingRequest",
    "Page",
    "Receipt",
    "Rule",
    "SegtapError",
    "Settings",
    "Subscription",
    "Summary",
    "Translation",
    "Translator",
    "Verdict",
    "Viewer",
    "check",
    "check_settings",
    "compile_settings",
    "compiled",
    "decode",
    "find_engine",
    "load_settings",
    "parse_receipt",
    "read_message",
    "rules",
    "run",
    "translator",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, original = _HOMES[name].partition(":")
    value: object = getattr(importlib.import_module(f".{module}", __name__), original or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
