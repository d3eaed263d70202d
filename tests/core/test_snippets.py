"""The lines for SDKs: filled in right, and the same in README as on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from segtap.core.settings import IngestSettings
from segtap.core.snippets import DEVICE_SNIPPETS, MORE_SNIPPETS, SNIPPETS, TEE_BROWSER, TEE_NODE, Snippet

README = Path(__file__).parents[2] / "core" / "sources" / "README.md"
URL = f"http://127.0.0.1:{IngestSettings().port}"
ALL = (*SNIPPETS, *MORE_SNIPPETS, TEE_BROWSER, TEE_NODE)
IDS = [f"{snippet.sdk}{', tee' * (snippet in (TEE_BROWSER, TEE_NODE))}" for snippet in ALL]


@pytest.mark.parametrize("snippet", ALL, ids=IDS)
def test_readme_has_it_word_for_word(snippet: Snippet) -> None:
    assert snippet.fill(URL).strip() in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("snippet", DEVICE_SNIPPETS, ids=lambda snippet: snippet.sdk)
def test_readme_has_the_lines_for_mixpanels_sdks(snippet: Snippet) -> None:
    assert snippet.fill(URL, "PROJECT_TOKEN") in README.read_text(encoding="utf-8")


def test_each_sdk_has_one_set_of_lines() -> None:
    names = [snippet.sdk for snippet in (*SNIPPETS, *MORE_SNIPPETS)]
    assert len(set(names)) == len(names)


def test_fill() -> None:
    snippet = Snippet("X", "{key} {url}/v1 {scheme} {host} {name} {port} ${url} { url: '{url}' } {other}")
    assert snippet.fill("https://[::1]:9", "K") == (
        "K https://[::1]:9/v1 https [::1]:9 ::1 9 ${url} { url: 'https://[::1]:9' } {other}"
    )
    assert Snippet("X", "{name} {port}").fill("https://tap.example") == "tap.example 443"
    assert Snippet("X", "{host} {port}").fill("http://tap.example") == "tap.example 80"


@pytest.mark.parametrize("snippet", ALL, ids=IDS)
def test_no_blank_is_left_open_and_no_address_is_fixed(snippet: Snippet) -> None:
    text = snippet.fill("https://tap.example:1")
    assert "tap.example" in text
    assert "127.0.0.1" not in text
    for blank in ("{url}", "{host}", "{scheme}", "{key}", "{name}", "{port}"):
        assert blank not in text
    assert "http://" not in text
