"""The revision of a verdict: a hash of everything that made it, and of no secret."""

from __future__ import annotations

import hashlib
import shutil
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path

import msgspec

from ..masks import masked_settings
from ..settings import InsertFunction, Settings, SourceSettings

FORMAT = 1
"""Another number makes every kept verdict stale."""
_CORE = Path(__file__).parents[1]
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def revision_of(settings: Settings) -> str:
    """Return the revision of verdicts by these settings, in which secrets count only as set or not set.

    Settings of insert functions count as they are, under a hash that is too slow to find a secret by trying.

    It changes with the settings that stages, rules and repairs look at, with the content of the files that
    they name, and with segtap's own code.
    """
    masked = masked_settings(settings)
    return hashlib.blake2b(
        _encode(
            (
                FORMAT,
                _code(),
                masked.identity,
                masked.mixpanel_group_keys,
                masked.repair,
                masked.destination,
                masked.classic,
                masked.segment,
                masked.subscriptions,
                masked.transformations,
                masked.filters,
                masked.rules,
                masked.not_imitated,
                (masked.ingest.max_message, masked.ingest.max_nodes, masked.ingest.max_decoded),
                "destination.api_secret" in masked.places,
                _content(masked.plan),
                tuple(map(_of_function, settings.insert_functions)),
                *((one, _content(one.plan or "")) for one in map(_judging, masked.sources)),
                _of_routes(masked),
            ),
        ),
        digest_size=8,
    ).hexdigest()


def _judging(source: SourceSettings) -> SourceSettings:
    """Return a source without what makes no difference to verdicts: color, file, and name if none has it."""
    named = bool(source.blocked_events or source.subscriptions)  # their reasons and fixes have it
    name = source.name if named else ""
    return msgspec.structs.replace(source, name=name, color="blue", subscriptions_file="")


def _of_routes(masked: Settings) -> tuple[object, ...]:
    """Return what decides on the verdicts along further routes to Mixpanel; nothing where there are none."""
    if not masked.by_route:
        return ()
    named = tuple((one.name, one.write_keys) for one in masked.sources)  # filters may ask for names
    return named, *(
        (one.name, one.write_keys, one.filter, one.to, one.subscriptions) for one in masked.mixpanel_routes
    )


def _of_function(function: InsertFunction) -> tuple[object, ...]:
    """Return what decides on a function's outcomes. Its settings are hashed slowly: they may be secrets."""
    given = _encode(function.settings)
    return (
        function.file,
        function.scope,
        function.name,
        function.enabled,
        function.network,
        _slow_digest(given) if function.settings else b"",
        _content(function.file),
        shutil.which("node") is None,
    )


@lru_cache(maxsize=16)
def _slow_digest(data: bytes) -> bytes:
    """Return a digest from which even a short secret cannot be found by trying."""
    return hashlib.scrypt(data, salt=b"segtap insert function", n=2**14, r=8, p=1, dklen=16)


def _content(path: str) -> bytes:
    """Return the digest of a file; empty for none, or one that cannot be read."""
    if not path:
        return b""
    try:
        return hashlib.blake2b(Path(path).expanduser().read_bytes()).digest()
    except OSError:
        return b""


@cache
def _code() -> str:
    """Return segtap's version, and when the files of a checkout were last changed."""
    newest = max(file.stat().st_mtime_ns for file in _CORE.rglob("*.py"))
    return f"{version('segtap')} {newest}"
