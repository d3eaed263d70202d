"""The helper for JavaScript and its recipes, run in Playwright with Chromium, and in Node."""

from __future__ import annotations

import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from engines import isolate
from recipes import block, free_port
from sdk_clients import npm_installed

from segtap.core.testing.javascript import helper

SOURCE = Path(__file__).parent / "playwright"
PAGE = """<!doctype html><button onclick='fetch("http://127.0.0.1:{port}/v1/t", {{method: "POST",
  body: JSON.stringify({{type: "track", event: "Order Completed", userId: "u-1", writeKey: "k",
  messageId: crypto.randomUUID(), properties: {{total: 12, tags: ["a", "b"]}}}})}})'>Buy</button>"""
FAILING = """
test("says why", async ({ page }) => {
  await page.goto("/checkout.html");
  await page.getByText("Buy").click();
  await segtap.expect("Order Completed");
  await segtap.expect("Order Completed", { properties: { tags: ["a", "b"] } });
  for (const [wanted, words] of [
    [{ properties: { total: "12" } }, 'properties.total="12": has total 12 (number)'],
    [{ properties: { tags: ["a"] } }, '- properties.tags: ["a"]'],
    [{ properties: { 'a "*" b': true } }, "(missing)"],
    [{ count: 2 }, "1 of 2 expected"],
    [{ filter: "typ:track" }, "type:"],
    [{ propertys: { total: 13 } }, "expect has no option propertys"],
  ]) {
    await expect(segtap.expect("Order Completed", { within: 0.2, ...wanted })).rejects.toThrow(words);
  }
  const nobody = new Segtap({ url: "http://127.0.0.1:9" });
  await expect(nobody.noErrors()).rejects.toThrow(/no segtap answers at http:..127.0.0.1:9: .+/);
  await expect(segtap.expectNone("Order Completed")).rejects.toThrow("1 match, exactly 0 expected");
  await expect(segtap.expect("Order Complete", { within: 0 })).rejects.toThrow("Order Completed");
});
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


@pytest.fixture
def packages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    if shutil.which("npm") is None or shutil.which("chromium") is None:
        pytest.skip("npm and chromium are not installed")
    cache = request.config.cache
    assert cache is not None
    monkeypatch.setenv("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
    return npm_installed(SOURCE, Path(cache.mkdir("segtap-playwright")))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[str]:
    """A page with a button that tracks an order, on a server of its own."""
    handler = partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.clients
def test_playwright(packages: Path, shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    port = free_port()
    (tmp_path / "checkout.html").write_text(PAGE.format(port=port))
    (tmp_path / "node_modules").symlink_to(packages / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "segtap.mjs").write_text(helper())
    (tmp_path / "checkout.spec.js").write_text(block("js", "checkout.html") + FAILING)
    chromium = f'launchOptions: {{ executablePath: "{shutil.which("chromium")}", args: ["--no-sandbox"] }}'
    config = block("js", "webServer").replace("8765", str(port))
    config = config.replace('SEGTAP_TEST_TOKEN",', f'SEGTAP_TEST_TOKEN --port {port}",', 1)
    config = config.replace("webServer:", f'use: {{ {chromium}, baseURL: "{shop}" }},\n  webServer:')
    (tmp_path / "playwright.config.js").write_text(config)
    done = subprocess.run(
        ["node", "node_modules/@playwright/test/cli.js", "test", "--reporter=list"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SEGTAP_URL": f"http://127.0.0.1:{port}",
        },
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"2 passed", done.stdout)
