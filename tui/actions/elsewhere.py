"""Send messages to another server than this engine: Segment, a proxy of it, or another segtap."""

from __future__ import annotations

from ...core.delivery import Posted
from ...core.errors import InputError
from ...core.server_url import checked, is_this_machine
from ...core.text import clean
from .. import url_memory
from .context import Context, ask, ask_for
from .replay import replayable, shown_name

ABOUT = (
    "A message goes to /v1/track, /v1/identify, … below this URL, as an SDK sends it, with its own write key."
    " Segment is at https://api.segment.io."
)


async def replay_to(on: Context) -> None:
    """Send the selected message to another server, and show its answer."""
    summary = replayable(on)
    if summary is None:
        return
    url = await ask_for_url(on, "1 message")
    if url:
        (answer,) = await on.viewer.replay_to(url, [summary.id])
        show(on, shown_name(summary), url, answer)


async def ask_for_url(on: Context, what: str, *, always: bool = False) -> str:
    """Ask for the URL of a server, the one used last to start from, and return it; "" for none.

    If the server is not on this machine, or `always`, the user is also asked whether to send `what` there.
    """
    typed = url_memory.read(on.memory)
    while True:
        given = await ask_for(on, "Send to another server", ABOUT, typed, "https://…", "sends")
        if not given:
            return ""
        try:
            url = checked(given)
        except InputError as error:
            on.notify(str(error), severity="warning", timeout=10)
            typed = "" if "@" in given else given
            continue
        question = f"Send {what} to {url}?\n\nThe server there gets all that is in it, and the write key."
        asks = always or not is_this_machine(url)
        if asks and not await ask(on, question, yes="Send", no="Do not send"):
            return ""
        if why := url_memory.write(on.memory, url):
            on.notify(why, severity="warning")
        return url


def show(on: Context, name: str, url: str, answer: Posted) -> None:
    """Show what a server answered to a message."""
    words = clean(answer.words)
    if not answer.path:
        on.notify(f"“{name}”: {words}.", title="Nothing was sent", severity="warning")
    elif not answer.status:
        on.notify(f"“{name}”: {words}.", title=f"No answer from {url}", severity="error", timeout=15)
    else:
        title = f"{url} answered {answer.status}"
        good = answer.taken
        on.notify(
            f"“{name}” to {answer.path}: {words}",
            title=title,
            severity="information" if good else "error",
            timeout=8 if good else 15,
        )
