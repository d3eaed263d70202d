"""What a move between Segment's two Mixpanel destinations costs: every difference, as data.

`lost_by` names the destination that does not do it, None where both do it, each in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from ..destinations.classic.insert_id import UNKNOWABLE
from ..settings import DestinationKind
from . import event_finders as events
from . import finders as find
from .sides import Both

_CLASSIC_PAGE = "https://www.twilio.com/docs/segment/connections/destinations/catalog/mixpanel"
_CLASSIC_CODE = "https://github.com/segmentio/integration-mixpanel"
_ACTIONS_PAGE = "https://segment.com/docs/connections/destinations/catalog/actions-mixpanel/"
_ACTIONS_CODE = "https://github.com/segmentio/action-destinations/tree/main/packages/destination-actions/src/destinations/mixpanel"
_FILTERING = "https://segment.com/docs/guides/filtering-data/"
_GEO = "https://docs.mixpanel.com/docs/tracking-best-practices/geolocation"
_MERGE = "https://docs.mixpanel.com/docs/tracking-methods/id-management"
_SEGMENT_AT_MIXPANEL = "https://docs.mixpanel.com/docs/tracking-methods/integrations/segment"

Finder = Callable[[Both], Iterator[str]]
"""What shows the difference in a message, in words, once for each place."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: `what` in a line, `source` where it is documented."""

    id: str
    lost_by: DestinationKind | None
    what: str
    source: str
    find: Finder


def _actions(id: str, what: str, source: str, find: Finder) -> Difference:
    return Difference(id=id, lost_by="actions", what=what, source=source, find=find)


def _classic(id: str, what: str, source: str, find: Finder) -> Difference:
    return Difference(id=id, lost_by="classic-cloud", what=what, source=source, find=find)


def _otherwise(id: str, what: str, source: str, find: Finder) -> Difference:
    return Difference(id=id, lost_by=None, what=what, source=source, find=find)


DIFFERENCES: tuple[Difference, ...] = (
    # What Mixpanel (Actions) does not do
    _actions("actions-refuses", "Actions refuses the message", _ACTIONS_CODE, find.actions_refuses),
    _actions("actions-sends-nothing", "Actions sends nothing", _ACTIONS_PAGE, find.actions_sends_nothing),
    _actions(
        "actions-stopped", "The message keeps itself from Actions alone", _FILTERING, find.actions_stopped
    ),
    _actions("union", "Values added to a list of the profile ($union)", _CLASSIC_CODE, find.union),
    _actions(
        "list-overwritten",
        "Lists of a profile are replaced ($set); the classic destination's page promises that they grow "
        "($union), which its device mode does",
        _CLASSIC_PAGE,
        find.list_overwritten,
    ),
    _actions("revenue", "Revenue in the profile ($append $transactions)", _CLASSIC_PAGE, find.revenue),
    _actions(
        "event-increment",
        "Events counted in the profile ($add, Events to increment)",
        _CLASSIC_PAGE,
        find.event_increment,
    ),
    _actions(
        "property-increment",
        "Properties added up in the profile ($add, Properties to increment)",
        _CLASSIC_PAGE,
        find.property_increment,
    ),
    _actions("set-once", "Traits that are set once ($set_once)", _CLASSIC_PAGE, find.set_once),
    _actions(
        "legacy-super-properties",
        "Traits on events, under $ (Legacy Super Properties)",
        _CLASSIC_PAGE,
        events.legacy_super_properties,
    ),
    _actions("traits-on-events", "Traits of the context on events", _CLASSIC_CODE, events.traits_on_events),
    _actions("profile-device", "Device and browser in the profile", _CLASSIC_CODE, find.profile_device),
    _actions(
        "name-parts",
        "First and last name, worked out of the name",
        _CLASSIC_CODE,
        find.name_parts,
    ),
    _actions(
        "ignore-time",
        "Last Seen stays when the user was not active ($ignore_time)",
        _CLASSIC_CODE,
        find.ignore_time,
    ),
    _actions(
        "sender-address",
        "A person without an address is not placed where Segment's servers stand (ip 0)",
        _GEO,
        find.sender_address,
    ),
    _actions(
        "reserved-property",
        "Properties named as Segment's own (id, $group_id, …) reach the event",
        _ACTIONS_CODE,
        events.reserved_property,
    ),
    _actions(
        "values-left-out",
        "Traits under Mixpanel's own names ($email, …), and what a mapping leaves out",
        _ACTIONS_CODE,
        events.values_left_out,
    ),
    _actions("name-tag", "The user's name on events", _CLASSIC_CODE, events.name_tag),
    # What the classic destination does not do
    _classic(
        "classic-refuses", "The classic destination refuses the message", _CLASSIC_CODE, find.classic_refuses
    ),
    _classic(
        "classic-sends-nothing",
        "The classic destination sends nothing",
        _CLASSIC_PAGE,
        find.classic_sends_nothing,
    ),
    _classic(
        "classic-stopped",
        "The message keeps itself from the classic destination alone",
        _FILTERING,
        find.classic_stopped,
    ),
    _classic("identity-link", "Anonymous id and user are linked ($identify)", _MERGE, events.identity_link),
    _classic("merge-ids", "Events carry the ids of the Simplified ID Merge", _MERGE, events.merge_ids),
    _classic(
        "purchase-per-product",
        "An event for each product of an order (Product Purchased)",
        _ACTIONS_PAGE,
        events.purchase_per_product,
    ),
    _classic(
        "values-covered",
        "Properties and traits as they were sent: traits, campaign and address of the context, names and "
        "times lie over them in the classic one",
        _CLASSIC_CODE,
        events.values_covered,
    ),
    # What both do, each in its own way
    _otherwise(
        "insert-id-undocumented",
        f"The insert id of the classic destination. {UNKNOWABLE}",
        _CLASSIC_PAGE,
        events.insert_id_undocumented,
    ),
    _otherwise(
        "event-name",
        "Events have other names: pages and screens above all",
        _SEGMENT_AT_MIXPANEL,
        events.page_name,
    ),
    _otherwise(
        "page-double-count",
        "One page is several events in the classic destination (one for each page option)",
        _CLASSIC_PAGE,
        events.page_double,
    ),
    _otherwise(
        "nested-as-text",
        "Objects inside are JSON text in the classic one",
        _CLASSIC_CODE,
        events.nested_as_text,
    ),
    _otherwise("time-unit", "Time is in milliseconds, and in seconds", _CLASSIC_CODE, events.time_unit),
    _otherwise("mp-lib", "mp_lib has another value: filters on it stop", _SEGMENT_AT_MIXPANEL, events.mp_lib),
    _otherwise(
        "renamed-properties", "Properties have another name", _ACTIONS_CODE, events.renamed_properties
    ),
    _otherwise("created-date", "$created is written otherwise", _CLASSIC_CODE, find.created_cut),
    _otherwise("group-key", "Groups have another key or id", _CLASSIC_PAGE, find.group_key),
    _otherwise("region", "Requests go to different hosts", _CLASSIC_PAGE, events.region),
)
"""In the order of the report: what weighs most first."""
