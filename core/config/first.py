"""The commented segtap.toml that `segtap init` writes, from a few answers. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from ..destinations.actions.presets import preset_subscriptions
from ..errors import SettingsError
from ..settings import IN_KEYRING, DestinationKind, Region
from ..toml_text import toml_value
from ..typed_secrets import has_form_of_secret

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What `segtap init` asks. `people`: profiles are written; `group_keys` are Mixpanel's.

    `project_id` 0: no service account is used. `project_region` None: it is not known.
    """

    kind: DestinationKind = "actions"
    token_env: str = "MIXPANEL_TOKEN"
    api_secret_env: str = "MIXPANEL_SECRET"
    service_account_env: str = "MIXPANEL_SERVICE_ACCOUNT"
    project_id: int = 0
    region: Region = "us"
    project_region: Region | None = None
    people: bool = True
    group_keys: tuple[str, ...] = ()


def check_variable(name: str) -> str:
    """Return the name of an environment variable, or of an entry in the keyring. Raises SettingsError for
    anything else, a secret above all, and does not repeat it.
    """
    if name.startswith(IN_KEYRING):
        return name
    if has_form_of_secret(name):
        raise SettingsError(
            "That looks like a secret itself. Put it into an environment variable, and give that one's name."
        )
    if not _VARIABLE.match(name):
        raise SettingsError("That is not the name of an environment variable, such as MIXPANEL_TOKEN.")
    return name


def first_settings(answers: Answers) -> str:
    """Return the text of the settings file. Raises SettingsError for an answer that cannot be used."""
    token, secret = check_variable(answers.token_env), check_variable(answers.api_secret_env)
    account = check_variable(answers.service_account_env)
    named = answers.project_id or account != Answers().service_account_env
    account_line = f"{'' if named else '# '}service_account_env"
    project_line = f"project_id = {answers.project_id}" if answers.project_id else "# project_id = 123"
    stored = f"project_region = {toml_value(answers.project_region)}" if answers.project_region else ""
    stored = stored or '# project_region = "us"'
    classic = answers.kind == "classic-cloud"
    if classic and answers.region == "in":
        raise SettingsError(
            "Segment's classic destination sends to Mixpanel's US and EU only: region us or eu."
        )
    own = _classic(answers) if classic else _subscriptions(answers)
    return f"""\
# Settings of segtap; core/config/README.md explains each. SEGTAP_* variables and flags win over this file.

identity = "original"  # or "simplified": how the Mixpanel project merges identities

[destination]
kind = {toml_value(answers.kind)}  # "actions" is Mixpanel (Actions) in Segment, "classic-cloud" is Mixpanel
token_env = {toml_value(token)}  # the variable that holds the project token
api_secret_env = {toml_value(secret)}  # one that holds the API secret, which Mixpanel retires on 2027-03-03
{account_line} = {toml_value(account)}  # one that holds user:secret; it goes first
{project_line}  # the project's number, for the service account
region = {toml_value(answers.region)}  # the endpoint that Segment's destination sends to: us, eu, in
{stored}  # where the project stores its data: Mixpanel, Project Settings, Data Residency
# source_name = "Web"  # segment_source_name on every event, as set in Segment
{"" if classic else "strict = true  # Mixpanel checks every record of a batch" + chr(10)}
[ingest]
host = ["127.0.0.1", "::1"]  # add this machine's address to receive from a phone
port = 8765
# write_keys = ["…"]  # accept messages of these sources alone; others are answered with 401
# metrics_token_env = "SEGTAP_METRICS"  # with a token, other machines read /_segtap/metrics

# What the workspace keeps from Mixpanel before anything is translated:
# [segment]
# blocked_events = ["Debug Event"]
# consent_categories = ["Analytics"]
#
# [[filters]]
# name = "No colleagues"
# if = 'match(context.traits.email, "*@example.com")'
# action = "drop"
#
# What is taken out of requests before they are stored:
# [[redact]]
# path = "**.email"
# action = "hash"
#
# What waits for you before it is forwarded:
# [[hold]]
# filter = 'event:"Order Refunded"'
#
# The sources that send here, by their write keys; what one says wins for its messages:
# [[sources]]
# name = "web"
# write_keys = ["…"]
# color = "cyan"
# plan = "web-plan.json"
#
# Where messages go, by write key. With [[routes]] only these get anything:
# [[routes]]
# name = "mixpanel"
# kind = "mixpanel"  # the project above
#
# [[routes]]
# name = "segment"
# kind = "segment"  # whole requests, to Segment itself
# write_keys = ["…"]

{own}"""


def _classic(answers: Answers) -> str:
    return f"""\
[classic]
people = {toml_value(answers.people)}  # Use Mixpanel People: write profiles
group_identifier_traits = {toml_value(list(answers.group_keys))}  # group keys: traits that name a group
consolidated_page_calls = true  # every page is the event `Loaded a Page`
# event_increments = ["Order Completed"]
# prop_increments = ["total"]

# Device mode only, where the page itself sends to Mixpanel; segtap simulates it:
# set_all_traits_by_default = true  # Automatically set all Traits as Super Properties and People Properties
# super_properties = ["plan"]  # Properties to send as Super Properties: of track calls; of traits if not all
# people_properties = ["plan"]  # Traits to set as People Properties, if not all are set
# persistence = "cookie"  # or "localStorage": where Mixpanel's SDK keeps ids and super properties
# cross_subdomain_cookie = false  # one cookie for all subdomains
"""


def _subscriptions(answers: Answers) -> str:
    """Leave out Segment's presets that are unchanged: only what differs from them must be written."""
    if answers.people and not answers.group_keys:
        return """\
# Segment's presets run. To have your workspace's own mappings: segtap mappings import FILE
# or write them here; then only these run:
#
# [[subscriptions]]
# preset = "Track Calls"  # begins as Segment's preset; what follows takes the place of its own
# [subscriptions.mapping]
# event = { "@template" = "Web {{event}}" }
"""
    heading = "# These run in the place of Segment's presets. All fields: segtap mappings show\n\n"
    return heading + "\n".join(
        text
        for preset in preset_subscriptions()
        for text in _preset(preset.name, preset.partner_action, answers)
    )


def _preset(name: str, action: str, answers: Answers) -> Sequence[str]:
    preset = f"[[subscriptions]]\npreset = {toml_value(name)}\n"
    if action == "identifyUser" and not answers.people:
        return [f"{preset}enabled = false  # profiles are not written\n"]
    if action != "groupIdentifyUser" or not answers.group_keys:
        return [preset]
    return [
        f"{preset}name = {toml_value(f'{name}: {key}')}\n[subscriptions.mapping]\n"
        f"group_key = {toml_value(key)}  # a trait of this name is the group's id\n"
        for key in answers.group_keys
    ]
