"""The one door through which commands write: stdout for results, stderr for words about them.

What a message, a file name or an answer holds may be written to a terminal, now or out of a pipe later. So
control characters and direction overrides leave here as visible marks in text, and as `\\uXXXX` in JSON,
which stays equal JSON. The secrets of the settings at hand leave as dots, in whatever form they stand there.
"""

from __future__ import annotations

import sys
from typing import TypeVar

import click

from ...core.json_text import escaped, escaped_bytes, json_indented, json_line
from ...core.masks import NO_MASKS, Masks, masks_of, secrets_in_settings
from ...core.messages import Json
from ...core.settings import Settings
from ...core.text import clean

_masks: list[Masks] = [NO_MASKS]

T = TypeVar("T")


def hide_secrets_of(settings: Settings) -> None:
    """Mask the secrets of these settings in all that is written from now on."""
    _masks[0] = masks_of(secrets_in_settings(settings))


def hidden(value: T) -> T:
    """Return a value with its secrets masked, for text that is wrapped or cut before it is written."""
    return _masks[0].value(value)


def say(text: str) -> None:
    """Tell the person at the terminal something, on one line of stderr."""
    click.echo(clean(hidden(text)), err=True)


def ask(question: str, *, default: bool = False) -> bool:
    """Ask for yes or no."""
    return click.confirm(clean(hidden(question)), default=default, err=True)


def write(text: str) -> None:
    """Write one line of a result."""
    sys.stdout.write(clean(hidden(text)) + "\n")


def write_lines(text: str) -> None:
    """Write a result of several lines, such as Markdown."""
    for line in text.removesuffix("\n").split("\n"):
        write(line)


def write_json(value: Json) -> None:
    """Write a JSON value on one line."""
    sys.stdout.write(json_line(hidden(value)) + "\n")


def write_document(value: Json) -> None:
    """Write a JSON value indented."""
    sys.stdout.write(json_indented(hidden(value)) + "\n")


def write_json_text(text: str) -> None:
    """Write a line of JSON that is text already."""
    sys.stdout.write(escaped(hidden(text)) + "\n")


def write_json_bytes(data: bytes) -> None:
    """Write lines of JSON as they are: an export is large, and always UTF-8."""
    sys.stdout.buffer.write(escaped_bytes(hidden(data)))
