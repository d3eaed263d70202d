"""What the Mixpanel and the Wire pane have in common: one request to Mixpanel at a time."""

from __future__ import annotations

import msgspec
from textual.reactive import reactive

from ... import core
from ...core.api.models import EngineState, MessageDetail, SentWith
from ...core.copied.formats import Exported
from ...core.masks import masked
from ...core.otherwise import SHORT, OtherDetail
from ...core.verdict import Operation, OutgoingRequest
from ..pane_keys import bindings
from ..render.routes import several
from .pane import Pane


def is_pasted(detail: MessageDetail) -> bool:
    """Return True for a Mixpanel body that was pasted: it was not received, and is never sent."""
    return detail.source_kind == "mixpanel" and detail.summary.id == 0


class RequestPane(Pane):
    """A pane about one request of the message; [ and ] turn to the others.

    `mixpanel_url` is where requests are sent in place of the region's host, "" where they are not. A pasted
    Mixpanel body keeps the address that it was pasted with.
    """

    BINDINGS = bindings("mixpanel")
    mixpanel_url: reactive[str] = reactive("")
    service_account: reactive[SentWith | None] = reactive(None)
    """What /import is sent with in place of Segment's own credentials; None: Segment's own."""
    along: reactive[dict[str, tuple[str, SentWith | None]]] = reactive(dict)
    """Both for each of several routes to Mixpanel."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.page: int = 0
        self._of: int | None = None

    def follow(self, state: EngineState) -> None:
        """Show requests as the engine sends them: to its address, with its credentials."""
        self.mixpanel_url = state.mixpanel_url
        self.service_account = state.service_account
        self.along = {route.name: (route.mixpanel_url, route.service_account) for route in several(state)}

    @property
    def _sent(self) -> tuple[str, SentWith | None]:
        """Address and service account for the message that is shown, along its route."""
        general = self.mixpanel_url, self.service_account
        return general if self.detail is None else self.along.get(self.detail.route, general)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The requests of the message that is shown."""
        return () if self.detail is None else self.detail.verdict.translation.operations

    @property
    def request(self) -> OutgoingRequest | None:
        """The request that is shown, at the address that it is sent to; None when there is none."""
        if not self.operations:
            return None
        request = self.operations[self.page % len(self.operations)].request
        if not self.elsewhere:
            return request
        return msgspec.structs.replace(request, url=core.at_mixpanel_url(request.url, self._sent[0]))

    @property
    def elsewhere(self) -> bool:
        """True if the request goes to an address that the settings name instead of Mixpanel's own host."""
        if self.detail is None or is_pasted(self.detail) or isinstance(self.detail, OtherDetail):
            return False
        return bool(self._sent[0])

    @property
    def shown(self) -> OutgoingRequest | None:
        """The request as segtap sends it, address and credentials included, with its secrets as dots."""
        return None if self.request is None else core.shown_with(masked(self.request), self.account)

    @property
    def account(self) -> SentWith | None:
        """The service account that authenticates the shown request, None if none does."""
        if isinstance(self.detail, OtherDetail):
            return None
        of_engine = self.detail is not None and not is_pasted(self.detail)
        if not of_engine or self.request is None or not core.accepts_service_account(self.request):
            return None
        return self._sent[1]

    @property
    def account_note(self) -> str:
        """What Segment would authenticate the request with, if segtap sends other credentials."""
        if self.account is None:
            return ""
        return f"segtap's own: Segment itself would send {self.account.segment}"

    def title(self, about: str = "") -> None:
        """Say in the frame's title what is shown, and through which destination if not the configured one."""
        if isinstance(self.detail, OtherDetail):
            about = f"as {SHORT[self.detail.through]} · {about}"
        super().title(about)

    def exported(self, url: str) -> Exported | None:
        """Return the message with the shown request, to copy; `url` is the endpoint of the engine."""
        account = "" if self.account is None else self.account.variable
        return None if self.detail is None else Exported(self.detail, url, self.shown, account)

    def watch_detail(self, detail: MessageDetail | None) -> None:
        """Show another message's first request; if the same message changed, keep the request."""
        id = None if detail is None else detail.summary.id
        if id != self._of:
            self._of, self.page = id, 0
        super().watch_detail(detail)

    def watch_mixpanel_url(self) -> None:
        """Draw again after requests are sent elsewhere."""
        if self._ready:
            self.fill(self.detail)

    def watch_service_account(self) -> None:
        """Draw again after requests are sent with other credentials."""
        self.watch_mixpanel_url()

    def watch_along(self) -> None:
        """Draw again after a route leads elsewhere."""
        self.watch_mixpanel_url()

    def action_turn(self, pages: int) -> None:
        """Show the next request, or the one before; the last leads to the first."""
        if self.operations:
            self.page = (self.page + pages) % len(self.operations)
            self.fill(self.detail)
