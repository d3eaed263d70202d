"""The sample page's server: which files it has, what the page may do, and where the SDKs are looked for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from segtap.core.demo.sample_page import find_sdks, install, install_command, page_url, sample_page
from segtap.core.errors import InputError

ENDPOINT = "http://127.0.0.1:8765"


def installed(folder: Path) -> Path:
    """A folder as npm leaves it."""
    segment = folder / "node_modules/@segment/analytics-next/dist/umd"
    mixpanel = folder / "node_modules/mixpanel-browser/dist"
    for place in (segment, mixpanel):
        place.mkdir(parents=True)
    (segment / "index.js").write_text("// analytics.js")
    (segment / "schemaFilter.bundle.1552.js").write_text("// a part")
    (segment / "index.js.map").write_text("{}")
    (mixpanel / "mixpanel.umd.js").write_text("// mixpanel")
    return folder


@pytest.fixture
def page(tmp_path: Path) -> Iterator[httpx.Client]:
    sdks = find_sdks([installed(tmp_path)])
    assert sdks is not None
    server = sample_page(sdks, ENDPOINT, token='a"b')
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with httpx.Client(base_url=page_url(server), trust_env=False) as client:
        yield client
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_page_and_its_scripts_come_from_here(page: httpx.Client) -> None:
    html = page.get("/").text
    assert f'data-endpoint="{ENDPOINT}"' in html
    assert 'data-token="a&quot;b"' in html
    for name in ("identify", "track", "page", "group", "alias", "reset", "cloud", "device"):
        assert f'id="{name}"' in html
    assert page.get("/analytics-next/bundles/index.js").text == "// analytics.js"
    assert page.get("/analytics-next/bundles/schemaFilter.bundle.1552.js").text == "// a part"
    assert page.get("/mixpanel.js").text == "// mixpanel"
    for path in ("/page.js", "/before.js"):
        assert page.get(path).headers["content-type"] == "text/javascript; charset=utf-8"
    assert page.get("/page.css").headers["content-type"] == "text/css"


def test_the_page_may_load_from_here_and_send_to_segtap_alone(page: httpx.Client) -> None:
    policy = page.get("/").headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert f"connect-src {ENDPOINT};" in policy
    assert "unsafe" not in policy


def test_nothing_else_is_served(page: httpx.Client) -> None:
    for path in (
        "/page.html",
        "/analytics-next/bundles/index.js.map",
        "/analytics-next/bundles/../x",
        "/%2e%2e/x",
    ):
        assert page.get(path).status_code == 404
    assert page.post("/").status_code == 501
    assert str(page.base_url).startswith("http://127.0.0.1:")


def test_the_sdks_are_those_of_the_first_folder_with_both(tmp_path: Path) -> None:
    half, whole = tmp_path / "half", installed(tmp_path / "whole")
    (half / "node_modules/mixpanel-browser/dist").mkdir(parents=True)
    (half / "node_modules/mixpanel-browser/dist/mixpanel.umd.js").write_text("")
    assert find_sdks([half]) is None
    found = find_sdks([half, whole])
    assert found is not None
    assert found.segment.is_relative_to(whole)
    assert find_sdks([whole / "node_modules"]) == found


def test_npm_installs_without_running_scripts(tmp_path: Path) -> None:
    command = install_command(tmp_path)
    assert command[:4] == ["npm", "install", "--prefix", str(tmp_path)]
    assert "--ignore-scripts" in command


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8765", "http://[::1", "ftp://h", "http://h/x y", "http://h:x", "", "ü"]
)
def test_an_endpoint_that_is_not_a_url_is_refused(tmp_path: Path, url: str) -> None:
    sdks = find_sdks([installed(tmp_path)])
    assert sdks is not None
    with pytest.raises(InputError, match="is not the URL of a segtap"):
        sample_page(sdks, url)


def test_a_port_or_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    sdks = find_sdks([installed(tmp_path)])
    assert sdks is not None
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot be served at port {port}: "):
            sample_page(sdks, ENDPOINT, port=port)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match=r"The folder .* cannot be made: "):
        install(file)
