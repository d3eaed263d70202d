"""The doctor's facts and verdicts for tests: messages as an engine would have read them by some settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from check_helpers import NOW, verdict_on
from details import detail

from segtap.core import config
from segtap.core.api.models import MessageDetail
from segtap.core.checks import adjusted, called
from segtap.core.checks.settings import check_settings
from segtap.core.checks.stream import Loose, StreamChecker, digest
from segtap.core.doctor import Diagnosis, Facts, diagnose
from segtap.core.segment_names import destination_of
from segtap.core.settings import Settings

TOKEN = "0123456789abcdef0123456789abcdef"


def settings_of(folder: Path, text: str = "", **environ: str) -> Settings:
    """The settings that a segtap.toml of this text gives, and where each was given."""
    file = folder / "segtap.toml"
    file.write_text(text)
    return config.load(environ={"MIXPANEL_TOKEN": TOKEN, **environ}, file=file)


def read(messages: Sequence[dict[str, Any]], settings: Settings, *, now: int = NOW) -> list[MessageDetail]:
    """The messages' details, in their order, with the findings of the rules on the stream."""
    destination, judged = destination_of(settings), check_settings(settings)
    stream = StreamChecker(judged, destination)
    details: list[MessageDetail] = []
    for number, message in enumerate(messages, start=1):
        size = len(msgspec.json.encode(message))
        verdict = verdict_on(
            message,
            destination,
            now,
            size=size,
            settings=judged,
            segment=settings.segment,
            transformations=settings.transformations,
            filters=settings.filters,
        )
        id = str(message.get("messageId", ""))
        loose = Loose(document=message, type=str(message.get("type", "")), message_id=id)
        completed = stream.observe(digest(loose, verdict.translation, now + number * 60_000))
        found = adjusted(completed, called(message), judged.rules)
        details.append(
            detail(
                message,
                translation=verdict.translation,
                findings=(*verdict.findings, *found),
                id=number << 20,
            )
        )
    return details


def verdicts_of(settings: Settings, *messages: dict[str, Any], now: int = NOW) -> list[Diagnosis]:
    """All that the doctor says of the messages, judged by the settings."""
    return diagnose(Facts(settings, destination_of(settings), read(messages, settings, now=now), now=now))


def verdict_of(check: str, settings: Settings, *messages: dict[str, Any]) -> Diagnosis | None:
    """The doctor's diagnosis on one question."""
    return next((one for one in verdicts_of(settings, *messages) if one.check == check), None)
