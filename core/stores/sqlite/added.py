"""The rows of messages that come into the index, and what is counted of them: all in one pass.

Most messages that come together are alike in what the totals count, so that these are added up here once for
each kind of message. It is the most frequent work of the writer's thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...delivery import OWED_STATES, DeliveryState
from ..base import Entry, Judged
from ..tallies import MINUTE
from .rows import Value, kind_of, pack_entry, pack_findings, pack_rules, storable, verdict_of
from .shared import Uses
from .tally import Row
from .texts import Text

_Alike = tuple[int, int | None, str, int, int, int, str | None, int]
"""The number of the kind and of the verdict, delivery, marks, errors, warnings, name and minute."""


class Alike(NamedTuple):
    """Messages that add the same to the same totals: one of them, how many they are, and from when to when.

    `newest` is the highest id.
    """

    row: Row
    judged: Judged
    messages: int
    first: int
    last: int
    newest: int


class Added(NamedTuple):
    """What `add` returns: the values of MESSAGE_COLUMNS, the texts, and what is counted."""

    packed: list[tuple[Value, ...]]
    texts: list[Text]
    alike: list[Alike]


def added(entries: Sequence[Entry], kinds: Uses, verdicts: Uses) -> Added:
    """Return what the file gets of entries; each uses a row of `kinds` and perhaps one of `verdicts`."""
    packed: list[tuple[Value, ...]] = []
    texts: list[Text] = []
    groups: dict[_Alike, list[int]] = {}
    entry_of: dict[_Alike, Entry] = {}
    kinds_of: dict[tuple[str, ...], int] = {}
    """The rows of kinds by the values as they come: most messages that come together share one of a few."""
    numbers: dict[int, int | None] = {}
    """The rows of verdicts by the identity of the value: messages that a worker judged share these."""
    state: DeliveryState | None = None
    word, owed = "", 0
    for entry in entries:
        line, names, judged = entry.summary, entry.names, entry.judged
        shared = id(judged)
        if shared in numbers:
            verdict = numbers[shared]
        else:
            said = verdict_of(judged)
            verdict = numbers[shared] = None if said is None else verdicts.number(said)
        number, at = line.id, line.received_at
        if line.delivery is not state:
            state = line.delivery
            word, owed = state.value, int(state in OWED_STATES)
        name, user, user_id, anonymous_id = line.name, line.user, names.user_id, names.anonymous_id
        errors, warnings, marks = line.errors, line.warnings, line.marks
        # One look at all texts costs less than a call for each.
        values = (line.type, line.source, names.event, names.write_key, names.library, names.origin)
        kind = kinds_of.get(values)
        if kind is None:
            kind = kinds_of[values] = kinds.number(kind_of(entry))
        if f"{name}{user}{line.message_id}{names.event}{user_id}{anonymous_id}{names.group_id}".isascii():
            own_name = None if name == names.event else name
            packed.append(
                (
                    number,
                    at,
                    kind,
                    verdict,
                    own_name,
                    None if user == (user_id or anonymous_id) else user,
                    errors,
                    warnings,
                    marks,
                    word,
                    line.message_id,
                    1 if entry.wanted else 0,
                    pack_findings(entry.findings) if entry.findings else b"",
                    owed,
                    user_id,
                    anonymous_id,
                    names.group_id,
                    1 if entry.text_cut else 0,
                )
            )
        else:
            own_name = name
            packed.append(pack_entry(entry, kind, verdict))
        texts.append(Text(number, entry.text, entry.text_cut))
        key = (kind, verdict, word, marks, errors, warnings, own_name, at // MINUTE)
        group = groups.get(key)
        if group is None:
            groups[key] = [1, at, at, number]
            entry_of[key] = entry
            continue
        group[0] += 1
        if at < group[1]:
            group[1] = at
        if at > group[2]:
            group[2] = at
        if number > group[3]:
            group[3] = number
    alike: list[Alike] = []
    for key, group in groups.items():
        kind, verdict, *_ = key
        kinds.use(kind, group[0])
        if verdict is not None:
            verdicts.use(verdict, group[0])
        entry = entry_of[key]
        alike.append(Alike(counted(entry), entry.judged, *group))
    return Added(packed, texts, alike)


def counted(entry: Entry) -> Row:
    """Return what is counted of an entry."""
    line, judged = entry.summary, entry.judged
    return Row(
        line.marks,
        line.delivery.value,
        line.errors,
        line.warnings,
        line.id,
        line.received_at,
        storable(line.type),
        storable(line.name),
        storable(entry.names.event),
        pack_rules(judged.rules),
        sent_of(judged),
    )


def sent_of(judged: Judged) -> int | None:
    """Return the value of the column `sent`."""
    return None if judged.sent is None else int(judged.sent)
