"""What is left on the terminal after a fault of segtap itself."""

from __future__ import annotations

import traceback

from rich.text import Text

from ..core.masks import masks_of, secrets_in_settings
from ..core.server_url import without_user
from ..core.settings import Settings


def crash_report(settings: Settings) -> Text:
    """Return the traceback of the exception that is being handled, with secrets masked.

    Textual's own shows the variables of every frame, and with them messages and the environment.
    """
    masks = masks_of(secrets_in_settings(settings))
    return Text(without_user(masks.text(traceback.format_exc())))
