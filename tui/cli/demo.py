"""`segtap demo`: traffic of Segment's own SDK into a running endpoint, or a sample page in the browser."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from .completing import complete_engine
from .options import FiniteRange, load
from .output import ask, say, write

DEFAULT_URL = "http://127.0.0.1:8765"


@click.command()
@click.option(
    "--url",
    shell_complete=complete_engine,
    default=DEFAULT_URL,
    show_default=True,
    help="The endpoint to send to.",
)
@click.option("--rate", type=FiniteRange(0.01), default=4.0, show_default=True, help="Messages a second.")
@click.option("--count", type=click.IntRange(1), help="Stop after this many. [goes on until Ctrl-C]")
@click.option(
    "--browser", is_flag=True, help="Serve a sample page with Segment's and Mixpanel's browser SDKs."
)
@click.option("--no-open", is_flag=True, help="With --browser: do not open the page.")
@click.option(
    "--page-port",
    type=click.IntRange(0, 65535),
    default=0,
    help="With --browser: the page's port. [a free one]",
)
@click.option(
    "--sdk-folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="With --browser: where npm has installed the SDKs. [this folder, else segtap's cache]",
)
@click.option("--yes", is_flag=True, help="With --browser: let npm install the SDKs without asking.")
@click.pass_context
def demo(
    ctx: click.Context,
    url: str,
    rate: float,
    count: int | None,
    browser: bool,
    no_open: bool,
    page_port: int,
    sdk_folder: Path | None,
    yes: bool,
) -> None:
    """Send believable traffic of Segment's own Python client to a running endpoint.

    Every call type is in it, and mistakes that real tracking code makes.

    With --browser nothing is sent by itself: a page opens with a button for each call of analytics.js, in
    cloud mode, device mode or both. It is served on this machine alone and loads nothing from elsewhere.
    """
    from ...core.server_url import checked

    url = checked(url)
    if browser:
        _serve_page(ctx, url, page_port, sdk_folder, opened=not no_open, install=yes)
        return
    from ...core.demo import start_demo

    say(f"Sending to {url}; Ctrl-C stops.")
    with start_demo(url, rate=rate, count=count) as process:
        ctx.exit(process.wait())


def _serve_page(
    ctx: click.Context, url: str, port: int, folder: Path | None, *, opened: bool, install: bool
) -> None:
    """Serve the sample page until Ctrl-C; exit with 2 where its SDKs are missing."""
    from ...core.demo import sample_page as pages

    place = folder or pages.cache_folder()
    folders = [folder] if folder is not None else [Path(), place]
    sdks = pages.find_sdks(folders)
    if sdks is None:
        say("The page runs Segment's and Mixpanel's own SDKs, which npm installs.")
        command = " ".join(pages.install_command(place))
        if shutil.which("npm") is None:
            say(f"npm is not installed. With it: {command}")
            ctx.exit(2)
        if not install and not ask(f"Run this now: {command}?", default=True):
            ctx.exit(2)
        pages.install(place)
        sdks = pages.find_sdks([place])
        assert sdks is not None, "npm reported success"
    server = pages.sample_page(sdks, url, port=port, token=load().destination.token)
    address = pages.page_url(server)
    write(address)
    say(f"A sample page that sends to {url}; Ctrl-C stops.")
    if opened:
        import webbrowser

        webbrowser.open(address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        say("")
    finally:
        server.server_close()
