"""The text of a message that is edited, and the editor of the user's choice."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

import msgspec

from ...core import read_document
from ...core.api.models import MessageDetail
from ...core.errors import InputError
from ...core.json_text import json_bytes

FILLED_AGAIN = ("receivedAt", "sentAt", "timestamp", "originalTimestamp")
"""Members that each receipt fills in for a message without them."""
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
NO_EDITOR = "No editor is set: set VISUAL or EDITOR, for example EDITOR=vim"


def why_not_editable(detail: MessageDetail) -> str:
    """Return why a message cannot be edited, as a sentence; "" if it can."""
    if detail.source_kind == "mixpanel":
        return "A record of Mixpanel's own SDK goes to Mixpanel verbatim, so it cannot be edited."
    if detail.unread:
        return "The message is too large to be read, so it cannot be edited."
    return ""


def editable_text(detail: MessageDetail) -> str:
    """Return a message as JSON with a member a line: as it was sent, numbers as they were spelled.

    What the request said for it is added: its type by the path, the context of its batch. Times that were
    filled in on receipt are left out, so that the edited message gets its own. A text that is only nearly
    JSON is written as it was read.
    """
    document = read_document(detail.document)
    try:
        sent = _MEMBERS.decode(detail.original)
    except (msgspec.DecodeError, UnicodeDecodeError):
        sent = {}
    filled = {path.removeprefix("$.").partition(".")[0] for path in detail.filled}
    members = [
        json_bytes(name)
        + b":"
        + (bytes(sent[name]) if name in sent and name not in filled else json_bytes(value))
        for name, value in document.items()
        if not (name in FILLED_AGAIN and name in filled and name not in sent)
    ]
    return msgspec.json.format(b"{" + b",".join(members) + b"}", indent=2).decode("utf-8", "replace")


def editor() -> list[str]:
    """Return the command of the editor that VISUAL or EDITOR names, [] for none."""
    return shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "")


def edited_in(command: list[str], text: str) -> tuple[int, str]:
    """Run the editor on a file that only its owner may read; return its exit code and the text after it.

    The screen waits, because the terminal belongs to the editor. Raises InputError if it cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="segtap-") as folder:
        file = Path(folder) / "message.json"
        file.write_text(text, "utf-8", errors="surrogatepass")
        try:
            code = subprocess.run([*command, str(file)], check=False).returncode
            return code, file.read_text("utf-8", "replace")
        except OSError as error:
            what = error.strerror or error
            raise InputError(f"The editor {command[0]} cannot be used on {file.name}: {what}.") from error
