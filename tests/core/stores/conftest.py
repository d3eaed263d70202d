from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from segtap.core import stores
from segtap.core.settings import JournalSettings
from segtap.core.stores import Stores


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[Stores]:
    journal = await stores.open(JournalSettings(path=str(path)))
    yield journal
    await journal.close()
