"""Segment's published code in a Node process: its packages, fetched once, and a line-by-line dialogue."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from sdk_clients import one_at_a_time

HERE = Path(__file__).parent
RUNNER = HERE / "runner.cjs"
SET_UP_TIMEOUT = 240
"""Seconds that fetching the packages may take."""

IMPATIENT = ("--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000")
"""npm's own patience with a registry that does not answer would be minutes for each package."""


class Unavailable(Exception):
    """The published code cannot be run here; the text says why."""


DESTINATIONS, TRANSFORMATIONS = "@segment/action-destinations", "@segment/tsub"


def packages_of(version: str | None) -> dict[str, Any]:
    """Return the npm packages to compare with: the pinned ones, or those that belong to another version.

    `version` is a version or a tag of @segment/action-destinations; with the tag `latest`, the newest
    @segment/tsub comes with it. Raises Unavailable where npm cannot say.
    """
    wanted: dict[str, Any] = json.loads((HERE / "package.json").read_text())
    if version is None:
        return wanted
    with tempfile.TemporaryDirectory() as folder:
        view = ("view", f"{DESTINATIONS}@{version}", "version", "dependencies", "--json")
        found = json.loads(_npm(*view, folder=Path(folder)))
        newer: dict[str, str] = found["dependencies"]
        if version == "latest":
            asked = _npm("view", TRANSFORMATIONS, "version", "--json", folder=Path(folder))
            newer = {**newer, TRANSFORMATIONS: json.loads(asked)}
    pinned: dict[str, str] = wanted["dependencies"]
    wanted["dependencies"] = {name: newer.get(name, pinned[name]) for name in pinned}
    wanted["packed"] = {DESTINATIONS: found["version"]}
    return wanted


def reference_folder(version: str | None = None) -> Path:
    """Return the folder with the packages of `packages_of(version)`, fetched if it is not there yet.

    It lies in the user's cache under a name made of the versions. One process at a time fetches it and moves
    it into place once it is whole. Raises Unavailable where Node, npm or the registry is missing.
    """
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            raise Unavailable(f"{command} is not installed")
    wanted = packages_of(version)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "segtap-conformance"
    folder = cache / f"{wanted['packed'][DESTINATIONS]}-{_hash_of(wanted)}"
    with one_at_a_time(cache):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=cache, prefix="new-") as new:
                laid = Path(new) / "laid"
                _lay_out(wanted, laid)
                laid.rename(folder)
    return folder


def _hash_of(wanted: dict[str, Any]) -> str:
    """A short name for a set of pinned versions."""
    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:12]


def _lay_out(wanted: dict[str, Any], folder: Path) -> None:
    """Install what installs, and unpack the destinations beside it: their whole tree does not install."""
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps(wanted))
    _npm("install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", folder=folder)
    for name, version in wanted["packed"].items():
        packed = _npm("pack", f"{name}@{version}", "--json", folder=folder)
        archive = folder / json.loads(packed)[0]["filename"].replace("@", "").replace("/", "-")
        target = folder / "node_modules" / name
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        target.parent.mkdir(exist_ok=True)
        (folder / "package").rename(target)
        archive.unlink()


def _npm(*arguments: str, folder: Path) -> str:
    try:
        done = subprocess.run(
            ["npm", *arguments, *IMPATIENT],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SET_UP_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm {arguments[0]} took more than {SET_UP_TIMEOUT} s") from None
    if done.returncode:
        raise Unavailable(f"npm {arguments[0]} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


class Reference:
    """The running process. Lines go in and come out in step: one question, one answer."""

    def __init__(self, folder: Path) -> None:
        script = folder / RUNNER.name
        # written anew for each process under a name of its own: other versions of it may be running
        script = script.with_stem(f"{script.stem}-{os.getpid()}")
        script.write_text(RUNNER.read_text())
        self._script = script
        self._process = subprocess.Popen(
            ["node", str(script)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """One line to the runner, and its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"Node ended with status {self._process.wait()} at {json.dumps(question)}"
        return json.loads(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
        self._script.unlink(missing_ok=True)


@contextlib.contextmanager
def reference(version: str | None = None) -> Iterator[Reference]:
    """Run a process with the published code, which ends with the block. Raises Unavailable."""
    with Reference(reference_folder(version)) as running:
        yield running
