"""The screen that teaches: what is to be pasted stays fit to be pasted, however narrow the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import msgspec
import pytest
from fake_viewer import AT, FakeViewer, state, until

from segtap.core.api.models import Knock
from segtap.core.snippets import SNIPPETS
from segtap.tui.app import SegtapApp
from segtap.tui.render.glyphs import ASCII, UNICODE, Glyphs
from segtap.tui.widgets.empty_state import EmptyText, fold_code

URL = "http://127.0.0.1:54321"


@pytest.mark.parametrize("width", [30, 46, 62, 100])
def test_python_that_is_folded_still_runs(width: int) -> None:
    code = next(snippet for snippet in SNIPPETS if snippet.sdk == "Python").fill(URL)
    pieces = [piece for line in code.split("\n") for piece in fold_code(line, width)]
    if width >= 46:
        compile("\n".join(pieces), "pasted", "exec")
    assert "".join("".join(pieces).split()) == "".join(code.split())


@pytest.mark.parametrize("width", [40, 62, 100])
def test_curl_that_is_folded_still_holds_json(width: int) -> None:
    code = next(snippet for snippet in SNIPPETS if snippet.sdk == "curl").fill(URL)
    pieces = [piece for line in code.split("\n") for piece in fold_code(line, width)]
    assert all(len(piece) <= width for piece in pieces)
    assert json.loads("\n".join(pieces).split("'")[1])["event"] == "Signed Up"


@pytest.mark.parametrize("width", [1, 5, 20, 62])
def test_any_width_comes_to_an_end(width: int) -> None:
    assert "".join("".join(fold_code("x" * 200 + ", y; z", width)).split()) == "x" * 200 + ",y;z"


@pytest.mark.parametrize("width", [18, 60, 76, 116])
def test_the_demo_is_named_before_the_sdks(width: int) -> None:
    text = " ".join(EmptyText(URL, "defaults").content(width).plain.split())
    assert text.index("segtap demo") < text.index("Python")


@pytest.mark.parametrize("size", [(20, 10), (80, 24), (99, 12), (100, 20), (200, 60)])
async def test_all_of_it_can_be_reached_at_every_size(
    app_on: Callable[..., SegtapApp], size: tuple[int, int]
) -> None:
    app = app_on(FakeViewer())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.empty.display)
        main = app.main
        assert main is not None

        def whole() -> bool:
            lines = main.empty.text.content(main.empty.text.size.width).plain.count("\n") + 1
            return main.empty.text.region.height >= lines

        await until(pilot, whole, "as many lines as the text has")
        for other in ((80, 24), (30, 8), (120, 40), size):
            await pilot.resize_terminal(*other)
            await until(pilot, whole, f"and so at {other}")
        await pilot.press("end")
        await until(pilot, lambda: main.empty.scroll_offset.y == main.empty.max_scroll_y)


def test_the_settings_are_those_of_the_engine() -> None:
    empty = EmptyText(URL, "segtap.toml")
    empty.set_reactive(EmptyText.state, state(settings_from="/srv/other.toml"))
    text = empty.content(120).plain
    assert "/srv/other.toml" in text
    assert " segtap.toml" not in text


ORIGIN = "http://localhost:3000"
PREFLIGHTS = Knock("preflight", 3, AT, ORIGIN, "Mozilla/5.0", "/v1/t")
FETCHES = Knock("settings", 2, AT, ORIGIN, "Mozilla/5.0", "/v1/projects/…/settings")


def words(width: int, *knocks: Knock, marks: Glyphs = UNICODE) -> str:
    empty = EmptyText(URL, "defaults", marks)
    empty.set_reactive(EmptyText.state, state(knocks=knocks))
    return " ".join(empty.content(width).plain.split())


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_preflights_without_an_event_are_read_out(
    app_on: Callable[..., SegtapApp], size: tuple[int, int]
) -> None:
    viewer = FakeViewer()
    app = app_on(viewer)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.empty.display)
        main = app.main
        assert main is not None
        plain = main.empty.text.content(main.empty.text.size.width).plain
        viewer.know(knocks=(PREFLIGHTS,))
        await until(pilot, lambda: main.empty.state is not None and bool(main.empty.state.knocks))
        lines = main.empty.text.content(main.empty.text.size.width).plain.split("\n")
        assert lines[1].startswith(f"▲ 3 preflights from {ORIGIN} for /v1/t (last 10:41:02)")
        assert max(len(line) for line in lines) <= main.empty.size.width
        assert set(plain.split("\n")[1:]) <= set(lines), "what stood there stays"

        def seen(text: str) -> bool:
            return any(text in strip.text for strip in app.screen._compositor.render_strips())  # pyright: ignore

        for text in ("3 preflights", "event behind", "Access-Control", "segtap demo", "Browser"):
            await until(pilot, partial(seen, text), f"{text} is on the screen")
        viewer.know(knocks=())
        await until(pilot, lambda: main.empty.text.content(main.empty.text.size.width).plain == plain)


@pytest.mark.parametrize("width", [60, 76, 196])
def test_settings_without_an_event_name_the_setting(width: int) -> None:
    said = words(width, FETCHES)
    assert f"Settings fetched 2 times by {ORIGIN}" in said
    host = state().urls[0].removeprefix("http://")
    assert f"integrations: {{ 'Segment.io': {{ apiHost: '{host}/v1', protocol: 'http' }} }}" in said
    assert "nothing has come" not in said


def test_an_app_is_told_its_own_setting() -> None:
    said = words(76, Knock("settings", 1, AT, "", "okhttp/4.12.0"))
    assert "Settings fetched once by okhttp/4.12.0" in said
    assert "proxy (React Native)" in said
    assert "analytics.js" not in said.partition("Point an SDK")[0]


def test_a_preflight_says_more_than_the_settings_fetch_of_the_same_page() -> None:
    said = words(76, FETCHES, PREFLIGHTS)
    assert "3 preflights" in said
    assert "Settings fetched" not in said


def test_many_senders_take_few_lines() -> None:
    many = [Knock("preflight", 1, AT, f"http://page-{number}.example") for number in range(20)]
    said = words(76, *many)
    assert "18 other senders sent no event either." in said
    assert "1 preflight from http://page-1.example" in said
    assert "page-2" not in said


def test_what_a_client_calls_itself_stays_harmless() -> None:
    said = words(76, Knock("settings", 1, AT, "", "\x1b[31m[bold]" + "x" * 500))
    assert "\x1b" not in said
    assert "␛[31m[bold]" in said
    assert "x" * 60 not in said
    assert words(76, PREFLIGHTS, marks=ASCII).isascii()


SITE = Knock("lost", 1, AT, "", "Mozilla/5.0", "/", "GET", "", "root")


@pytest.mark.parametrize(
    ("knock", "cause"),
    [
        (SITE, "without a path no event is sent"),
        (Knock("lost", 3, AT, ORIGIN, "", "/v1/batch", "GET", "", "method"), "turns POST into GET"),
        (
            Knock("lost", 1, AT, ORIGIN, "", "/analytics.js/v1/…/analytics.min.js", "GET", "", "script"),
            "does not serve analytics.js",
        ),
        (
            Knock("lost", 1, AT, "", "curl/8.1", "/v1/trak", "GET", "", "path", "/v1/track"),
            "Did you mean /v1/track?",
        ),
        (
            Knock("lost", 1, AT, "", "curl/8.1", "/hello", "GET", "", "path"),
            "SDKs POST to http://127.0.0.1:8765/v1/batch",
        ),
        (
            Knock("lost", 1, AT, "", "curl/8.1", "/v1/batch", "POST", "", "empty"),
            "its batch has no message",
        ),
    ],
)
def test_a_request_that_no_event_is_read_from_is_listed_with_the_likely_cause(
    knock: Knock, cause: str
) -> None:
    said = words(100, knock).partition("Point an SDK")[0]
    assert cause in said
    assert f"{knock.method} {knock.path}" in said
    assert (knock.origin or knock.agent) in said
    assert ("3 requests" in said) is (knock.count == 3)


def test_the_host_is_named_where_it_is_not_this_machine() -> None:
    assert "at the host shop.example:8765" in words(
        100, msgspec.structs.replace(SITE, host="shop.example:8765")
    )
    assert "at the host" not in words(100, SITE)


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        (("http://127.0.0.1:54321", "http://[::1]:54321"), None),
        (
            ("http://127.0.0.1:54321",),
            "localhost can mean ::1, where segtap does not listen. Write http://127.0.0.1:54321",
        ),
        (
            ("http://[::1]:54321",),
            "localhost can mean 127.0.0.1, where segtap does not listen. Write http://[::1]:54321",
        ),
        (("http://10.0.0.7:54321",), None),
    ],
)
def test_localhost_is_explained_where_segtap_listens_on_one_of_its_addresses(
    urls: tuple[str, ...], said: str | None
) -> None:
    empty = EmptyText(URL, "defaults")
    empty.set_reactive(EmptyText.state, state(urls=urls))
    text = " ".join(empty.content(200).plain.split())
    assert "localhost can mean" in text if said else "localhost can mean" not in text
    assert (said or "") in text


@pytest.mark.parametrize("width", [40, 76, 196])
def test_causes_that_leave_no_trace_are_named(width: int) -> None:
    text = words(width)
    assert "connect-src http" in text
    assert "permission to reach the local network" in text
    assert "--tls-cert" in text
    assert "container" in text


def test_causes_that_cannot_be_are_not_named() -> None:
    empty = EmptyText("https://10.0.0.7:54321", "defaults")
    empty.set_reactive(EmptyText.state, state(urls=("https://10.0.0.7:54321",)))
    text = empty.content(100).plain
    assert "--tls-cert" not in text
    assert "container" not in text


async def test_the_text_is_there_with_the_first_layout(app_on: Callable[..., SegtapApp]) -> None:
    app = app_on(FakeViewer())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.empty.display)
        main = app.main
        assert main is not None
        text = main.empty.text
        height = text.get_content_height(main.size, main.size, 100)
        assert height == text.content(100).plain.count("\n") + 1 > 10
        assert text.get_content_height(main.size, main.size, 60) > height
        await until(pilot, lambda: text.size.height)
        assert text.size.height == text.get_content_height(main.size, main.size, text.size.width)
