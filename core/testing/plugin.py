"""The pytest plugin: the fixture `segtap`. An engine is started only for tests that use it.

Each worker of pytest-xdist has an engine of its own, so tests never see messages of one another. The modules
behind it are imported by the fixtures: other test runs pay nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .engine import TestEngine
    from .fixture import Segtap


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting `segtap_config` to pytest's configuration."""
    parser.addini("segtap_config", "segtap.toml with the settings of the fixture segtap", default="")


@pytest.fixture(scope="session")
def segtap_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestEngine]:
    """Give the engine of this run, with the settings that `segtap_config` names."""
    from .engine import start_test_engine

    name = str(request.config.getini("segtap_config"))
    file: Path | None = request.config.rootpath / name if name else None
    engine = start_test_engine(tmp_path_factory.mktemp("segtap"), file)
    try:
        yield engine
    finally:
        engine.close()


@pytest.fixture
def segtap(segtap_engine: TestEngine) -> Iterator[Segtap]:
    """Give segtap: `host` and `write_key` for an SDK, and what a test asks of its messages."""
    from .fixture import Segtap

    tap = Segtap(segtap_engine)
    try:
        tap.reset()
        yield tap
    finally:
        tap.close()
