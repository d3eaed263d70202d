"""`segtap proxy`: stands in front of Segment and Mixpanel, passes requests on, and shows what is in them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from .options import config_option, journal_options, listening_options, read_settings
from .output import say

if TYPE_CHECKING:
    from ...core import Engine


@click.command()
@listening_options
@journal_options
@click.option(
    "--region",
    type=click.Choice(["us", "eu"], case_sensitive=False),
    help="Where your Segment workspace and Mixpanel project are. [us]",
)
@click.option(
    "--segment-api-url", metavar="URL", help="Pass /segment on to this URL: your own domain, a test server."
)
@click.option("--segment-cdn-url", metavar="URL", help="Pass /cdn on to this URL.")
@click.option(
    "--mixpanel-api-url", metavar="URL", help="Pass /mixpanel on to this URL: your tracking domain."
)
@config_option
def proxy(region: str | None, **options: Any) -> None:
    """Pass requests on to Segment and Mixpanel, unchanged, and show the messages in them.

    \b
    Point a page (or any SDK) at it by path:
      /segment   Segment's Tracking API: apiHost "127.0.0.1:8765/segment/v1"
      /cdn       Segment's CDN: cdnURL "http://127.0.0.1:8765/cdn"
      /mixpanel  Mixpanel's API: api_host "http://127.0.0.1:8765/mixpanel"

    Nothing else is passed on. Your data reaches Segment and Mixpanel as if the proxy were not there: do not
    use it with test data that must not get there. What a server refuses is shown with its status and words;
    one that gives no answer is answered for with 502 or 504, so that the SDK tries again.

    There is no screen: see the messages with segtap attach or segtap tail. stdout gets a log of JSON lines.
    SIGTERM and Ctrl-C finish what is under way.
    """
    settings = read_settings(
        proxying=True, region=region, workspace_region=region.lower() if region else None, **options
    )
    from ...core import log_to_stream as to_stream
    from ...core import run_engine as run
    from ...core import serve_engine as serve
    from ...core.proxy.hosts import upstreams_of, where_to

    upstreams = upstreams_of(settings)
    to_stream(stream=sys.stdout)

    def ready(engine: Engine) -> None:
        say(where_to(engine.url, upstreams))
        say(f"Look at the messages: segtap attach {engine.url}")

    run(serve(settings, ready=ready, kind="proxy"))
