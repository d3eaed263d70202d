"""Whatever is damaged in a journal, each command that opens it ends with a sentence, and salvage goes on."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest
from damage import PAGE, flip, garbage, make
from engines import TOKEN, isolate

from segtap.tui.cli import main

pytestmark = pytest.mark.terminal

COMMANDS = (
    ("export", "--journal", "PATH"),
    ("export", "event", "--journal", "PATH"),
    ("plan", "infer", "--journal", "PATH"),
    ("doctor", "--journal", "PATH", "--json"),
    ("compare", "actions", "classic-cloud", "--journal", "PATH", "--summary"),
    ("journal", "salvage", "--journal", "PATH", "--to", "NEW"),
    ("journal", "stats", "--journal", "PATH"),
    ("journal", "compact", "--journal", "PATH"),
    ("journal", "clear", "--yes", "--journal", "PATH"),
)
WAY_OUT = "segtap journal salvage --journal"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "journal.db"
    asyncio.run(make(path, 60))
    return path


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    monkeypatch.setenv("MIXPANEL_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)


def run(arguments: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr. An exception that is not an exit is what must not happen."""
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    out, err = capfd.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


def run_all(content: bytes, folder: Path, capfd: pytest.CaptureFixture[str]) -> list[tuple[int, str, str]]:
    """Each command on a fresh copy of the damaged file."""
    results: list[tuple[int, str, str]] = []
    for number, command in enumerate(COMMANDS):
        here = folder / str(number)
        here.mkdir()
        path = here / "journal.db"
        path.write_bytes(content)
        arguments = tuple(
            {"PATH": str(path), "NEW": str(here / "new.db")}.get(part, part) for part in command
        )
        code, out, err = run(arguments, capfd)
        assert code in (0, 1, 2), (command, err)
        assert "Traceback" not in out + err, command
        if code == 2:
            assert err.splitlines()[-1].startswith("segtap: "), (command, err)
            assert command[1] == "salvage" or WAY_OUT in err, (command, err)
        results.append((code, out, err))
    return results


@pytest.mark.parametrize("seed", range(20))
def test_flipped_bits(made: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], seed: int) -> None:
    chance = random.Random(seed)
    content = flip(made.read_bytes(), chance.choice([1, 5, 20, 100, 500]), chance)
    run_all(content, tmp_path, capfd)


@pytest.mark.parametrize("seed", range(8))
def test_flipped_bits_at_the_beginning(
    made: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], seed: int
) -> None:
    chance = random.Random(seed)
    whole = made.read_bytes()
    run_all(flip(whole[:PAGE], chance.choice([1, 8, 100]), chance) + whole[PAGE:], tmp_path, capfd)


def test_garbage_and_a_file_that_was_cut(
    made: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = made.read_bytes()
    for name, content in (
        ("garbage", garbage(whole, 0.3, random.Random(1))),
        ("cut", whole[: len(whole) // 3]),
        ("header", whole[:100]),
        ("noise", random.Random(2).randbytes(60_000)),
        ("zeros", bytes(40_000)),
    ):
        folder = tmp_path / name
        folder.mkdir()
        run_all(content, folder, capfd)


def test_of_a_sound_one_all_is_copied(made: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, new = tmp_path / "journal.db", tmp_path / "new.db"
    shutil.copy(made, path)
    code, out, err = run(("journal", "salvage", "--journal", str(path), "--to", str(new)), capfd)
    assert code == 0
    assert out.splitlines() == [
        "Copied: 65 requests with 120 messages, and 84 attempts to send them.",
        "Nothing is missing.",
        f"{path} is as it was. Go on with: segtap --journal {new}",
    ]
    assert "100% read" in err
    assert (
        run(("export", "--journal", str(new)), capfd)[:2]
        == run(("export", "--journal", str(path)), capfd)[:2]
    )
    code, out, err = run(("journal", "salvage", "--journal", str(path), "--to", str(new)), capfd)
    assert (code, out) == (2, "")
    assert err == f"segtap: {new} is there already. Name a new file: --to NEW.\n"


def test_what_is_lost_is_said(made: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path, new = tmp_path / "journal.db", tmp_path / "new.db"
    path.write_bytes(garbage(made.read_bytes(), 0.3, random.Random(4)))
    code, out, _ = run(("journal", "salvage", "--journal", str(path), "--to", str(new)), capfd)
    assert code == 1
    assert "Lost: " in out
    assert "Nothing can be read on " in out
    assert "Nothing is missing" not in out
    assert out.endswith(f"Go on with: segtap --journal {new}\n")
    code, out, err = run(("export", "--journal", str(new)), capfd)
    assert (code, err) == (0, "")
    assert out


def test_a_damaged_request_is_left_out_of_an_export_and_named(
    made: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "journal.db"
    shutil.copy(made, path)
    whole = run(("export", "--journal", str(path)), capfd)[1].splitlines()
    db = sqlite3.connect(path)
    db.execute("UPDATE receipts SET data = x'00' WHERE seq IN (2, 9)")
    db.commit()
    db.close()
    code, out, err = run(("export", "--journal", str(path)), capfd)
    assert code == 1
    assert set(out.splitlines()) < set(whole)
    assert [line.split(" is damaged")[0] for line in err.splitlines()] == [
        "What the journal keeps of request 2",
        "What the journal keeps of request 9",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of POSIX")
async def test_an_engine_that_cannot_start_says_why_and_ends_with_2(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    whole = made.read_bytes()
    path.write_bytes(whole[:100] + bytes(PAGE - 100) + whole[PAGE:])
    for command in (("forward", "--dry-run"), ("tail",)):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from segtap.tui.cli import main; main()"),
            *(*command, "--journal", str(path), "--port", "0"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, err = await child.communicate()
        assert child.returncode == 2, err
        assert b"is damaged" in err
        assert WAY_OUT.encode() in err
        assert b"Traceback" not in err
