"""A real browser, where one is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sdk_clients import Browser, npm_installed


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Chromium with the packages of `package.json`; skips where Chromium is missing."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None or shutil.which("node") is None or shutil.which("npm") is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip  # .ci/run installs them
        missing("chromium, node and npm are not all installed")
    cache = request.config.cache
    assert cache is not None
    browser = Browser(npm_installed(Path(__file__).parent, Path(cache.mkdir("segtap-browser"))), chromium)
    yield browser
    browser.close()
