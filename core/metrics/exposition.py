"""Prometheus' text form, version 0.0.4. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Literal, NamedTuple

from .histogram import BOUNDS, Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Value = int | float | Histogram
Labels = Mapping[str, str]
NO_LABELS: Labels = {}


class Family(NamedTuple):
    """A metric: its name, its type, what it means, and the value of each set of labels."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    words: str
    values: tuple[tuple[Labels, Value], ...]


def family(name: str, kind: Literal["counter", "gauge", "histogram"], words: str, value: Value) -> Family:
    """Return a metric of one value."""
    return Family(name, kind, words, ((NO_LABELS, value),))


def exposition(families: Iterable[Family], created: float) -> str:
    """Return the text of metrics. What counts began with 0 at `created`, in seconds since the epoch."""
    return "".join(f"{line}\n" for one in families for line in _lines(one, created))


def _lines(one: Family, created: float) -> Iterator[str]:
    yield from _head(one.name, one.kind, one.words)
    for labels, value in one.values:
        if isinstance(value, Histogram):
            yield from _histogram(one.name, labels, value)
        else:
            yield f"{one.name}{_labels(labels)} {_number(value)}"
    if one.kind != "gauge":
        name = f"{one.name.removesuffix('_total')}_created"
        yield from _head(name, "gauge", one.words)
        for labels, _ in one.values:
            yield f"{name}{_labels(labels)} {_number(created)}"


def _head(name: str, kind: str, words: str) -> Iterator[str]:
    text = words.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"


def _histogram(name: str, labels: Labels, histogram: Histogram) -> Iterator[str]:
    for bound, count in zip((*map(_number, BOUNDS), "+Inf"), accumulate(histogram.buckets), strict=True):
        yield f"{name}_bucket{_labels({**labels, 'le': bound})} {count}"
    yield f"{name}_sum{_labels(labels)} {_number(histogram.total)}"
    yield f"{name}_count{_labels(labels)} {histogram.count}"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items()) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(value)
