"""What the rules need to know of the settings, apart from the destination itself."""

from __future__ import annotations

import msgspec

from ..settings import ClassicSettings, IdentityMode, Region, RuleSetting, Settings


class CheckSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What rules judge by.

    `identity` is Mixpanel's ID merge. `region` is the one that the settings name, None when a message is
    checked without settings. `classic` are the options of the classic destination, whichever destination is
    in use: they tell what a move to Actions would lose. `rules` silence rules and change their severity.
    `group_keys` are those of the Mixpanel project, None while they are unknown.
    """

    identity: IdentityMode = "original"
    region: Region | None = None
    classic: ClassicSettings = ClassicSettings()
    rules: tuple[RuleSetting, ...] = ()
    group_keys: tuple[str, ...] | None = None


DEFAULTS = CheckSettings()


def check_settings(settings: Settings) -> CheckSettings:
    """What the rules judge by, out of the whole settings."""
    return CheckSettings(
        identity=settings.identity,
        region=settings.destination.region,
        classic=settings.classic,
        rules=settings.rules,
        group_keys=settings.mixpanel_group_keys,
    )
