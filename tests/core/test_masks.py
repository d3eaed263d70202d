"""Known secrets in whatever form they come back or are received."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from engines import API_SECRET, engine_settings, isolate, listed, post, running_engine, track
from secret_forms import forms

from segtap.core.masks import MASK, Masks, secrets_in_functions
from segtap.core.settings import InsertFunction

SECRET = 'pa+ss/w"ord?é12345'


@pytest.mark.parametrize("form", forms(SECRET).values(), ids=forms(SECRET))
def test_every_form_becomes_dots(form: str) -> None:
    masks = Masks([SECRET])
    assert masks.text(f"wrong: {form} !") == f"wrong: {MASK} !"
    assert masks.data(f"\0 {form} !".encode() + b"\xff") == f"\0 {MASK} !".encode() + b"\xff"
    assert masks.value({form: [form, ("x", form)]}) == {MASK: [MASK, ("x", MASK)]}


def test_other_texts_stay() -> None:
    assert Masks([SECRET]).text("nothing of the kind") == "nothing of the kind"
    assert Masks().text(SECRET) == SECRET
    assert Masks([SECRET]).text(SECRET[:8]) == SECRET[:8]


LONG = "0123456789abcdef-FEDCBA9876543210"


@pytest.mark.parametrize("kept", [17, 20, 32])
def test_what_a_cut_left_of_a_secret_becomes_dots(kept: int) -> None:
    masks = Masks([LONG, f"account.name:{LONG}"])
    assert masks.text(f"wrong: {LONG[:kept]}…") == f"wrong: {MASK}…"
    header = base64.b64encode(f"user:{LONG}".encode()).decode()
    assert masks.text(f"Basic {header[: len(header) - 12]}…") == f"Basic {MASK}…"
    assert masks.text("account.name") == "account.name"


def test_json_stays_json() -> None:
    """No escape is left half where a secret begins within it."""
    masks = Masks([LONG, "n" * 24, "\\" * 30])
    for text in (f"a\n{base64.b64encode(LONG.encode()).decode()}", "x\n" + "n" * 24, "\\" * 31, f"é{LONG}"):
        for ascii_only in (True, False):
            told = masks.text(json.dumps({"k": text}, ensure_ascii=ascii_only))
            assert MASK in json.loads(told)["k"]


def test_a_long_text_takes_no_long_time() -> None:
    masks = Masks([SECRET])
    started = time.perf_counter()
    told = masks.text("A" * 1_000_000 + base64.b64encode(SECRET.encode()).decode() + "/" * 1_000_000)
    assert told == MASK
    assert time.perf_counter() - started < 5


def test_a_deep_value_is_masked() -> None:
    value: object = SECRET
    for _ in range(500):
        value = {"a": value}
    told = Masks([SECRET]).value(value)
    for _ in range(500):
        assert isinstance(told, dict)
        told = told["a"]
    assert told == MASK


def test_a_secret_that_is_no_text_can_be_masked() -> None:
    """A variable of the environment may hold any bytes."""
    secret = b"\xff\xfe-secret-of-bytes".decode("utf-8", "surrogateescape")
    assert Masks([secret]).data(b"k=" + secret.encode("utf-8", "surrogateescape")) == f"k={MASK}".encode()


async def test_a_secret_within_messages_is_told_by_no_answer_of_an_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    every = forms(API_SECRET)
    async with running_engine(engine_settings(tmp_path)) as (engine, client):
        for n, form in enumerate(every.values()):
            await post(engine.url, track(f"m-{n}", f"E {form}", properties={"k": form, form: 1}))
        lines = await listed(client, len(every))
        told = [repr(lines)]
        told += [repr(await client.detail(line.id)) for line in lines]
        told += [line.decode() async for line in client.export()]
        told += [repr(await client.overview()), repr(await client.users())]
    for form in every.values():
        assert not any(form in text for text in told)


@pytest.mark.parametrize(
    ("settings", "secret"),
    [
        ({"plan": "professional"}, False),
        ({"events": ["Order Completed", "Signed Up"]}, False),
        ({"region": "eu-west-1"}, False),
        ({"password": "professional"}, True),
        ({"mail": {"apiToken": "wintertime"}}, True),
        ({"other": "sk_live_1234567890"}, True),
        ({"other": "aVeryMixedText"}, True),
        ({"other": "abcdefghijklmnopqrstuvwxyz"}, True),
        ({"other": "https://hooks.example.com/abcdefgh"}, True),
        ({"other": "short"}, False),
    ],
)
def test_plain_words_in_the_settings_of_functions_are_no_secrets(settings: Any, secret: bool) -> None:
    found = secrets_in_functions([InsertFunction(file="fn.js", settings=settings)])
    assert bool(found) is secret


def test_a_named_tuple_stays_one() -> None:
    class Line(NamedTuple):
        words: str

    masked = Masks(["a-long-secret"]).value((Line("says a-long-secret"),))
    assert masked == (Line("says ••••"),)
    assert masked[0].words == "says ••••"
