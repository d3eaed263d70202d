from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from segtap.core.journal import SqliteJournal, open_journal
from segtap.core.settings import JournalSettings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[SqliteJournal]:
    journal = await open_journal(JournalSettings(path=str(path)))
    yield journal
    await journal.close()
