"""Puts other settings in force while an engine runs.

What a message becomes follows the settings file at once: `[destination]`, `[classic]`, `[segment]`,
`identity`, subscriptions, filters and rules. Where the engine listens and what it stores stays unchanged.
"""

from __future__ import annotations

import logging
from typing import cast

import msgspec

from ..api.feed import Feed
from ..errors import JournalError
from ..faults import Faults
from ..forward.wire import check_address
from ..json_text import to_json, whole_text
from ..masks import masked_settings
from ..messages import Json
from ..settings import Settings
from ..stores.base import Stores
from .active import ActiveSettings
from .forwarder_switch import ForwarderSwitch, cannot_forward_why
from .forwarders import Forwarders
from .gathering import Gathering
from .log import hide
from .rejudge import Rejudging
from .summing import Summing

logger = logging.getLogger(__name__)

DESTINATION_WAITS = (
    "[destination] of the settings file changed while forwarding is on: it is used once forwarding is off,"
    " or segtap is started again."
)
ROUTES_WAIT = "[[routes]] of the settings file changed: they are used once segtap is started again."


class SettingsChange:
    """Puts other settings in force, in every part of an engine that depends on them."""

    def __init__(
        self,
        active: ActiveSettings,
        stores: Stores,
        rejudging: Rejudging,
        forwarders: Forwarders,
        switch: ForwarderSwitch,
        summing: Summing,
        gathering: Gathering,
        feed: Feed,
        faults: Faults,
    ) -> None:
        self._active = active
        self._stores = stores
        self._rejudging = rejudging
        self._forwarders = forwarders
        self._switch = switch
        self._summing = summing
        self._gathering = gathering
        self._feed = feed
        self._faults = faults

    async def apply(self, new: Settings) -> None:
        """Read messages by other settings from now on. Raises SegtapError if they cannot be used.

        Where messages are sent stays the same while forwarding is on, unless it has halted: then nothing is
        under way, and the change may be just what repairs it.
        """
        before = self._active.settings
        settings = with_reading_of(before, new)
        changed = settings.destination != before.destination
        sends = self._switch.on and (self._switch.sending or bool(cannot_forward_why(settings)))
        waits = changed and sends
        if waits:
            settings = msgspec.structs.replace(settings, destination=before.destination)
        check_address(settings.destination.mixpanel_url)
        gathered_by = self._active.gathered_by
        self._active.use(settings)
        self._forwarders.use(settings)
        hide(self._active.masks)
        if changed and self._switch.on and not waits:
            self._switch.report(self._switch.state)
        self._summing.reset()
        if self._active.gathered_by != gathered_by:
            self._gathering.again()
        self._faults.report("destination", DESTINATION_WAITS if waits else "")
        self._faults.report("routes", "" if new.routes == before.routes else ROUTES_WAIT)
        self._faults.report("subscriptions", " · ".join(self._active.faults))
        await self.keep()
        await self._rejudging.begin()
        self._feed.reread()
        self._rejudging.start()
        logger.info("the settings changed", extra={"settings": settings.origin})

    async def keep(self) -> None:
        """Keep the settings in force in the journal, for commands that read it while no engine runs."""
        settings = masked_settings(self._active.settings)
        text = to_json(whole_text(cast("Json", msgspec.to_builtins(settings))))
        try:
            await self._stores.index.keep_settings(self._active.masks.text(text))
        except JournalError as error:
            words = f"The journal cannot keep the settings in force: {error}"
            self._faults.report("kept settings", words)
        else:
            self._faults.clear("kept settings")


def with_reading_of(settings: Settings, new: Settings) -> Settings:
    """Return the settings with everything that decides how a message is read replaced from `new`."""
    return msgspec.structs.replace(
        settings,
        identity=new.identity,
        plan=new.plan,
        repair=new.repair,
        mixpanel_group_keys=new.mixpanel_group_keys,
        destination=new.destination,
        classic=new.classic,
        segment=new.segment,
        forward=new.forward,
        device_mode=new.device_mode,
        subscriptions=new.subscriptions,
        transformations=new.transformations,
        filters=new.filters,
        insert_functions=new.insert_functions,
        not_imitated=new.not_imitated,
        rules=new.rules,
        redact=new.redact,
        sources=new.sources,
        hold=new.hold,
        origin=new.origin,
        places=new.places,
    )
