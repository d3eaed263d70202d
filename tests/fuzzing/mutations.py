"""Changes bytes and JSON values at random, from a seeded generator: the same seed makes the same change."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from random import Random
from typing import Any

MOST = 256 * 1024
"""Bytes that a changed input may have."""

NUMBERS = (
    *(b"0", b"-1", b"1e400", b"-0.0", b"9223372036854775807", b"9223372036854775808", b"1" * 400),
    *(b"\xd9\xa3", b"0x10", b"NaN", b"Infinity", b"1_000"),
)
ODD = (
    *(
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"\\ud800",
        b"\\u0000",
        b"\r\n",
        b"\n\n",
        b"\x1b[2J",
    ),
    *(b"%FF", b"%00", b"%", b"&", b"=", b'"', b"[", b"{", b"]" * 3, b"{" * 600, b"[" * 600, b"A" * 5_000),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 1e308, 2**53, 2**63, -(2**63) - 1, 10**40, "", " ", "\0", "\ud800"),
    *("track", "2026-11-24T22:00:00Z", "+099999-01-01T00:00:00Z", "0000-00-00", "9" * 30, "a" * 600, "💥"),
    *("{{ x }}", "${y}", "null", "undefined", "constructor", "__proto__", "$.a.b", "\u202e", "NaN"),
    *([], {}, [[]], [None], {"": ""}, {"$set": {}}, [{}] * 3, {"a": {"b": {"c": [1]}}}, "😀"[0:1]),
)


def mutate(data: bytes, chance: Random, others: Sequence[bytes], words: Sequence[bytes] = ()) -> bytes:
    """Return the bytes with one to eight changes; `others` give pieces, `words` whole tokens."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        data = _change(data, chance, others, words)[:MOST]
    return data


def _change(data: bytes, chance: Random, others: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    at = chance.randint(0, len(data))
    end = min(len(data), at + chance.choice((1, 1, 2, 8, 64, 1_000)))
    match chance.randrange(9):
        case 0 if data:
            place = chance.randrange(len(data))
            return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]
        case 1:
            return data[:at] + data[end:]
        case 2:
            return data[:at] + data[at:end] * chance.choice((2, 3, 50)) + data[end:]
        case 3:
            return data[:at] + chance.choice(ODD) + data[at:]
        case 4:
            return data[:at] + chance.choice((*words, b"")) + data[at:]
        case 5:
            other = chance.choice(others)
            start = chance.randint(0, len(other))
            return data[:at] + other[start : start + chance.choice((4, 40, 400))] + data[end:]
        case 6:
            return _another_number(data, chance)
        case 7:
            return data[:at]
        case _:
            return data[:at] + chance.randbytes(chance.choice((1, 4, 20))) + data[end:]


def _another_number(data: bytes, chance: Random) -> bytes:
    digits = [at for at, byte in enumerate(data) if 48 <= byte < 58]
    if not digits:
        return data + chance.choice(NUMBERS)
    at = end = chance.choice(digits)
    while end < len(data) and 48 <= data[end] < 58:
        end += 1
    return data[:at] + chance.choice(NUMBERS) + data[end:]


def mutate_json(value: Any, chance: Random, names: Sequence[str]) -> Any:
    """Return the value with some of its parts replaced, dropped, copied or put under another name."""
    value = json.loads(json.dumps(value))
    for _ in range(chance.choice((1, 1, 2, 5))):
        places = list(_places(value))
        if not places:
            return _value(chance)
        holder, key = chance.choice(places)
        match chance.randrange(5):
            case 0 | 1:
                holder[key] = _value(chance)
            case 2 if isinstance(holder, dict):
                holder[chance.choice((*names, "x", "", "\0"))] = holder.pop(key)
            case 3:
                other, place = chance.choice(places)
                holder[key] = json.loads(json.dumps(other[place]))
            case 4:
                del holder[key]
            case _:
                # Once: thirty times thirty times thirty would be all that is made.
                holder[key] = [holder[key]] * chance.choice((1, 2, 30))
                break
    return value


def _value(chance: Random) -> Any:
    return copy.deepcopy(chance.choice(VALUES))


def _places(value: Any) -> Any:
    """Yield each part of a value as what holds it and its key or index."""
    stack = [value]
    while stack:
        holder = stack.pop()
        keys: Any = holder if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            yield holder, key
            if isinstance(holder[key], dict | list):
                stack.append(holder[key])


def names_in(value: Any) -> set[str]:
    """Return the names of all members in a JSON value."""
    return {key for holder, key in _places(value) if isinstance(holder, dict)}
