"""Messages of a batch are read as each by itself, and share the context that they all state."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from segtap.core.sources.alike import read_alike
from segtap.core.sources.decode import NotJson, read_json

CONTEXT = '{"library": {"name": "analytics-node", "version": "2.1.0"}, "active": true}'
OTHER = '{"library": {"name": "analytics-python", "version": "2.3.4"}}'


def track(number: int, context: str = CONTEXT, properties: str = '{"plan": "pro"}') -> bytes:
    """A track call with this context behind its properties, as JSON text."""
    given = f'"properties": {properties}, "context": {context}'
    return f'{{"event": "E {number}", {given}, "n": {number}}}'.encode()


def contexts(texts: list[bytes]) -> list[Any]:
    """The contexts of messages that are read together; each message is as if it were read by itself."""
    read = read_alike(texts)
    assert repr(read) == repr([read_json(text) for text in texts])
    return [cast(Any, value)["context"] for value, _ in read]


def test_messages_of_a_batch_share_their_context() -> None:
    first, second, third = contexts([track(1), track(2), track(3)])
    assert first is second is third


def test_each_message_has_the_context_that_it_states() -> None:
    found = contexts([track(1), track(2, OTHER), track(3, OTHER), track(4), track(5, "{}"), track(6)])
    assert [len(one) for one in found] == [2, 1, 1, 2, 0, 2]
    assert found[1] is found[2]


@pytest.mark.parametrize(
    "odd",
    [
        track(2, properties=f'{{"context": {CONTEXT}}}'),
        track(2, OTHER, properties=f'{{"context": {CONTEXT}}}'),
        track(2, properties=json.dumps({"text": f'"context": {CONTEXT}'})),
        track(2).replace(b'"n"', b'"context": 5, "n"'),
        track(2).replace(b'"n"', b'"context": null, "context": ' + OTHER.encode() + b', "n"'),
        track(2).replace(b'"context"', rb'"cont\u0065xt"'),
        track(2).replace(b"true", b"NaN"),
        track(2, properties='{"total": 1e400}'),
        track(2).replace(b"analytics-node", b"analytics-n\xff"),
        b" " + track(2) + b"\n",
    ],
    ids=lambda text: text[:40].decode("latin-1"),
)
def test_an_odd_message_between_others_is_read_as_by_itself(odd: bytes) -> None:
    found = contexts([track(1), odd, track(3), odd, track(5)])
    assert found[0] == found[2] == found[4] == json.loads(CONTEXT)


def test_messages_without_a_context_that_can_be_shared() -> None:
    texts = [b"{}", b"[1]", b'{"context": "web"}', track(1), b'{"event": "context"}', track(2)]
    assert repr(read_alike(texts)) == repr([read_json(text) for text in texts])


def test_a_text_that_is_not_json_is_refused() -> None:
    with pytest.raises(NotJson):
        read_alike([track(1), track(2)[:-1], track(3)])
