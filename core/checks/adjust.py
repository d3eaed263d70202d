"""`[[rules]]` of segtap.toml: silence a rule, or change its severity, by event and path."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from ..catalogue import BY_ID
from ..errors import SettingsError
from ..messages import Json, JsonObject
from ..settings import RuleSetting
from ..text import shown
from ..verdict import Finding, Severity

EVERY_RULE = "*"

_KEYS = tuple(field.name for field in msgspec.structs.fields(RuleSetting))


def adjusted(findings: Iterable[Finding], named: str, settings: Sequence[RuleSetting]) -> list[Finding]:
    """Return the findings on a message as the settings want them: the last one that matches decides.

    `named` is what the message is `called`. Findings of the tables in `catalogue` and of any other rule are
    treated alike.
    """
    kept: list[Finding] = []
    for finding in findings:
        severity = finding.severity
        for setting in reversed(settings):
            if _takes(setting, finding, named):
                if setting.severity == "off":
                    break
                severity = setting.severity
                kept.append(
                    finding
                    if severity == finding.severity
                    else msgspec.structs.replace(finding, severity=severity)
                )
                break
        else:
            kept.append(finding)
    return kept


def usual_severity(rule: str, severity: Severity, settings: Sequence[RuleSetting]) -> Severity | None:
    """Return the severity of a rule as the settings want it for every event and path; None if it is
    silenced.
    """
    for one in reversed(settings):
        if one.id in (rule, EVERY_RULE) and not one.event and not one.path:
            return None if one.severity == "off" else one.severity
    return severity


def called(document: JsonObject) -> str:
    """Return what a person calls the message: the event, else the name of the page or screen."""
    name = document.get("event") if document.get("type") == "track" else document.get("name")
    return name if isinstance(name, str) else ""


def _takes(setting: RuleSetting, finding: Finding, event: str) -> bool:
    return (
        setting.id in (finding.rule, EVERY_RULE)
        and (not setting.event or _pattern(setting.event).fullmatch(event) is not None)
        and (not setting.path or _pattern(setting.path).fullmatch(finding.path) is not None)
    )


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    """Return a pattern in which `*` stands for any text and all else for itself: paths have brackets."""
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)


def read_rule_settings(value: Json, place: str) -> tuple[RuleSetting, ...]:
    """Return the `[[rules]]` of a settings file. Raises SettingsError naming the entry and what was meant."""
    if not isinstance(value, list):
        raise SettingsError(f"{place}: rules is a list of tables: write [[rules]] above each.")
    return tuple(_read(entry, f"{place}: [[rules]] no. {n}") for n, entry in enumerate(value, start=1))


def _read(entry: Json, place: str) -> RuleSetting:
    if not isinstance(entry, dict):
        raise SettingsError(f'{place} is not a table: write id = "…" and severity = "off" in it.')
    for key in entry:
        if key not in _KEYS:
            raise SettingsError(f"{place} has no key {key!r}. {_hint(key, _KEYS, 1)}")
    try:
        setting = msgspec.convert(entry, RuleSetting)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{place}: {error}. severity is off, info, warning or error.") from None
    if setting.id != EVERY_RULE and setting.id not in BY_ID:
        raise SettingsError(f"{place}: {unknown_rule(setting.id)}")
    return setting


def unknown_rule(id: str) -> str:
    """Return what to say of a rule that does not exist."""
    return f"there is no rule {shown(id)}. {_hint(id, tuple(BY_ID))}"


def _hint(given: str, known: Sequence[str], several: int = 3) -> str:
    near = difflib.get_close_matches(given.lower().replace("_", "-"), known, several, 0.6)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return "segtap rules lists them." if len(known) > len(_KEYS) else f"It takes {', '.join(known)}."
