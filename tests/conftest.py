"""Options of the whole suite."""

from __future__ import annotations

import hypothesis
import pytest
from textual import constants

# Without Hypothesis's limit of 200 ms an example: it says more of the machine than of the code.
hypothesis.settings.register_profile("segtap", deadline=None)
hypothesis.settings.load_profile("segtap")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "comparison with Segment's published code")
    group.addoption(
        "--conformance-examples", type=int, help="examples in all (2000, or SEGTAP_CONFORMANCE_EXAMPLES)"
    )
    group.addoption("--conformance-seed", type=int, default=0, help="another seed tries other examples (0)")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share packages from npm in one worker: only one process may install them."""
    for item in items:
        for name in ("node_packages", "browser", "published"):
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(name))
                break


@pytest.fixture(autouse=True)
def _every_color(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apps in tests draw every colour, whatever terminal the tests run in."""
    monkeypatch.setattr(constants, "COLOR_SYSTEM", "truecolor")
