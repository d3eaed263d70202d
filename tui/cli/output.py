"""The one door through which commands write: stdout for results, stderr for words about them.

What a message, a file name or an answer holds may be written to a terminal, now or out of a pipe later. So
control characters and direction overrides leave here as visible marks in text, and as `\\uXXXX` in JSON,
which stays equal JSON. The secrets of the settings at hand leave as dots, in whatever form they stand there.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from ...core.text import clean

if TYPE_CHECKING:
    from types import TracebackType

    from ...core.masks import Masks
    from ...core.messages import Json
    from ...core.settings import Settings

_masks: list[Masks] = []
"""Those of the settings at hand; none before they were read."""
_arguments: list[str] = []
"""What was typed."""

T = TypeVar("T")


def hide_secrets_of(settings: Settings) -> None:
    """Mask the secrets of these settings in all that is written from now on."""
    from ...core.masks import masks_of, secrets_in_settings

    _masks[:] = [masks_of(secrets_in_settings(settings))]


def hide_secrets_typed(arguments: Sequence[str]) -> None:
    """Mask the secrets among these arguments in errors and questions, which repeat what was typed."""
    _arguments[:] = arguments


def hidden(value: T) -> T:
    """Return a value with its secrets masked, for text that is wrapped or cut before it is written."""
    return _masks[0].value(value) if _masks else value


def say(text: str) -> None:
    """Tell the person at the terminal something, on one line of stderr, if that can be written.

    An engine starts, and a command works, whether or not anybody can read what they say.
    """
    with contextlib.suppress(OSError):
        click.echo(_told(text), err=True)


def ask(question: str, *, default: bool = False) -> bool:
    """Ask for yes or no."""
    return click.confirm(_told(question), default=default, err=True)


def _told(text: str) -> str:
    # Of what the command line names, too: a URL with a password may be one that was not accepted.
    from ...core.server_url import without_user

    return clean(without_user(_without_typed(hidden(text))))


def _without_typed(text: str) -> str:
    """Return the text with dots for the secrets among the arguments. A result may be about one."""
    from ...core.typed_secrets import secrets_typed

    secrets = secrets_typed(_arguments, os.environ)
    if not secrets:
        return text
    from ...core.masks import masks_of

    return masks_of(secrets).text(text)


def report_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write the traceback of a fault of segtap itself as Python does, with secrets masked."""
    for text in traceback_of(kind, error, trace).splitlines():
        say(text)


def traceback_of(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    """Return the traceback of an exception, with secrets masked."""
    import traceback

    return hidden("".join(traceback.format_exception(kind, error, trace)))


def write(text: str) -> None:
    """Write one line of a result."""
    sys.stdout.write(clean(hidden(text)) + "\n")


def write_lines(text: str) -> None:
    """Write a result of several lines, such as Markdown."""
    for line in text.removesuffix("\n").split("\n"):
        write(line)


def write_json(value: Json) -> None:
    """Write a JSON value on one line."""
    from ...core.json_text import json_line

    sys.stdout.write(json_line(hidden(value)) + "\n")


def write_document(value: Json) -> None:
    """Write a JSON value indented."""
    from ...core.json_text import json_indented

    sys.stdout.write(json_indented(hidden(value)) + "\n")


def write_json_text(text: str) -> None:
    """Write a line of JSON that is text already."""
    from ...core.json_text import escaped

    sys.stdout.write(escaped(hidden(text)) + "\n")


def write_json_bytes(data: bytes) -> None:
    """Write lines of JSON as they are: an export is large, and always UTF-8."""
    sys.stdout.buffer.write(shown_bytes(data))


def shown_bytes(data: bytes) -> bytes:
    """Return lines of JSON as they may be written, also into a file."""
    from ...core.json_text import escaped_bytes

    return escaped_bytes(hidden(data))
