"""The process with Segment's published code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conformance.reference import Reference, Unavailable, reference


@pytest.fixture(scope="session")
def published(pytestconfig: pytest.Config) -> Iterator[Reference]:
    """Segment's published code, running. Skips, saying why, where it cannot run."""
    try:
        with reference(pytestconfig.getoption("--conformance-version")) as running:
            yield running
    except Unavailable as why:
        pytest.skip(f"Segment's published code cannot run here: {why}")
