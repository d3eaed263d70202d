"""What segtap writes is its owner's alone, and goes through no link that lies in its place."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from segtap.core import private_files
from segtap.core.config.file import write_file

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and links of POSIX")


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim.txt"
    path.write_text("precious")
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_takes_no_name_that_is_there(tmp_path: Path, victim: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(victim)
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "none")
    for path in (link, dangling, victim):
        with pytest.raises(FileExistsError):
            private_files.create(path, b"x")
    assert victim.read_text() == "precious"
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("umask", [0, 0o077])
def test_settings_are_written_for_their_owner_and_keep_the_mode_that_they_had(
    tmp_path: Path, umask: int
) -> None:
    path = tmp_path / "segtap.toml"
    before = os.umask(umask)
    try:
        write_file(path, "x = 1")
        assert mode(path) == 0o600
        path.chmod(0o640)
        write_file(path, "x = 2")
    finally:
        os.umask(before)
    assert path.read_text() == "x = 2"
    assert mode(path) == 0o640
    assert os.listdir(tmp_path) == ["segtap.toml"]


def test_settings_go_through_no_link(tmp_path: Path, victim: Path) -> None:
    path = tmp_path / "segtap.toml"
    path.symlink_to(victim)
    (tmp_path / ".segtap.toml.new").symlink_to(victim)  # where they were written first, once
    write_file(path, "x = 1")
    assert victim.read_text() == "precious"
    assert path.read_text() == "x = 1"
    assert not path.is_symlink()
    assert mode(path) == 0o600


def test_what_cannot_be_put_in_place_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        private_files.replace(tmp_path / "folder", b"x")
    assert os.listdir(tmp_path) == ["folder"]
