"""Show the list and all panes as messages stand on one of several routes to Mixpanel."""

from __future__ import annotations

from ...core.text import clean
from ..render.routes import mixpanel_routes
from .context import Context


async def routes(on: Context) -> None:
    """Turn to the next route to Mixpanel; after the last one to each message's own first route."""
    found = mixpanel_routes(on.state) if on.state is not None else ()
    names = [route.name for route in found]
    if len(names) < 2:
        only = next((f", {one.name}, which takes {clean(one.filter)}" for one in found if one.filter), "")
        on.notify(f"There is one route to Mixpanel{only}: [[routes]] of segtap.toml can have more.")
        return
    following = ["", *names]
    shown = on.details.route
    at = following.index(shown) if shown in following else 0
    on.show_route(following[(at + 1) % len(following)])
