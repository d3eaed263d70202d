"""What the keys do with a message, the journal and Mixpanel: each act asks, does, and says what happened."""

from __future__ import annotations

import webbrowser
from abc import abstractmethod
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, cast

from textual.app import App
from textual.screen import Screen

from ...core.api.client import Viewer
from ...core.api.models import EngineState, MessageDetail, Summary
from ...core.errors import SegtapError
from ...core.masks import project_in_words
from ...core.settings import APP_HOSTS
from ...core.text import clean, counted, shorten
from ..render.detail import FilterBy

if TYPE_CHECKING:
    from ..screens.live_screen import Chosen, SwitchTo

EVENTS_PATH = "/report/events"
"""Leads to the Events view of the project that was open last; Mixpanel's own guides link to it."""


HALTED_ANSWERS = (
    ("leave", "Leave it halted", "n"),
    ("again", "Try again", "t"),
    ("settings", "Read the settings again", "s"),
    ("off", "Turn forwarding off", "o"),
)
"""What `f` offers once forwarding has halted: id, words, key."""
VARIABLES = "Variables of the environment are read at the start only: to change one, start segtap again."


class Acting(Screen[None]):
    """The acts of the main screen, apart from its layout."""

    @property
    @abstractmethod
    def viewer(self) -> Viewer:
        """The engine."""

    @property
    @abstractmethod
    def state(self) -> EngineState | None:
        """The engine's facts as last heard."""

    @property
    @abstractmethod
    def summary(self) -> Summary | None:
        """The selected message."""

    @property
    @abstractmethod
    def detail(self) -> MessageDetail | None:
        """The selected message's detail, once it is here."""

    @abstractmethod
    def pane_text(self) -> tuple[str, str]:
        """The name of the pane in use, and what copying it gives."""

    @abstractmethod
    def request_as_curl(self) -> str:
        """The Mixpanel request that is being read as a curl command; "" when none is."""

    @property
    @abstractmethod
    def pulse(self) -> int:
        """Another number whenever the feed told something."""

    @abstractmethod
    async def go_to(self, ids: Sequence[int], pane: str = "") -> None:
        """Select the first of these messages that the journal still has, and open the pane that is named."""

    @abstractmethod
    def filter_by(self, text: str) -> None:
        """Show only messages that hold this text."""

    # Acts

    def action_replay(self) -> None:
        """Send the selected message through the tap again."""
        self._act(self._replay())

    async def _replay(self) -> None:
        state, summary = self.state, self.summary
        if state is None or summary is None:
            self.notify("There is no message to replay yet.", severity="warning")
            return
        if summary.refused:
            self.notify(
                "It is damaged, so there is nothing to replay."
                if summary.damaged
                else "A refused request holds no message, so there is nothing to replay.",
                severity="warning",
            )
            return
        if state.forwarding and not await self._ask(
            f"Send 1 message again to {self.project(state)}?", yes="Send again", no="Do not send"
        ):
            return
        count = await self.viewer.replay([summary.id])
        name = shorten(clean(summary.name or summary.type), 40)
        what = f"Replayed “{name}”" if count == 1 else f"Replayed {counted(count, 'message')}"
        if state.forwarding:
            self.notify(f"{what}: it goes to {self.project(state)}.")
        else:
            self.notify(f"{what}. Forwarding is off, so Mixpanel gets nothing.")

    def action_forwarding(self) -> None:
        """Turn forwarding on, after saying what that means, or off."""
        self._act(self._forwarding())

    async def _forwarding(self) -> None:
        state = self.state
        if state is None:
            return
        if state.halted:
            await self._halted(state)
            return
        if state.forwarding:
            await self._turn_off(state)
            return
        if not state.can_forward:
            why = state.cannot_forward_why or "This engine cannot forward."
            self.notify(why, title="Forwarding stays off", severity="warning", timeout=10)
            return
        if await self._ask(self._forwarding_question(state), yes="Turn forwarding on", no="Keep it off"):
            await self.viewer.set_forwarding(True)
            self.notify(
                f"From now on messages go to {self.project(state)}. f turns it off.",
                title="DRY RUN: nothing leaves this machine" if state.dry_run else "FORWARDING ON",
            )
        elif state.interrupted:
            await self.viewer.set_forwarding(False)  # answered: the line that asked goes

    async def _turn_off(self, state: EngineState) -> None:
        after = await self.viewer.set_forwarding(False)
        owed = counted(after.deliveries.owed, "message")
        waits = f" {owed} received meanwhile did not: f sends them, too." if after.deliveries.owed else ""
        self.notify(f"Forwarding is off. {counted(state.sent_since_on, 'message')} went to Mixpanel.{waits}")

    async def _halted(self, state: EngineState) -> None:
        """Ask how to go on after a fault that waiting does not mend."""
        match await self._choose(halted_question(state), HALTED_ANSWERS):
            case "again":
                await self._try_again(state)
            case "settings":
                now = await self.viewer.set_forwarding(reread=True)
                if not now.halted:
                    self.notify("Forwarding goes on already.")
                elif await self._ask(again_question(now), yes="Try again", no="Leave it halted"):
                    await self._try_again(now)
            case "off":
                await self._turn_off(state)
            case _:
                pass  # left as it is

    async def _try_again(self, state: EngineState) -> None:
        await self.viewer.set_forwarding(True)
        self.notify(f"Trying again: {_what_waits(state)} goes to {self.project(state)}.")

    def _forwarding_question(self, state: EngineState) -> str:
        parts = [f"Send every message received from now on to {self.project(state)}?"]
        if state.interrupted:
            parts.insert(0, clean(state.interrupted))
        owed, off = state.deliveries.owed, state.deliveries.off
        if owed:
            noun, goes = ("message", "goes") if owed == 1 else ("messages", "go")
            parts.append(
                f"First {goes} {owed:,} {noun} from before, received while forwarding was on and "
                "not sent by then."
            )
        if state.dry_run:
            parts.append("This is a dry run: nothing leaves this machine.")
        if off:
            stay = "stays" if off == 1 else "stay"
            parts.append(f"{counted(off, 'message')} received before {stay} unsent; a replay sends them.")
        if state.teed:
            came = "message was a copy" if state.teed == 1 else "messages were copies"
            parts.append(
                f"{state.teed:,} {came}: Segment receives the originals. If it sends them to this project, "
                "too, Mixpanel counts each twice."
            )
        return "\n\n".join(parts)

    def action_open_mixpanel(self) -> None:
        """Open Mixpanel's Events view for the region, once something was taken."""
        state = self.state
        if state is None:
            return
        if not state.deliveries.sent:
            self.notify(nothing_sent(state), severity="warning", timeout=10)
            return
        url = next(host for region, host in APP_HOSTS.items() if region == state.region) + EVENTS_PATH
        if webbrowser.open(url):
            visible = "What was accepted takes about a minute to be visible."
            if state.mixpanel_url:
                visible = f"Requests went to {clean(state.mixpanel_url)}: Mixpanel may have none of them."
            self.notify(f"Opened {url}. {visible}")
        else:
            self.notify(f"No browser could be opened. The address is {url}", severity="warning", timeout=15)

    def action_clear(self) -> None:
        """Forget the whole journal, after asking."""
        self._act(self._clear())

    async def _clear(self) -> None:
        state = self.state
        if state is None:
            return
        count = counted(state.received, "message")
        question = f"Forget all {count} in this journal, for good?"
        if state.deliveries.owed:
            question += (
                f"\n\n{counted(state.deliveries.owed, 'message')} still owed to Mixpanel will never be sent."
            )
        if await self._ask(question, yes="Forget them", no="Keep them"):
            await self.viewer.clear()
            self.notify(f"The journal is empty: {count} forgotten.")

    def action_copy(self) -> None:
        """Copy the pane in use."""
        name, text = self.pane_text()
        self._copy(f"the {name} pane", text)

    def action_copy_curl(self) -> None:
        """Copy a curl command that sends the message here, or the request that is read to Mixpanel."""
        from ...core.codec.to_curl import as_curl

        detail, state = self.detail, self.state
        if detail is None:
            self.notify("There is no message to copy yet.", severity="warning")
            return
        if request := self.request_as_curl():
            where = clean(state.mixpanel_url if state else "") or "Mixpanel"
            self._copy(f"a curl command that sends this request to {where}", request)
            return
        url = state.urls[0] if state and state.urls else self.viewer.url
        self._copy("a curl command that sends this message here", as_curl(detail, url))

    def _copy(self, what: str, text: str) -> None:
        from ..clipboard import copy

        if not text:
            self.notify("There is nothing to copy yet.", severity="warning")
            return
        route = copy(self._whole, text)
        self.notify(f"Copied {what}: {route}")

    def action_compare(self) -> None:
        """Show the selected message in both destinations."""
        self._act(self._compare())

    async def _compare(self) -> None:
        from ...core.compare import compare, destination_for
        from ...core.pipeline.reading import read_document
        from ..screens.compare import Compare
        from ..widgets.pane import identity

        detail = self.detail
        if detail is None or detail.summary.refused:
            what = "no message yet" if detail is None else "no message in a refused request"
            self.notify(f"There is {what}, so there is nothing to compare.", severity="warning")
            return
        if detail.unread:
            self.notify(
                "The message is too large to be read, so there is nothing to compare.", severity="warning"
            )
            return
        settings = await self.viewer.settings()
        comparison = compare(
            read_document(detail.document),
            destination_for(settings, "actions"),
            destination_for(settings, "classic-cloud"),
            detail.summary.received_at,
        )
        about = identity(detail.summary)
        self._whole.push_screen(Compare(comparison, message=about, settings=settings.origin))

    def action_overview(self) -> None:
        """Sum up the newest messages; what is chosen there is shown here."""
        self._act(self._overview())

    async def _overview(self) -> None:
        from ..screens.summary import OverviewScreen

        await self._follow_to(await self._whole.push_screen_wait(OverviewScreen(self)))

    def action_users(self) -> None:
        """What Mixpanel makes of each user, the selected message's first."""
        self._act(self._users())

    async def _users(self) -> None:
        from ..screens.users import UsersScreen

        await self._follow_to(await self._whole.push_screen_wait(UsersScreen(self, self.detail)))

    def action_groups(self) -> None:
        """The four parts of Group Analytics."""
        self._act(self._groups())

    async def _groups(self) -> None:
        from ..screens.groups import GroupsScreen

        await self._follow_to(await self._whole.push_screen_wait(GroupsScreen(self)))

    async def _follow_to(self, chosen: Chosen | FilterBy | SwitchTo | None) -> None:
        """Where a screen about many messages leads to."""
        from ..screens.live_screen import SwitchTo

        if isinstance(chosen, SwitchTo):
            await self.run_action(chosen.action)
            return
        if isinstance(chosen, FilterBy):
            self.filter_by(chosen.text)
        elif chosen is not None:
            await self.go_to(chosen.messages, chosen.pane)

    def action_decode(self) -> None:
        """Open the box that decodes whatever is pasted."""
        from ..screens.decode import DecodeBox

        self._whole.push_screen(DecodeBox(viewer=self.viewer))

    # How acts are done

    @property
    def _whole(self) -> App[object]:
        return cast("App[object]", self.app)  # pyright: ignore[reportUnknownMemberType]

    def _act(self, work: Coroutine[Any, Any, None]) -> None:
        self.run_worker(self._guarded(work), group="acts")

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except SegtapError as error:
            self.tell(error)

    def tell(self, error: SegtapError) -> None:
        """Show an error that is meant for a person."""
        self.notify(clean(str(error)), title=error.title, severity="error", timeout=10)

    async def _ask(self, question: str, *, yes: str, no: str) -> bool:
        from ..screens.confirm import Confirm

        return bool(await self._whole.push_screen_wait(Confirm(question, yes, no)))

    async def _choose(self, question: str, answers: Sequence[tuple[str, str, str]]) -> str:
        from ..screens.confirm import Choose, Option

        options = [Option(*answer) for answer in answers]
        return await self._whole.push_screen_wait(Choose(question, options)) or ""

    def project(self, state: EngineState) -> str:
        """Where messages go, in words."""
        return project_of(state)


def project_of(state: EngineState) -> str:
    """Where messages go, for a sentence."""
    return project_in_words(state.project, state.region, state.mixpanel_url, state.project_region)


def nothing_sent(state: EngineState) -> str:
    """Say why there is nothing to look at in Mixpanel yet, and what would change that."""
    stand, where = state.deliveries, project_of(state)
    if state.dry_run and state.forwarding:
        why = "This is a dry run: forwarding is on, but nothing leaves this machine."
    elif state.halted:
        why = f"Forwarding has halted. {clean(state.halted_why)} f asks how to go on."
    elif not state.forwarding:
        why = "f turns forwarding on." if state.can_forward else clean(state.cannot_forward_why)
    elif state.retrying:
        why = f"Forwarding is on, but Mixpanel does not take requests: {clean(state.retrying)}."
    elif stand.waiting:
        wait = "waits" if stand.waiting == 1 else "wait"
        why = f"Forwarding is on: {counted(stand.waiting, 'message')} {wait}."
    elif stand.refused:
        why = f"Forwarding is on: Mixpanel refused {counted(stand.refused, 'message')}; 5 says why."
    else:
        why = f"Forwarding is on and sends what comes from now on to {where}."
    return f"Mixpanel has accepted nothing from here yet. {why}"


def halted_question(state: EngineState) -> str:
    """What is asked when forwarding has halted: why, where it sends and with what, and what waits."""
    owed = state.deliveries.owed
    parts = [
        f"Forwarding has halted. {clean(state.halted_why)}",
        f"It sends to {project_of(state)}.",
        credentials_shown(state),
        f"{counted(owed, 'message')} {'waits' if owed == 1 else 'wait'}. How to go on?",
    ]
    return "\n\n".join(filter(None, parts))


def again_question(state: EngineState) -> str:
    """What is asked once the settings were read again: whether they changed, and where it would send."""
    where = project_of(state)
    changed = "The settings name the same project and credentials as when it halted."
    if state.changed_since_halt:
        changed = "The settings changed since it halted."
    parts = [changed, f"Try again: send {_what_waits(state)} to {where}?", credentials_shown(state)]
    return "\n\n".join(filter(None, parts))


def credentials_shown(state: EngineState) -> str:
    """With what requests are authenticated and where that was given, a line each."""
    if not state.credentials:
        return ""
    lines = ["Credentials:", *(f"- {clean(line)}" for line in state.credentials)]
    if any("variable" in line for line in state.credentials):
        lines.append(VARIABLES)
    return "\n".join(lines)


def _what_waits(state: EngineState) -> str:
    owed = state.deliveries.owed
    return f"what waits ({counted(owed, 'message')})" if owed else "what comes"
