"""Questions about `[[sources]]`: which have sent, and which write keys have no name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..masks import mask_token
from ..text import clean, counted
from .diagnosis import Diagnosis
from .facts import Facts

_TITLE = "Sources"
_SHOWN = 4


def sources(facts: Facts) -> Iterator[Diagnosis]:
    """Yield which of `[[sources]]` sent nothing, or cannot, and which write keys have no name."""
    given = facts.settings.sources
    if not given:
        return
    for fault in facts.settings.source_faults:
        yield Diagnosis(
            check="sources",
            title=_TITLE,
            standing="error",
            words=fault,
            fix="add the write key to write_keys under [ingest], and start segtap again",
        )
    seen = Counter(case.detail.write_key for case in facts.cases)
    sent = {one.name: sum(seen.pop(key, 0) for key in one.write_keys) for one in given}
    seen.pop("", None)
    if not facts.cases:
        return
    words = ", ".join(f"{clean(name)} {count:,}" for name, count in sent.items() if count)
    total = counted(len(facts.cases), "message")
    yield Diagnosis(
        check="sources",
        title=_TITLE,
        standing="good" if words else "note",
        words=f"of {total}: {words}" if words else f"none of {total} has a write key of [[sources]]",
    )
    if words and (silent := [clean(name) for name, count in sent.items() if not count]):
        yield Diagnosis(
            check="sources",
            title=_TITLE,
            standing="note",
            words=f"{_listed(silent)} sent none of these {total}",
            fix="compare write_keys with the source's key in Segment: Settings, API Keys",
        )
    if seen:
        keys = [f"{clean(mask_token(key))} ({count:,})" for key, count in seen.most_common()]
        yield Diagnosis(
            check="sources",
            title=_TITLE,
            standing="note",
            words=f"no source has the write key {_listed(keys)}: the general settings judge its messages",
            fix="nothing, if that is meant; else add it to a source's write_keys under [[sources]]",
        )


def _listed(words: list[str]) -> str:
    return ", ".join(words[:_SHOWN]) + (" …" if len(words) > _SHOWN else "")
