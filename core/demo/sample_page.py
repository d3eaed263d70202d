"""`segtap demo --browser`: a sample page with Segment's and Mixpanel's own browser SDKs, served on loopback.

The SDKs are not part of segtap. npm installs them, in a folder of the user's or in segtap's cache. The page
loads nothing from elsewhere and sends to segtap alone; its Content-Security-Policy enforces both.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Mapping, Sequence
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import msgspec
import platformdirs

from ..errors import InputError
from ..text import clean

PACKAGES = ("@segment/analytics-next@1.84.3", "mixpanel-browser@2.83.0")
"""What npm installs: the versions that the page was tested with."""
HOST = "127.0.0.1"
_URL = re.compile(r"[!-~]+")
_HERE = Path(__file__).parent / "page"
_BUNDLES = "/analytics-next/bundles/"
"""Where analytics.js loads its parts, on the server that it was loaded from."""
_TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript; charset=utf-8"}


class Sdks(msgspec.Struct, frozen=True):
    """The SDKs as npm installs them: the folder with the parts of analytics.js, and Mixpanel's file."""

    segment: Path
    mixpanel: Path


def cache_folder() -> Path:
    """Return the folder in which `install` puts the SDKs."""
    return Path(platformdirs.user_cache_dir("segtap")) / "sample-page"


def find_sdks(folders: Sequence[Path]) -> Sdks | None:
    """Return the SDKs of the first folder in which npm has installed both, None if there is none."""
    for folder in folders:
        modules = folder if folder.name == "node_modules" else folder / "node_modules"
        segment = modules / "@segment" / "analytics-next" / "dist" / "umd"
        mixpanel = modules / "mixpanel-browser" / "dist" / "mixpanel.umd.js"
        if (segment / "index.js").is_file() and mixpanel.is_file():
            return Sdks(segment, mixpanel)
    return None


def install_command(folder: Path) -> list[str]:
    """Return the command that installs the SDKs in a folder."""
    quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
    return ["npm", "install", "--prefix", str(folder), *quiet, *PACKAGES]


def install(folder: Path) -> None:
    """Install the SDKs in a folder. Raises InputError with npm's words if that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    try:
        made = subprocess.run(install_command(folder), capture_output=True, text=True, check=False)
    except OSError as error:
        raise InputError(f"npm cannot be run: {error.strerror}.") from error
    if made.returncode:
        lines = made.stderr.strip().splitlines() or ["no reason given"]
        raise InputError(f"npm could not install the SDKs: {lines[0]}")


def sample_page(sdks: Sdks, endpoint: str, *, port: int = 0, token: str = "") -> ThreadingHTTPServer:
    """Return a server of the page, bound to loopback; `serve_forever` serves it.

    `endpoint` is the segtap that the page sends to, `token` the Mixpanel project token that it uses. Raises
    InputError if `endpoint` is not a URL, or if the port is taken.
    """
    policy = _policy(endpoint)
    page = (_HERE / "page.html").read_text(encoding="utf-8")
    page = page.replace("{endpoint}", escape(endpoint)).replace("{token}", escape(token or "SAMPLE-TOKEN"))
    files = {
        "/page.css": _HERE / "page.css",
        "/before.js": _HERE / "before.js",
        "/page.js": _HERE / "page.js",
        "/mixpanel.js": sdks.mixpanel,
        **{_BUNDLES + file.name: file for file in sdks.segment.glob("*.js")},
    }
    try:
        return _Server((HOST, port), page.encode(), files, policy)
    except OSError as error:
        raise InputError(f"The page cannot be served at port {port}: {error.strerror}.") from error


def page_url(server: ThreadingHTTPServer) -> str:
    """Return the address of the page."""
    return f"http://{HOST}:{server.server_address[1]}/"


def _policy(endpoint: str) -> str:
    """Return the Content-Security-Policy: scripts from here, requests to the endpoint, and nothing else.

    Raises InputError for an endpoint that is not a URL.
    """
    origin = ""
    with contextlib.suppress(ValueError):
        parts = urlsplit(endpoint)
        _ = parts.port  # looked at only when it is asked for
        if parts.scheme in ("http", "https") and parts.hostname and _URL.fullmatch(endpoint):
            origin = f"{parts.scheme}://{parts.netloc}"
    if not origin:
        raise InputError(f"{clean(endpoint)} is not the URL of a segtap, such as http://127.0.0.1:8765.")
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src {origin};"
        f" img-src {origin} data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], page: bytes, files: Mapping[str, Path], policy: str) -> None:
        super().__init__(address, _Handler)
        self.page = page
        self.files = files
        self.policy = policy


class _Handler(BaseHTTPRequestHandler):
    """Answers GET with one of the files of its server's table."""

    def do_GET(self) -> None:
        """Send the page or a file, else 404."""
        served = cast("_Server", self.server)
        path = urlsplit(self.path).path
        if path == "/":
            self._send(served.page, _TYPES[".html"], served.policy)
        elif (file := served.files.get(path)) is not None:
            self._send(file.read_bytes(), _TYPES[file.suffix], served.policy)
        else:
            self.send_error(404)

    def _send(self, body: bytes, kind: str, policy: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the page's requests are of no interest."""
