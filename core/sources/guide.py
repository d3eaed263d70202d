"""Connection modes as one page, which `segtap help modes` prints; README.md has its picture and table."""

from __future__ import annotations

from typing import NamedTuple

PICTURE = """\
Cloud mode
  page --- analytics.js ---> Segment ---> Mixpanel

Device mode
  page -+- analytics.js ---> Segment          (for other destinations)
        |
        +- Mixpanel's SDK ---------------> Mixpanel

With segtap, in either mode
  page -+- analytics.js ---> segtap           (shows what Segment would send)
        |
        +- Mixpanel's SDK -> segtap           (shows what the page sent)"""


class Row(NamedTuple):
    """One difference: what it is about, and how it is in each mode."""

    about: str
    cloud: str
    device: str


ROWS = (
    Row("who sends to Mixpanel", "Segment's servers", "Mixpanel's SDK in the page or app"),
    Row("Segment's debugger shows", "every message", "the messages, not what Mixpanel gets"),
    Row("mp_lib of an event", "Segment: analytics.js and others", "Segment: web"),
    Row("an unknown visitor is", "the anonymousId", "$device: and an id of Mixpanel's own"),
    Row("a known user is", "the userId", "the userId, even after reset()"),
    Row("super properties", "none", "on every event"),
    Row("transformations, functions", "apply", "do not apply"),
    Row("a page call becomes", "what the mapping says", "Loaded a Page, or as its options say"),
    Row("a list of objects", "stays a list", "becomes products_skus, products_prices"),
    Row("long texts", "stay whole", "are cut at 255 characters"),
    Row("group traits", "can change", "are set once, and never change"),
    Row("the insert id is", "the messageId (Actions)", "a random one"),
)

SCREEN = """\
╭─ Messages – 8 ───────────────────────────────────────────────────────────────────────────────────╮
│ time         event                             user                   source mode     warn  sent │
│ 10:41:02.870 I zoe@shop.example                user-7                 web    cloud             – │
│ 10:41:02.920 T Order Completed                 user-7                 web    cloud             – │
│ 10:41:03.820 M $identify                       user-7                 web    device            – │
│         ·    M Order Completed                 user-7                 web    device            – │
│ 10:41:03.821 M $set_once                       user-7                 web    ?                 – │
│         ·    M $set                            user-7                 web    ?                 – │
│ 10:41:04.671 T Order Completed                 user-7                 web    cloud             – │
│▌10:41:04.841 M Order Completed                 user-7                 web    device     ▲1     – │
╰──────────────────────────────────────────────────────────────────────────────────────────────────╯"""
"""The list of the app; a test holds it against what the app draws."""

CAPTION = """\
In segtap's list, the column mode says which: an order in cloud mode (T, from Segment), one in device
mode (M, from Mixpanel's SDK), and one with both modes on, marked as counted twice. Updates of
profiles do not say how they came."""

NOTES = """\
Which one is it? Each destination has one connection mode for each source: in Segment, under the
connection settings of the destination. Calls from a server are always cloud mode. mp_lib of the
events says what really happens; segtap doctor names the modes that it has seen.

Both at once count every event twice. The two copies have no id in common, so Mixpanel cannot
remove one, and a visitor becomes two users until identify. It happens with two Mixpanel
destinations on one source, with a destination in device mode and Mixpanel's SDK called by hand,
and when somebody forwards from segtap what the page sends as well. segtap pairs the copies and
says so: the rule is cloud-and-device-mode. It is a note as long as segtap only assumes that a
destination in cloud mode is on: kind under [destination] says which one Segment has.

reset() at logout does not reset Mixpanel's SDK in device mode: user and super properties stay,
and the next user's $identify names the former one. Call mixpanel.reset(), too.

To see cloud mode: point the SDK here, as the empty screen says.
To see device mode, one of these:
  segtap.toml with [device_mode] enabled = true, and cdnURL of analytics.js set to segtap
                      analytics.js loads Segment's integration, which sends to segtap
  analytics.ready(() => mixpanel.set_config({ api_host: 'http://127.0.0.1:8765' }))
                      a page that runs Mixpanel already sends here from then on
  Mixpanel.init('TOKEN', { host: '127.0.0.1:8765', protocol: 'http' })
                      mixpanel for Node
  Consumer(events_url=…/track, people_url=…/engage, groups_url=…/groups, import_url=…/import)
                      mixpanel for Python, with http://127.0.0.1:8765 before each
  segtap proxy        Segment and Mixpanel receive as before, and segtap shows it
  segtap demo --browser
                      a sample page with a button for each call, in both modes

Start segtap before the page. While no endpoint answers, mixpanel-browser tries once and drops
its batch; analytics.js keeps its messages and tries again."""


def modes_table() -> list[str]:
    """Return the differences as lines, in columns."""
    rows = (Row("", "cloud mode", "device mode"), *ROWS)
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [f"{row.about:<{widths[0]}}  {row.cloud:<{widths[1]}}  {row.device}" for row in rows]


def modes_guide() -> str:
    """Return the page: the pictures, the table, what goes wrong, and how to see each mode."""
    return "\n".join([PICTURE, "", *modes_table(), "", CAPTION, "", SCREEN, "", NOTES])
