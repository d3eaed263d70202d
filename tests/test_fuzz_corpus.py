"""What fuzzing found, and inputs that reach far: each is given to its target again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines import isolate
from fuzz import TARGETS, fuzz
from fuzzing.target import CORPUS

MOST = 200 * 1024
"""Bytes of the whole corpus."""


@pytest.fixture(autouse=True)
def _same_log() -> Iterator[None]:
    """Targets log less than usual; the tests after them read the log again."""
    logger = logging.getLogger("segtap")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.mark.parametrize("name", sorted(TARGETS))
async def test_no_input_of_the_corpus_does_harm(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    inputs = sorted((CORPUS / name).iterdir())
    assert inputs
    async with TARGETS[name](tmp_path) as target:
        for file in inputs:
            try:
                await target.attempt(file.read_bytes())
            except AssertionError as error:
                error.add_note(f"with {file}")
                raise
        await target.settle()


async def test_new_inputs_are_made_from_a_seed(tmp_path: Path) -> None:
    assert await fuzz("settings", 60.0, 20, 7, tmp_path, tmp_path) == 0
    assert not list(tmp_path.glob("settings-*"))


def test_the_corpus_stays_small() -> None:
    assert sum(file.stat().st_size for file in CORPUS.rglob("*") if file.is_file()) <= MOST
