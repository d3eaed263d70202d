"""Transformations, dropped and allowed fields, and samples do as Segment's published code (@segment/tsub)."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from random import Random
from typing import Any

import pytest
from conformance.reference import Reference

from segtap.core.config.filters import read_filters
from segtap.core.config.transformations import read_transformations
from segtap.core.destinations.samples import share_of
from segtap.core.messages import JsonObject
from segtap.core.pipeline import compiled
from segtap.core.pipeline.stages import walk
from segtap.core.settings import Destination

EXAMPLES = 2_000
MESSAGES = 5
STEPS = ("a", "b", "old name", "total", "items", "0", "2", "length", "x\\", "ü", "nested", "", "$k")
ROOTS = ("properties", "traits", "context", "context.page", "", "properties.a", "properties.items")
SCALARS = (0, 1, -2.5, "", "x", "ünï😀", True, False, None)
TRACK = "type = 'track'"


def _value(random: Random, depth: int) -> Any:
    kind = random.randrange(6) if depth else 5
    if kind < 2:
        return {random.choice(STEPS[:5]): _value(random, depth - 1) for _ in range(random.randrange(4))}
    if kind == 2:
        return [_value(random, depth - 1) for _ in range(random.randrange(4))]
    return random.choice(SCALARS)


def _message(random: Random) -> dict[str, Any]:
    message: dict[str, Any] = {"type": "track", "event": random.choice(("A", "B"))}
    for root in ("properties", "traits", "context"):
        if random.randrange(4):
            message[root] = _value(random, 3) if random.randrange(6) else random.choice(SCALARS)
    if isinstance(message.get("properties"), dict):
        message["properties"].update({name: _value(random, 2) for name in random.sample(STEPS[:5], 2)})
    return message


def _path(random: Random) -> str:
    root = random.choice(ROOTS)
    steps = [
        random.choice(STEPS[:7] if random.randrange(4) else STEPS)
        for _ in range(random.choice((1, 1, 1, 2, 3)))
    ]
    return ".".join([root, *steps] if root else steps)


def _transformation(random: Random) -> dict[str, Any]:
    """One transformation; the published code takes each path once."""
    one: dict[str, Any] = {"if": TRACK}
    free = [path for path in dict.fromkeys(_path(random) for _ in range(5)) if path not in ("type", "event")]
    count = random.randrange(4)
    one["propertyRenames"] = [{"oldName": _path(random), "newName": free.pop()} for _ in range(count) if free]
    one["propertyValueTransformations"] = [
        {"propertyPaths": [free.pop()], "propertyValue": _value(random, 1)}
        for _ in range(random.randrange(2))
        if free
    ]
    if not random.randrange(3):
        one["newEventName"] = "Renamed"
    if not random.randrange(3):
        one["propertyDrops"] = [_path(random) for _ in range(2)]
    if not random.randrange(6):
        one["allowProperties"] = [f"properties.{random.choice(STEPS[:5])}" for _ in range(2)]
    return one


def _published(one: dict[str, Any]) -> list[dict[str, Any]]:
    """The same in the published code's own form."""
    entries: dict[str, Any] = {}
    for rename in one["propertyRenames"]:
        entries[rename["newName"]] = {"move": rename["oldName"]}
    for constant in one["propertyValueTransformations"]:
        entries[constant["propertyPaths"][0]] = {"set": constant["propertyValue"]}
    if "newEventName" in one:
        entries["event"] = {"set": one["newEventName"]}
    made = [{"type": "map_properties", "config": {"map": entries}}]
    for key, kind, name in (
        ("propertyDrops", "drop_properties", "drop"),
        ("allowProperties", "allow_properties", "allow"),
    ):
        fields: dict[str, list[str]] = {}
        for path in one.get(key, ()):
            holder, _, last = path.rpartition(".")
            fields.setdefault(holder, []).append(last)
        if fields:
            made.append({"type": kind, "config": {name: fields}})
    return made


def _wanted(pytestconfig: pytest.Config) -> int:
    return pytestconfig.getoption("--conformance-examples") or int(
        os.environ.get("SEGTAP_CONFORMANCE_EXAMPLES", EXAMPLES)
    )


def _random(pytestconfig: pytest.Config) -> Random:
    return Random(pytestconfig.getoption("--conformance-seed"))


def _indexes(one: dict[str, Any]) -> bool:
    """Whether JavaScript would put entries in another order, because a path is a whole number."""
    paths = [rename["newName"] for rename in one["propertyRenames"]]
    paths += [constant["propertyPaths"][0] for constant in one["propertyValueTransformations"]]
    return any(path.isdecimal() for path in paths)


@pytest.mark.timeout(3600)
def test_transformations_make_what_the_published_code_makes(
    published: Reference, pytestconfig: pytest.Config
) -> None:
    random = _random(pytestconfig)
    outcomes: Counter[str] = Counter()
    for _ in range(_wanted(pytestconfig)):
        one = _transformation(random)
        if _indexes(one):
            continue
        messages = [_message(random) for _ in range(MESSAGES)]
        theirs = published.ask({"transform": _published(one), "messages": messages})["made"]
        by = compiled(Destination(), transformations=read_transformations([one], "test"))
        for message, made in zip(messages, theirs, strict=True):
            if "threw" in made:
                outcomes["threw"] += 1
                continue
            ours = walk(message, (), by, 0).document
            outcomes["same" if ours is message else "changed"] += 1
            if ours != made["made"]:
                shown = json.dumps([one, message], ensure_ascii=False)
                pytest.fail(f"\nexample   {shown}\npublished {made['made']}\nours      {ours}", pytrace=False)
    assert min(outcomes["same"], outcomes["changed"]) > outcomes.total() / 10, outcomes
    print(dict(outcomes))


@pytest.mark.timeout(3600)
def test_filters_take_out_what_the_published_code_takes_out(
    published: Reference, pytestconfig: pytest.Config
) -> None:
    random = _random(pytestconfig)
    outcomes: Counter[bool] = Counter()
    for _ in range(_wanted(pytestconfig) // 2):
        kind, name = random.choice((("drop_properties", "drop"), ("allow_properties", "allow")))
        fields = {
            root: random.sample(STEPS, 3) for root in random.sample([root for root in ROOTS if root], 2)
        }
        messages = [_message(random) for _ in range(MESSAGES)]
        asked = {"transform": [{"type": kind, "config": {name: fields}}], "messages": messages}
        theirs = published.ask(asked)["made"]
        filters = read_filters([{"if": TRACK, "action": kind, "fields": fields}], "test")
        by = compiled(Destination(), filters=filters)
        for message, made in zip(messages, theirs, strict=True):
            if "threw" in made:
                continue
            ours = walk(message, (), by, 0).document
            outcomes[ours is message] += 1
            assert ours == made["made"], json.dumps([kind, fields, message])
    assert min(outcomes[True], outcomes[False]) > outcomes.total() / 10, outcomes


def test_samples_let_through_what_the_published_code_lets_through(
    published: Reference, pytestconfig: pytest.Config
) -> None:
    """Of values whose MD5 begins with a 1; of the others the published code counts the bits wrongly."""
    random = _random(pytestconfig)
    outcomes: Counter[bool] = Counter()
    values = [*(f"user-{number}" for number in range(400)), *(_value(random, 2) for _ in range(100))]
    for percent in (0.0, 0.55, 0.7, 0.9, 1.0):
        messages: list[JsonObject] = [{"type": "track", "userId": value} for value in values]
        config = {"sample": {"percent": percent, "path": "userId"}}
        theirs = published.ask(
            {"transform": [{"type": "sample_event", "config": config}], "messages": messages}
        )
        sample = {"if": TRACK, "action": "sample", "percent": percent, "path": "userId"}
        by = compiled(Destination(), filters=read_filters([sample], "test"))
        for message, made in zip(messages, theirs["made"], strict=True):
            if 0 < percent < 1 and share_of(message, "userId") < 0.5:
                continue
            sent = walk(message, (), by, 0).translation.not_sent is None
            outcomes[sent] += 1
            assert sent == (made["made"] is not None), json.dumps([percent, message])
    assert min(outcomes.values()) > 100, outcomes
    text = hashlib.md5(b'"user-1"', usedforsecurity=False).digest()
    assert share_of({"userId": "user-1"}, "userId") == int.from_bytes(text[:8], "big") / 2**64
