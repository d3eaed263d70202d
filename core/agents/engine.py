"""A running engine as an agent sees it: its state, its users, and what it may be ordered to do."""

from __future__ import annotations

from typing import cast

import msgspec

from ..api.models import EngineState, Knock
from ..messages import Json, JsonObject
from ..stories.model import Moment
from .asked import Arguments, ForwardingArguments, ReplayArguments, UserArguments
from .fitting import put_fitted, without_empty
from .messages import line_of, time_of
from .session import Session

RECENT = 10
"""The newest messages of a user that are shown."""
KNOCKS = 3


async def state(session: Session, _: Arguments) -> JsonObject:
    """Return where to send messages, what was received, whether it is forwarded, and what is wrong."""
    return _state(await (await session.client()).state())


def _state(state: EngineState) -> JsonObject:
    deliveries = cast(JsonObject, msgspec.to_builtins(state.deliveries))
    answer = without_empty(
        (
            ("send_to", state.urls[0]),
            ("version", state.version),
            ("journal", "thrown away at the end" if state.ephemeral else state.journal),
            ("demo", state.demo),
            ("destination", state.destination),
            ("project", state.project),
            ("region", state.region),
            ("settings_from", state.settings_from),
            ("halted_why", state.halted_why),
            ("cannot_forward_why", state.cannot_forward_why),
            ("dry_run", state.dry_run),
            ("errors", state.errors),
            ("warnings", state.warnings),
            ("refused_requests", state.refused),
            ("deliveries", without_empty(deliveries.items())),
            ("fault", state.fault),
            ("not_imitated", state.not_imitated),
            ("requests_without_a_message", [_knock(knock) for knock in state.knocks[:KNOCKS]]),
        )
    )
    return answer | {"received": state.received, "forwarding": state.forwarding}


def _knock(knock: Knock) -> JsonObject:
    return without_empty(
        (
            ("kind", knock.kind),
            ("count", knock.count),
            ("last", time_of(knock.last)),
            ("method", knock.method),
            ("path", knock.path),
            ("why", knock.why),
            ("meant", knock.near),
            ("origin", knock.origin),
        )
    )


async def user(session: Session, ask: UserArguments) -> JsonObject:
    """Return the user with an id as Mixpanel sees them, and their newest messages."""
    story = await (await session.client()).user_story(ask.id, limit=RECENT)
    recent: list[Json] = [_moment(moment) for moment in story.moments]
    cluster = story.cluster
    if cluster is None:
        why = "Mixpanel has no user with this id." if recent else "No message has this id."
        return {"found": False, "why": why, "recent": recent}
    answer: JsonObject = {"distinct_id": cluster.distinct_id, "id_merge": cluster.mode}
    put_fitted(answer, "ids", cast("list[Json]", msgspec.to_builtins(cluster.members)), 3_000)
    answer |= without_empty((("notes", list(cluster.notes)), ("still_to_read", story.covered.behind)))
    return {**answer, "ids_in_all": cluster.ids, "events": cluster.events, "recent": recent}


def _moment(moment: Moment) -> JsonObject:
    rules: list[Json] = [rule for rule, _ in moment.rules]
    joins: list[Json] = [f"{link.anonymous} to {link.user} ({link.kind})" for link in moment.joins]
    more = (
        ("about", moment.about),
        ("came_with", moment.id),
        ("rules", rules),
        ("joins", joins),
    )
    return line_of(moment.line) | without_empty(more)


async def replay(session: Session, ask: ReplayArguments) -> JsonObject:
    """Send messages of the journal through segtap again."""
    return {"replayed": await (await session.client()).replay(ask.ids)}


async def set_forwarding(session: Session, ask: ForwardingArguments) -> JsonObject:
    """Turn forwarding to Mixpanel on or off, and return the state."""
    return _state(await (await session.client()).set_forwarding(ask.on))
