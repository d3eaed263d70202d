"""`segtap doctor --bundle`: what the report for a bug has, and what it does not."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
import pytest
from command_line import segtap
from engines import TOKEN, engine_settings, listed, post, running_engine, track

from segtap.core.engine.log import KeptLines, hide, log_file
from segtap.core.masks import NO_MASKS, masks_of
from segtap.core.settings import RouteSettings

pytestmark = pytest.mark.usefixtures("own_folders")
SECRET = "a-secret-of-the-project"


def test_a_report_says_versions_settings_and_the_logs_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXPANEL_SECRET", SECRET)
    monkeypatch.setenv("MIXPANEL_TOKEN", TOKEN)
    monkeypatch.setenv("SEGTAP_WRITE_KEYS", "a-long-write-key")
    logger, handler = logging.getLogger("segtap.core.test"), KeptLines()
    logger.setLevel(logging.WARNING)
    logger.addHandler(handler)
    hide(masks_of((SECRET,)))
    try:
        logger.warning("refused: %s", SECRET, extra={"words": "of a message"})
    finally:
        hide(NO_MASKS)
        logger.removeHandler(handler)
        handler.close()
    assert log_file().stat().st_mode & 0o777 == 0o600
    done = segtap("doctor", "--bundle")
    assert (done.returncode, done.stdout) == (0, "")
    text = Path("segtap-report.md").read_text()
    for words in (
        "- segtap: ",
        "- textual: ",
        '["a-lo…ey"] (the variable SEGTAP_WRITE_KEYS)',
        "refused: ••••",
    ):
        assert words in text
    for words in (SECRET, TOKEN, "of a message", str(Path.home())):
        assert words not in text
    assert segtap("doctor", "--bundle").returncode == 0
    Path("mine.md").write_text("mine")
    assert segtap("doctor", "--bundle", "mine.md").returncode == 2
    assert Path("mine.md").read_text() == "mine"


async def test_it_has_the_counts_of_engines_and_no_message(tmp_path: Path) -> None:
    from segtap.core.commands.bundle import bug_report

    kept = RouteSettings(
        name="kept", kind="archive", url=str(tmp_path / "private"), write_keys=("a-long-write-key",)
    )
    settings = msgspec.structs.replace(engine_settings(tmp_path), routes=(kept,))
    async with running_engine(settings) as (engine, client):
        await post(engine.url, track("m-1", "A Private Event"))
        await listed(client, 1)
        text = await bug_report(settings, {"TERM": "xterm", "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 2"})
    assert "- embedded, version" in text
    assert "  - received: 1" in text
    assert "- requests: 1" in text
    assert "- SSH_CONNECTION: set" in text
    assert "A Private Event" not in text
    assert "user-7" not in text
    assert '"name":"kept"' in text
    assert "a-long-write-key" not in text
    assert "private" not in text


def test_a_log_that_cannot_be_kept_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    log_file().mkdir(parents=True)
    handler = KeptLines()
    handler.handle(logging.makeLogRecord({"msg": "x", "levelno": logging.WARNING}))
    handler.close()
    assert capsys.readouterr().err == ""
    assert "nothing was logged" in segtap("doctor", "--bundle", "-").stdout
