"""`segtap journal salvage`: what can be read of a damaged journal, in a new one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from .. import private_files
from ..delivery import DeliveryState
from ..engine.active import ActiveSettings
from ..errors import JournalError
from ..faults import Faults
from ..forward.ledger import Ledger
from ..forward.records import records_of
from ..index.receipts import ReceiptReader
from ..index.summaries import entry_of, judged_of, refusal, summarize
from ..messages import DEDUPE_WINDOW, Marks, Message, Receipt
from ..pipeline.intake import parse_receipt
from ..settings import Settings
from ..sources.bounds import bounds_of
from ..stores import holder_of
from ..stores.base import Entry
from ..stores.sqlite.faults import file_fault, foreign_fault, missing_fault
from ..stores.sqlite.lock import locked_fault
from ..stores.sqlite.place import chosen_path, companions, make_folder
from ..stores.sqlite.salvage import Copied, Copy
from ..verdict import Translation


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was salvaged. `rebuilt` lines of the list were made from their requests again."""

    old: str
    new: str
    copied: Copied
    rebuilt: int = 0


def salvage(settings: Settings, to: str, progress: Callable[[float], None]) -> Report:
    """Copy what can be read of the journal that the settings name into a new file, which must not be there.

    The old file is only read. Messages whose line in the index is lost are read by the settings from their
    requests. Raises JournalError.
    """
    old, new = chosen_path(settings.journal.path), Path(to).expanduser().absolute()
    _check(old, new)
    make_folder(new.parent)
    part = new.with_name(f".{new.name}.{secrets.token_hex(8)}.part")
    try:
        private_files.create(part, b"")
        report = _copy(settings, old, part, progress)
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        _place(part, new)
    except OSError as error:
        raise file_fault(error, new) from error
    finally:
        for file in (part, *companions(part)):
            file.unlink(missing_ok=True)
    return msgspec.structs.replace(report, new=str(new))


def _check(old: Path, new: Path) -> None:
    if not old.exists():
        raise missing_fault(old)
    if not old.is_file():
        raise foreign_fault(old)
    if (holder := holder_of(old)) is not None:
        raise locked_fault(old, holder)
    for path in (new, *companions(new)):
        if os.path.lexists(path):
            raise _there_is(path)


def _place(part: Path, new: Path) -> None:
    """Give the finished file its name. Raises JournalError where something has it by now."""
    try:
        os.link(part, new)  # unlike a rename it replaces nothing
    except FileExistsError as error:
        raise _there_is(new) from error
    except OSError:  # a disk without links
        if os.path.lexists(new):
            raise _there_is(new) from None
        part.rename(new)


def _there_is(path: Path) -> JournalError:
    return JournalError(f"{path} is there already. Name a new file: --to NEW.")


def _copy(settings: Settings, old: Path, part: Path, progress: Callable[[float], None]) -> Report:
    copy = Copy(old, part, progress)
    try:
        if not copy.known:
            raise JournalError(f"{old} is not a segtap journal: nothing in it looks like one.")
        copy.rows()
        rebuilt = 0 if copy.index_whole else _rebuild(copy, settings)
        return Report(old=str(old), new=str(part), copied=copy.finish(), rebuilt=rebuilt)
    finally:
        copy.close()


def _rebuild(copy: Copy, settings: Settings) -> int:
    """Make the lines that the index lacks from the requests that hold their messages."""
    reading = ActiveSettings(settings)
    parse = partial(parse_receipt, bounds=bounds_of(settings.ingest))
    reader = ReceiptReader(parse, reading.judge, Faults(), adjust=reading.adjust, keeper=reading)
    rebuilt = 0
    for receipt, known in copy.lacking():
        entries = list(_entries(copy, reader, receipt, known))
        copy.add(entries)
        rebuilt += len(entries)
    return rebuilt


def _entries(copy: Copy, reader: ReceiptReader, receipt: Receipt, known: frozenset[int]) -> Sequence[Entry]:
    if receipt.refused is not None:
        return [] if known else [refusal(receipt)]
    messages = reader.messages(receipt)
    if isinstance(messages, str):
        refused = msgspec.structs.replace(receipt, refused=messages)
        return [] if known else [refusal(refused, DeliveryState.FAULT)]
    return [_entry(copy, reader, message, receipt) for message in messages if message.position not in known]


def _entry(copy: Copy, reader: ReceiptReader, message: Message, receipt: Receipt) -> Entry:
    since = message.received_at - DEDUPE_WINDOW
    counts = receipt.origin != "replay" and not message.marks & Marks.WOULD_REJECT
    if counts and copy.came_before(message.message_id, since, message.id):
        message = msgspec.structs.replace(message, marks=message.marks | Marks.SECOND_RECEIPT)
    verdict = reader.verdict(message)
    line = summarize(message, verdict, receipt)
    if line.delivery is DeliveryState.WAITING:
        state = _state(copy, message, receipt, verdict.translation)
        line = msgspec.structs.replace(line, delivery=state)
    judged = judged_of(verdict, message.marks, verdict, reader.revision)
    return entry_of(line, message, receipt, judged)


def _state(copy: Copy, message: Message, receipt: Receipt, translation: Translation) -> DeliveryState:
    """Return where a message stands that was owed when it was received, by the attempts that are known."""
    if copy.several:
        state = copy.state_of(message.id)
        copy.copied.doubted += state is None
        return DeliveryState.UNCERTAIN if state is None else state
    attempts = copy.attempts(message.id)
    _, settled = Ledger().open(message.id, records_of(message.id, translation), attempts)
    if settled:
        return settled[0][1]
    if copy.may_have_been_sent(receipt, attempts):
        copy.copied.doubted += 1
        return DeliveryState.UNCERTAIN
    return DeliveryState.WAITING
