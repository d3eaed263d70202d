"""Endpoints for real SDKs, and where Node's packages are installed."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ingesting import Sink, ingest_app, served
from sdk_clients import Endpoint, Node, npm_installed

NODE = Path(__file__).parent / "node"


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    sink = Sink()
    async with served(ingest_app(sink)) as port:
        yield Endpoint(sink, port)


@pytest.fixture
async def segment() -> AsyncIterator[Endpoint]:
    """A stand-in for Segment, which keeps what it gets, too."""
    sink = Sink()
    async with served(ingest_app(sink)) as port:
        yield Endpoint(sink, port)


@pytest.fixture(scope="session")
def node_packages(request: pytest.FixtureRequest) -> Path:
    """A folder with the packages of `node/package.json` installed; kept in pytest's cache between runs."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    cache = request.config.cache
    assert cache is not None
    return npm_installed(NODE, Path(cache.mkdir("segtap-node")))


@pytest.fixture
def node(node_packages: Path) -> Node:
    return Node(node_packages)
