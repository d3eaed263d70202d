from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from nats_servers import one_server

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


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a NATS server, without a stream."""
    with one_server(tmp_path_factory.mktemp("nats")) as server:
        yield f"nats://127.0.0.1:{server.port}"
