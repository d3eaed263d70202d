"""The report for a bug that `segtap doctor --bundle` writes: versions, settings, counts, the log's end.

It has no message, no secret, and no write key in full: people attach it to a public issue.
"""

from __future__ import annotations

import platform
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import msgspec

from ..api.models import EngineState, RouteState, SourceState
from ..config.shown import DEFAULT, shown_settings
from ..engine.log import log_file
from ..errors import SegtapError
from ..json_text import to_json
from ..masks import mask_token, masks_of, secrets_in_settings
from ..messages import Json
from ..segment_code import segment_code
from ..serve.notes import running_and_ended
from ..server_url import without_user
from ..settings import Settings
from ..text import clean
from .engines import state_of
from .upkeep import file_stats

HEADING = "# segtap: report for a bug"
LOG_LINES = 100
"""Lines of the log that the report has."""
_SAID = ("TERM", "COLORTERM", "TERM_PROGRAM", "LANG", "LC_ALL")
_TERMINAL = (*_SAID, "TMUX", "SSH_CONNECTION", "WSL_DISTRO_NAME")
"""Variables that say what the screen is drawn on; those after `_SAID` without their value."""
_KEPT = ("at", "level", "part", "message", "traceback")
"""Members of a line of the log; others may quote a message, or Mixpanel's answer to it."""
_PRIVATE = ("project", "journal", "knocks", "service_account", "credentials", "phone_urls", "urls")
"""Fields of an engine's state that may name a person, a folder or a network."""


async def bug_report(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return the report as Markdown, with secrets masked and the home folder as `~`."""
    parts = [
        [HEADING, ""],
        ["## Versions", "", *_listed(_versions())],
        ["## Terminal", "", *_listed(_terminal(environ))],
        ["## Settings that are set", "", *_listed(_settings(settings)), "", f"from {settings.origin}"],
        ["## Engines", "", *[line async for line in _engines()]],
        ["## Journal", "", *_listed(_journal(settings))],
        ["## End of the log (warnings and errors)", "", *_log()],
    ]
    text = "\n\n".join("\n".join(part) for part in parts)
    text = masks_of(secrets_in_settings(settings)).text(without_user(text))
    return text.replace(str(Path.home()), "~") + "\n"


def _listed(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"- {clean(name)}: {clean(value)}" for name, value in pairs]


def _versions() -> Iterator[tuple[str, str]]:
    yield "segtap", f"{version('segtap')}, as Segment's {segment_code()}"
    yield "Python", f"{platform.python_version()} ({platform.python_implementation()})"
    yield "system", f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield "SQLite", sqlite3.sqlite_version
    for line in requires("segtap") or ():
        if "extra ==" in line:
            continue
        name = line.split(";")[0].split(">")[0].split("<")[0].split("=")[0].strip()
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "not installed"


def _terminal(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in _TERMINAL:
        if name in environ:
            yield name, environ[name] if name in _SAID else "set"
    yield "encoding", str(sys.stdout.encoding)


def _settings(settings: Settings) -> Iterator[tuple[str, str]]:
    for row in shown_settings(settings):
        if row.place == DEFAULT:
            continue
        value = row.value
        if row.name == "ingest.write_keys" and isinstance(value, list | tuple):
            value = list[Json](mask_token(str(key)) for key in value)
        elif row.name == "destination.token":
            value = mask_token(str(value))
        yield row.name, f"{to_json(value)} ({row.place})"


async def _engines() -> AsyncIterator[str]:
    notes, ended = running_and_ended()
    for note in notes:
        yield f"- {note.kind}, version {note.version}"
        try:
            state = await state_of(note)
        except SegtapError as error:
            yield f"  - {clean(str(error))}"
            continue
        for name, value in _state(state):
            yield f"  - {name}: {value}"
    if not notes:
        yield "- none runs"
    if ended:
        yield f"- ended without removing their notes: {len(ended)}"


def _state(state: EngineState) -> Iterator[tuple[str, str]]:
    defaults = EngineState(version="", pid=0, started_at=0, urls=())
    for name in state.__struct_fields__:
        value = getattr(state, name)
        if name == "routes":
            value = tuple(map(_route, state.routes))
        elif name == "sources":
            value = tuple(map(_source, state.sources))
        if name not in _PRIVATE and value != getattr(defaults, name):
            yield name, clean(to_json(msgspec.to_builtins(value)))


def _route(route: RouteState) -> RouteState:
    """Return a route without where it leads and what it takes, its write keys shortened."""
    keys = tuple(map(mask_token, route.write_keys))
    return msgspec.structs.replace(
        route,
        to="",
        fault="set" if route.fault else "",
        filter="set" if route.filter else "",
        write_keys=keys,
    )


def _source(source: SourceState) -> SourceState:
    """Return a source with its write keys shortened."""
    return msgspec.structs.replace(source, write_keys=tuple(map(mask_token, source.write_keys)))


def _journal(settings: Settings) -> Iterator[tuple[str, str]]:
    try:
        stats = file_stats(settings.journal)
    except SegtapError as error:
        yield "not read", str(error)
        return
    for name in ("bytes", "free", "requests", "version", "counts"):
        yield name, to_json(msgspec.to_builtins(getattr(stats, name)))


def _log() -> list[str]:
    try:
        lines = log_file().read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    kept = [clean(_without_data(line)) for line in lines[-LOG_LINES:]]
    return ["```", *kept, "```"] if kept else ["nothing was logged"]


def _without_data(line: str) -> str:
    try:
        members = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "(a line that cannot be read)"
    return msgspec.json.encode({name: members[name] for name in _KEPT if name in members}).decode()
