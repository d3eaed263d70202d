"""Options and markers of the whole suite, and which tests run by default."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest
from examples import examples
from textual import constants

TESTS = Path(__file__).parent
SLOW = ("bench", "clients", "conformance", "kill", "picture", "terminal")
"""Markers of the tests that a plain `pytest` leaves to `.ci/run`, and to `pytest -m NAME`."""
FOLDERS = ("bench", "clients", "conformance")
"""Folders of `tests/` whose tests all have the marker of the same name."""
USUAL_SIZE = (120, 40)
"""Columns and lines at which the screen's tests run by default; those of other sizes count as pictures."""
PROCESSES = ("clients", "kill", "terminal")
"""Markers of tests that start processes, which take long on a machine that others use, too."""
LONG = 300
"""Seconds after which such a test is taken for one that hangs, unless it says so itself."""
SHARED_PACKAGES = ("node_packages", "browser", "published")
"""Fixtures that install packages from npm; tests that share one run in one worker."""

hypothesis.settings.register_profile("segtap", examples(100))
hypothesis.settings.load_profile("segtap")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "comparison with Segment's published code")
    group.addoption(
        "--conformance-examples", type=int, help="examples in all (2000, or SEGTAP_CONFORMANCE_EXAMPLES)"
    )
    group.addoption("--conformance-seed", type=int, default=0, help="another seed tries other examples (0)")
    group.addoption(
        "--conformance-version",
        metavar="VERSION",
        help="a version of @segment/action-destinations, or latest (the pinned one)",
    )
    parser.getgroup("picture", "how the screen looks").addoption(
        "--update-grids", action="store_true", help="store the screens as they are now; read the diff"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Leave out the slow tests, unless `-m`, or a file or one of their folders on the command line, asks."""
    if not config.option.markexpr and not any(_names_slow_tests(name) for name in config.args):
        config.option.markexpr = f"not ({' or '.join(SLOW)})"


def pytest_report_header(config: pytest.Config) -> str:
    return f"selected: {config.option.markexpr or 'every test'}"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run single files in this process, else one worker more than cores: tests often wait for a process."""
    if all(_is_file(name) for name in config.args):
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + 1


def _is_file(argument: str) -> bool:
    """True if a command line argument names a file, or tests in a file."""
    return Path(argument.split("::")[0]).suffix == ".py"


def _names_slow_tests(argument: str) -> bool:
    """True if a command line argument names a file, or a folder of slow tests."""
    path = Path(os.path.abspath(argument.split("::")[0]))
    return _is_file(argument) or any(path.is_relative_to(TESTS / folder) for folder in FOLDERS)


@pytest.hookimpl(tryfirst=True)  # pytest-xdist and pytest's own `-m` read the markers in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the slow folders and the pictures, and group those that share packages from npm."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        fixtures = getattr(item, "fixturenames", ())
        if folder in FOLDERS:
            item.add_marker(folder)
        if "same_grid" in fixtures or _size(item) not in (None, USUAL_SIZE):
            item.add_marker(pytest.mark.picture)
        if any(map(item.get_closest_marker, PROCESSES)) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LONG))
        for name in SHARED_PACKAGES:
            if name in fixtures:
                item.add_marker(pytest.mark.xdist_group(name))
                break


def _size(item: pytest.Item) -> tuple[int, int] | None:
    """Return the size of the terminal that a test is given, None for one without."""
    size = item.callspec.params.get("size") if hasattr(item, "callspec") else None
    return size if isinstance(size, tuple) else None


@pytest.fixture(autouse=True)
def _every_color(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apps in tests draw every colour, whatever terminal the tests run in."""
    monkeypatch.setattr(constants, "COLOR_SYSTEM", "truecolor")
