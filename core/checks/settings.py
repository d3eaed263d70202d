"""What the rules need to know of the settings, apart from the destination itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from ..destinations.filters import filter_faults
from ..destinations.transformations import transformation_faults
from ..messages import JsonObject
from ..not_imitated import NotImitated
from ..settings import (
    ClassicSettings,
    DestinationFilter,
    DestinationKind,
    IdentityMode,
    RuleSetting,
    Settings,
)
from ..transformations import Transformation
from ..verdict import Finding


class PlanCheck(Protocol):
    """A tracking plan, compiled: see `core.plan`."""

    @property
    def faults(self) -> tuple[str, ...]:
        """Why parts of it cannot be used."""
        ...

    def findings(self, document: JsonObject) -> Sequence[Finding]:
        """Return what breaks the plan in a message."""
        ...


class CheckSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What rules judge by.

    `identity` is Mixpanel's ID merge. `classic` are the options of the classic destination, whichever
    destination is in use: they tell what a move to Actions would lose. `rules` silence rules and change their
    severity.
    `group_keys` are those of the Mixpanel project, None while they are unknown. `plan` is the tracking plan
    that messages are held against, None where none is set. `filter_faults` name the destination filters whose
    condition cannot be judged, which stop every message; `transformation_faults` likewise.
    `service_account`: segtap sends /import with one, in place of the destination's own credentials.
    `project_region` is where the Mixpanel project stores its data, "" while that is unknown. `not_imitated`
    are parts of the workspace that change messages, and that segtap does not imitate. `kind_assumed`: nobody
    said which destination Segment has, or whether it has one.
    """

    identity: IdentityMode = "original"
    classic: ClassicSettings = ClassicSettings()
    rules: tuple[RuleSetting, ...] = ()
    group_keys: tuple[str, ...] | None = None
    plan: PlanCheck | None = None
    filter_faults: tuple[str, ...] = ()
    transformation_faults: tuple[str, ...] = ()
    service_account: bool = False
    project_region: Literal["", "us", "eu", "in"] = ""
    not_imitated: tuple[NotImitated, ...] = ()
    kind_assumed: bool = False
    subscriptions_of: str = ""
    """The source whose own subscriptions are in force; "": those of all."""


DEFAULTS = CheckSettings()


def check_settings(settings: Settings) -> CheckSettings:
    """Return what the rules judge by, out of the whole settings.

    Reads and compiles the tracking plan where one is set. Raises InputError when it cannot be used.
    """
    return CheckSettings(
        identity=settings.identity,
        classic=settings.classic,
        rules=settings.rules,
        group_keys=settings.mixpanel_group_keys,
        plan=_plan_of(settings),
        filter_faults=filter_faults(settings.filters),
        transformation_faults=transformation_faults(settings.transformations, settings.destination.kind),
        service_account=bool(settings.destination.service_account),
        project_region=settings.destination.project_region,
        not_imitated=settings.not_imitated,
        kind_assumed=not settings.kind_given,
        subscriptions_of=settings.source_saying("subscriptions"),
    )


def with_faults(
    checks: CheckSettings,
    transformations: Sequence[Transformation],
    filters: Sequence[DestinationFilter],
    kind: DestinationKind,
) -> CheckSettings:
    """Return the same with the faults of other transformations and filters."""
    return msgspec.structs.replace(
        checks,
        filter_faults=filter_faults(filters),
        transformation_faults=transformation_faults(transformations, kind),
    )


def _plan_of(settings: Settings) -> PlanCheck | None:
    if not settings.plan:
        return None
    # The validator is imported only where there is a plan.
    from ..plan import load_plan

    return load_plan(settings.plan)
