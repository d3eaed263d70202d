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
    async with Client.find() as client:            # one that runs already
        page = await client.page(filter='event:"order completed"')
        detail = await client.detail(page.summaries[-1].id)
    with SyncClient.find() as client:              # the same without asyncio
        page = client.page(filter='event:"order completed"')

Names are imported when they are first used: `import segtap.core` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api.client import Client
    from .api.matches import Match, Matches, Unmet
    from .api.models import EngineState, FeedBatch, MessageDetail, Page, Summary
    from .api.sync_client import SyncClient
    from .api.viewer import Viewer
    from .catalogue import rules
    from .catalogue.rule import Rule
    from .checks import CheckSettings, check, check_settings
    from .checks.group_keys import DEFAULT_KEY as DEFAULT_GROUP_KEY
    from .codec import Decoded, decode
    from .codec.to_curl import as_curl, mixpanel_as_curl
    from .config import load as load_settings
    from .delivery import Delivery, DeliveryState, Outcome
    from .destinations.actions.credentials import SECRET as SECRET_STANDIN
    from .destinations.actions.faults import subscription_faults, uncovered_words
    from .destinations.base import Translator
    from .destinations.classic.insert_id import UNKNOWN as UNKNOWN_INSERT_ID
    from .destinations.filters import filter_faults
    from .destinations.kinds import translator
    from .destinations.transformations import transformation_faults
    from .engine.kept import settings_behind
    from .engine.lifecycle import Engine
    from .engine.log import to_stream as log_to_stream
    from .engine.process import run as run_engine
    from .engine.process import serve as serve_engine
    from .errors import (
        AccessRefused,
        EngineError,
        FilterFault,
        ForwardingRefused,
        InputError,
        JournalError,
        SegtapError,
        SettingsError,
    )
    from .forward.credentials import accepts_service_account, shown_with
    from .forward.records import counts_again
    from .forward.unsent import why_nothing
    from .forward.wire import WireForm, wire_form
    from .forward.wire import onto as at_mixpanel_url
    from .identities.requests import id_in
    from .mapping.dates import read_time
    from .messages import Json, JsonObject, Marks, Message, Receipt
    from .pipeline import CompiledSettings, compile_settings, compiled, run
    from .pipeline.intake import parse_receipt
    from .pipeline.reading import read_document, read_message
    from .query import parse as parse_filter
    from .query import quoted as quoted_filter
    from .query.guide import entries as filter_entries
    from .query.guide import guide as filter_guide
    from .serve.notes import find_engine
    from .settings import Destination, Settings, Subscription
    from .sources.bounds import bounds_of
    from .sources.guide import modes_guide
    from .stores import open as open_stores
    from .verdict import Finding, Operation, OutgoingRequest, Translation, Verdict

_HOMES = {
    "AccessRefused": "errors",
    "CheckSettings": "checks",
    "Client": "api.client",
    "CompiledSettings": "pipeline",
    "DEFAULT_GROUP_KEY": "checks.group_keys:DEFAULT_KEY",
    "Decoded": "codec",
    "Delivery": "delivery",
    "DeliveryState": "delivery",
    "Destination": "settings",
    "Engine": "engine.lifecycle",
    "EngineError": "errors",
    "EngineState": "api.models",
    "FeedBatch": "api.models",
    "FilterFault": "errors",
    "Finding": "verdict",
    "ForwardingRefused": "errors",
    "InputError": "errors",
    "JournalError": "errors",
    "Json": "messages",
    "JsonObject": "messages",
    "Marks": "messages",
    "Match": "api.matches",
    "Matches": "api.matches",
    "Message": "messages",
    "MessageDetail": "api.models",
    "Operation": "verdict",
    "Outcome": "delivery",
    "OutgoingRequest": "verdict",
    "Page": "api.models",
    "Receipt": "messages",
    "Rule": "catalogue.rule",
    "SECRET_STANDIN": "destinations.actions.credentials:SECRET",
    "SegtapError": "errors",
    "Settings": "settings",
    "SettingsError": "errors",
    "Subscription": "settings",
    "Summary": "api.models",
    "SyncClient": "api.sync_client",
    "Translation": "verdict",
    "Translator": "destinations.base",
    "UNKNOWN_INSERT_ID": "destinations.classic.insert_id:UNKNOWN",
    "Unmet": "api.matches",
    "Verdict": "verdict",
    "Viewer": "api.viewer",
    "WireForm": "forward.wire",
    "accepts_service_account": "forward.credentials",
    "as_curl": "codec.to_curl",
    "at_mixpanel_url": "forward.wire:onto",
    "bounds_of": "sources.bounds",
    "check": "checks",
    "check_settings": "checks",
    "compile_settings": "pipeline",
    "compiled": "pipeline",
    "counts_again": "forward.records",
    "decode": "codec",
    "filter_entries": "query.guide:entries",
    "filter_faults": "destinations.filters",
    "filter_guide": "query.guide:guide",
    "find_engine": "serve.notes",
    "id_in": "identities.requests",
    "load_settings": "config:load",
    "log_to_stream": "engine.log:to_stream",
    "mixpanel_as_curl": "codec.to_curl",
    "modes_guide": "sources.guide",
    "open_stores": "stores:open",
    "parse_filter": "query:parse",
    "parse_receipt": "pipeline.intake",
    "quoted_filter": "query:quoted",
    "read_document": "pipeline.reading",
    "read_message": "pipeline.reading",
    "read_time": "mapping.dates",
    "rules": "catalogue",
    "run": "pipeline",
    "run_engine": "engine.process:run",
    "serve_engine": "engine.process:serve",
    "settings_behind": "engine.kept",
    "shown_with": "forward.credentials",
    "subscription_faults": "destinations.actions.faults",
    "transformation_faults": "destinations.transformations",
    "translator": "destinations.kinds",
    "uncovered_words": "destinations.actions.faults",
    "why_nothing": "forward.unsent",
    "wire_form": "forward.wire",
}
"""Public name → its module (and its name there, where that differs)."""

__all__ = [
    "DEFAULT_GROUP_KEY",
    "SECRET_STANDIN",
    "UNKNOWN_INSERT_ID",
    "AccessRefused",
    "CheckSettings",
    "Client",
    "CompiledSettings",
    "Decoded",
    "Delivery",
    "DeliveryState",
    "Destination",
    "Engine",
    "EngineError",
    "EngineState",
    "FeedBatch",
    "FilterFault",
    "Finding",
    "ForwardingRefused",
    "InputError",
    "JournalError",
    "Json",
    "JsonObject",
    "Marks",
    "Match",
    "Matches",
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
    "SettingsError",
    "Subscription",
    "Summary",
    "SyncClient",
    "Translation",
    "Translator",
    "Unmet",
    "Verdict",
    "Viewer",
    "WireForm",
    "accepts_service_account",
    "as_curl",
    "at_mixpanel_url",
    "bounds_of",
    "check",
    "check_settings",
    "compile_settings",
    "compiled",
    "counts_again",
    "decode",
    "filter_entries",
    "filter_faults",
    "filter_guide",
    "find_engine",
    "id_in",
    "load_settings",
    "log_to_stream",
    "mixpanel_as_curl",
    "modes_guide",
    "open_stores",
    "parse_filter",
    "parse_receipt",
    "quoted_filter",
    "read_document",
    "read_message",
    "read_time",
    "rules",
    "run",
    "run_engine",
    "serve_engine",
    "settings_behind",
    "shown_with",
    "subscription_faults",
    "transformation_faults",
    "translator",
    "uncovered_words",
    "why_nothing",
    "wire_form",
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
