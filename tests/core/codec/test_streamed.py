"""Files of any length: unpacked within bounds, cut into lines and into the items of lists."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator

import pytest

from segtap.core.codec.streamed import Part, is_har, is_list, items, lines, unpacked
from segtap.core.errors import InputError

DOCUMENTS = [{"a": n, "s": 'x"]}\\{[' * (n % 7), "n": [{"b": [1, {}]}] * (n % 3)} for n in range(60)]
HAR = {"log": {"version": "1.2", "pages": [{"x": ["entries"]}], "entries": DOCUMENTS, "z": [{"q": 1}]}}
SIZES = (1, 7, 100, 1_000_000)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("indent", [None, 2])
def test_items_of_a_list_are_the_same_in_chunks_of_any_size(size: int, indent: int | None) -> None:
    data = f"\n{json.dumps(DOCUMENTS, indent=indent)}\n{json.dumps(DOCUMENTS)}".encode()
    found = list(items(cut(data, size)))
    assert [json.loads(part.text) for part in found] == DOCUMENTS * 2
    for part in found:
        assert data.split(b"\n")[part.line - 1].lstrip()[:1] in (b"{", b"[")


@pytest.mark.parametrize("size", SIZES)
def test_entries_of_a_har_file_are_found_among_other_lists(size: int) -> None:
    found = items(cut(json.dumps(HAR, indent=1).encode(), size), har=True)
    assert [json.loads(part.text) for part in found] == DOCUMENTS


@pytest.mark.parametrize("size", SIZES)
def test_an_item_that_is_too_large_is_left_out(size: int) -> None:
    large: list[object] = [{"a": 1}, {"text": "\\" * 3000 + '"'}, {"list": [[1]] * 900}, {"b": 2}]
    found = list(items(cut(json.dumps(large, indent=0).encode(), size), limit=300))
    assert [part.text.replace(b"\n", b"") for part in found] == [b'{"a": 1}', b"", b"", b'{"b": 2}']
    assert [part.error for part in found] == ["", "it is larger than 300 B", "it is larger than 300 B", ""]
    assert [part.line for part in found][:3] == [2, 5, 8]


def test_a_list_that_ends_too_early_says_so() -> None:
    found = list(items([b'[{"a": 1},\n{"b": ']))
    assert found == [Part(1, b'{"a": 1}'), Part(1, error="the file ends in the middle of a value")]


def test_kinds_are_told_by_the_beginning() -> None:
    assert is_har(json.dumps(HAR, indent=2).encode())
    assert is_har(b"\xef\xbb\xbf" + json.dumps(HAR).encode())
    assert is_list(b" \n[{")
    assert not is_har(b'{"type": "track", "log": {}}')
    assert not is_list(b'{"a": []}')


def test_a_line_is_held_no_longer_than_allowed() -> None:
    data = b"one\n" + b"x" * 1000 + b"\nthree"
    found = list(lines(cut(data, 10), limit=50))
    assert found[0], found[2] == (b"one", b"three")
    assert 50 < len(found[1]) <= 70


@pytest.mark.parametrize("size", SIZES)
def test_members_of_a_compressed_file_follow_each_other(size: int) -> None:
    data = gzip.compress(b"one\n") + gzip.compress(b"two") + b"\0\0"
    assert b"".join(unpacked(cut(data, size))) == b"one\ntwo"
    assert b"".join(unpacked(cut(b"plain", size))) == b"plain"
    assert b"".join(unpacked([])) == b""


def test_a_broken_file_gives_what_comes_before() -> None:
    data = gzip.compress(json.dumps(DOCUMENTS).encode())
    for broken, why in ((data[:-40], "ends too early"), (data[:100] + b"\xff" * 99, "is broken")):
        read: list[bytes] = []
        with pytest.raises(InputError, match=why):
            read.extend(unpacked(cut(broken, 10)))
        assert b"".join(read).startswith(b'[{"a": 0')


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segtap.core.codec.streamed._LARGE", 20 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(60)) + packer.flush()
    read: list[int] = []
    with pytest.raises(InputError, match="not read any further"):
        read.extend(map(len, unpacked([bomb])))
    assert max(read) <= 17 << 20
    assert sum(read) <= 20 << 20
