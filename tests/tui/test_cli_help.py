"""`segtap help`, and the questions in `?`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake_viewer import FakeViewer, story, until

from segtap.core.doctor.faq import QUESTIONS
from segtap.tui.app import SegtapApp
from segtap.tui.cli import COMMANDS, cli
from segtap.tui.keymap import DEFAULT, commands, put_in_force, read_keymap
from segtap.tui.screens.help import Help
from segtap.tui.screens.question import QuestionStory

pytestmark = pytest.mark.usefixtures("own_folders")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["help", *arguments], catch_exceptions=False)


def test_topics_are_listed() -> None:
    done = run()
    assert done.exit_code == 0
    assert all(f"  {one.id} " in done.stdout and one.title in done.stdout for one in QUESTIONS)
    assert all(name in done.stdout for name in COMMANDS)
    assert [line.split()[0] for line in run("faq").stdout.splitlines()] == [one.id for one in QUESTIONS]
    assert [json.loads(line)["id"] for line in run("faq", "--format", "json").stdout.splitlines()] == [
        one.id for one in QUESTIONS
    ]


def test_a_question_is_answered_by_the_settings_here() -> None:
    for words in (("pages",), ("faq", "pages"), ("Loaded", "a", "Page")):
        done = run(*words)
        assert done.exit_code == 0
        assert done.stdout.startswith("How are page views tracked?\n")
        assert "holds in general" in done.stdout
    Path("segtap.toml").write_text(
        '[destination]\nkind = "classic-cloud"\n[classic]\ntrack_named_pages = true\n'
    )
    done = run("pages")
    assert "track named pages" in done.stdout
    assert "Mixpanel (Actions)\n" not in done.stdout
    made = json.loads(run("pages", "--format", "json").stdout)
    assert (made["question"]["id"], made["verdicts"][0]["check"]) == ("pages", "pages")


def test_a_command_is_explained_and_an_unknown_topic_is_wrong_use() -> None:
    assert "Check messages against the rules." in run("check").stdout
    done = run("pagse")
    assert done.exit_code == 2
    assert "Did you mean pages" in done.stderr
    assert run("xyzzyqq").exit_code == 2


def test_the_keys_of_the_screen_are_listed_with_those_of_the_settings() -> None:
    done = run("keys")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "  r              message.replay             Replay the message\n" in done.stdout
    assert all(f" {id} " in done.stdout for id in commands())
    Path("segtap.toml").write_text('[keys]\n"message.replay" = "ctrl+r"\n"list.pause" = "z"\n')
    done = run("keys")
    assert "  ^r             message.replay             Replay the message  (by default r)\n" in done.stdout
    assert done.exit_code == 1
    assert '[keys] "list.pause": in the list z is also' in done.stderr
    made = {line["id"]: line for line in map(json.loads, run("keys", "--format", "json").stdout.splitlines())}
    assert made["message.replay"] == {
        "id": "message.replay",
        "keys": ["ctrl+r"],
        "default": ["r"],
        "group": "Message",
        "does": "Replay the message",
    }
    assert made["list.pause"]["keys"] == ["space"]


def test_an_answer_names_the_keys_in_force() -> None:
    assert "x opens anything" in " ".join(run("debugging").stdout.split())
    Path("segtap.toml").write_text('[keys]\n"decode.open" = "ctrl+g"\n"request.next" = "f7"\n')
    said = " ".join(run("debugging").stdout.split())
    assert "F7 turns to the next one" in said
    assert "^g opens anything pasted" in said
    made = json.loads(run("debugging", "--format", "json").stdout)
    assert "^g opens anything pasted" in made["question"]["actions"][0]
    question = next(one for one in QUESTIONS if one.id == "debugging")
    try:
        put_in_force(read_keymap({"decode.open": "f9"}))
        assert "F9 opens anything pasted" in " ".join(QuestionStory(question, None).text().split())
    finally:
        put_in_force(DEFAULT)


async def test_a_question_is_answered_on_the_screen(app_on: Callable[..., SegtapApp]) -> None:
    viewer = FakeViewer(story(3))
    app = app_on(viewer)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        page = app.screen
        assert isinstance(page, Help)
        assert "questions of Mixpanel's guide" in str(page.page.render())
        page.search.value = "Loaded a Page"
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, QuestionStory) and app.screen.answer.source)
        shown = app.screen
        assert isinstance(shown, QuestionStory)
        assert "3 messages of the segtap" in shown.text()
        await pilot.pause()
        assert "How are page views tracked?" in str(shown.page.render())
