"""Known secrets in whatever form they come back or are received."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from engines import API_SECRET, engine_settings, isolate, listed, post, running_engine, track

from segtap.core.masks import MASK, Masks

SECRET = 'pa+ss/w"ord?é12345'


def forms(secret: str) -> dict[str, str]:
    """A secret as servers and SDKs write it."""
    found = {"raw": secret, "json": json.dumps(secret)[1:-1], "percent": quote(secret, safe="")}
    written = {"alone": secret, "basic": f"{secret}:", "user": f"user:{secret}", "u": f"u:{secret}"}
    for name, text in written.items():
        data = text.encode()
        found[f"base64 {name}"] = base64.b64encode(data).decode()
        found[f"url-safe {name}"] = base64.urlsafe_b64encode(data).decode().rstrip("=")
    return found


@pytest.mark.parametrize("form", forms(SECRET).values(), ids=forms(SECRET))
def test_every_form_becomes_dots(form: str) -> None:
    masks = Masks([SECRET])
    assert masks.text(f"wrong: {form} !") == f"wrong: {MASK} !"
    assert masks.data(f"\0 {form} !".encode() + b"\xff") == f"\0 {MASK} !".encode() + b"\xff"
    assert masks.value({form: [form, ("x", form)]}) == {MASK: [MASK, ("x", MASK)]}


def test_other_texts_stay() -> None:
    assert Masks([SECRET]).text("nothing of the kind") == "nothing of the kind"
    assert Masks().text(SECRET) == SECRET


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
