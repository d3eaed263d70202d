"""The names of all settings: sections and keys of segtap.toml, and the environment variable of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args, get_origin

import msgspec

from ..messages import Json, JsonObject
from ..settings import (
    ClassicSettings,
    DestinationSettings,
    DeviceModeSettings,
    ForwardSettings,
    IngestSettings,
    JournalSettings,
    MetricsSettings,
    ProxySettings,
    ScreenSettings,
    SegmentSettings,
)

ENV_PREFIX = "SEGTAP_"

SECTIONS: dict[str, type[msgspec.Struct]] = {
    "destination": DestinationSettings,
    "classic": ClassicSettings,
    "segment": SegmentSettings,
    "ingest": IngestSettings,
    "journal": JournalSettings,
    "metrics": MetricsSettings,
    "forward": ForwardSettings,
    "device_mode": DeviceModeSettings,
    "proxy": ProxySettings,
    "screen": ScreenSettings,
}
TOP_LEVEL = ("identity", "mixpanel_group_keys", "plan", "repair")
TOP_LEVEL_LISTS = ("mixpanel_group_keys", "repair")
TABLES = (
    *("subscriptions", "transformations", "filters", "insert_functions", "redact", "hold"),
    *("rules", "not_imitated", "routes", "sources", "tests"),
)
"""Lists of tables, which only a file can hold."""
KEYS = "keys"
"""The section whose keys are the ids of the screen's commands; only a file can hold it."""
ENV_ALIASES = {"SEGTAP_JOURNAL": "SEGTAP_JOURNAL_PATH", "SEGTAP_DESTINATION": "SEGTAP_DESTINATION_KIND"}
"""Names that people guess before they read; each means the one behind it."""

REGION_KEYS = ("region", "project_region")
"""Keys of [destination] that may be written in capitals."""

FLAG_NAMES = {"destination.kind": "--destination", "journal.path": "--journal"}
"""Options that are not called as the key that they set."""

NEVER_IN_A_FILE = {
    "api_secret": 'api_secret_env = "MIXPANEL_SECRET"',
    "service_account": 'service_account_env = "MIXPANEL_SERVICE_ACCOUNT"',
    "redact_key": 'redact_key_env = "SEGTAP_REDACT"',
    "metrics_token": 'metrics_token_env = "SEGTAP_METRICS"',
    "test_token": 'test_token_env = "SEGTAP_TEST_TOKEN"',
}
"""Keys of secrets, with the line that names a variable in place of each."""


def keys_of(section: str) -> tuple[str, ...]:
    """Return the keys that a section of segtap.toml may hold."""
    names = (field.name for field in msgspec.structs.fields(SECTIONS[section]))
    return tuple(name for name in names if name not in NEVER_IN_A_FILE)


def environment_names() -> dict[str, tuple[str, str]]:
    """Return each variable's section ("": none) and key."""
    names: dict[str, tuple[str, str]] = {f"{ENV_PREFIX}{key.upper()}": ("", key) for key in TOP_LEVEL}
    for section in SECTIONS:
        for key in keys_of(section):
            names[f"{ENV_PREFIX}{section}_{key}".upper()] = (section, key)
            names[f"{ENV_PREFIX}{key}".upper()] = (section, key)
    for alias, name in ENV_ALIASES.items():
        names[alias] = names[name]
    return names


def read_environment(
    environ: Mapping[str, str],
) -> tuple[dict[str, JsonObject], JsonObject, dict[str, str]]:
    """Return the sections and plain keys of the environment, and the variable behind each setting."""
    sections: dict[str, JsonObject] = {}
    plain: JsonObject = {}
    variables: dict[str, str] = {}
    names = environment_names()
    # The long spelling is the exact one, so it is read last and wins over the short one.
    for name in sorted(environ, key=len):
        if name not in names or not environ[name]:
            continue
        section, key = names[name]
        text = environ[name]
        variables[f"{section}.{key}" if section else key] = name
        if not section:
            plain[key] = _parts(text) if key in TOP_LEVEL_LISTS else text
        else:
            several = key in _lists_of(section)
            sections.setdefault(section, {})[key] = _parts(text) if several else text
    return sections, plain, variables


def _parts(text: str) -> list[Json]:
    found: list[Json] = [part for one in text.split(",") if (part := one.strip())]
    return found or [""]  # not []: for write keys that would be all of them


def _lists_of(section: str) -> set[str]:
    """Return the keys that hold several values, which the environment has with commas between them."""
    fields = msgspec.structs.fields(SECTIONS[section])
    return {
        field.name
        for field in fields
        if get_origin(field.type) is tuple or any(get_origin(one) is tuple for one in get_args(field.type))
    }
