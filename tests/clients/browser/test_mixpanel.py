"""mixpanel-browser in Chromium, on a page of another origin: its queue is cleared, and it logs nothing."""

from __future__ import annotations

import json
from string import Template
from typing import Any

import pytest
from sdk_clients import Browser, Endpoint, nobody_listens

from segtap.core.index.labels import describe
from segtap.core.messages import Message

VERSIONS = {"2.83": "mixpanel-browser", "2.45": "mixpanel-browser-2-45"}
START = """
import mixpanel from '$package'
window.mixpanel = mixpanel
window.reported = []
window.queued = () => Object.keys(localStorage).filter((key) => key.startsWith('__mpq'))
  .flatMap((key) => JSON.parse(localStorage[key]))
window.cleared = async () => {
  for (let turn = 0; turn < 200 && queued().length; turn++) await new Promise((go) => setTimeout(go, 25))
  if (queued().length || reported.length) throw new Error(JSON.stringify([queued(), reported]))
}
const error_reporter = (...said) => reported.push(said)
mixpanel.init('tok', { api_host: '$url', batch_flush_interval_ms: 100, error_reporter, ...$config })
"""
CALLS = """
document.body || document.documentElement.append(document.createElement('body')) // where images are put
mixpanel.track('Anonymous', { a: 1 })
mixpanel.identify('user-1')
mixpanel.track('Known', { text: 'ü ✓ 🎉', list: [{ sku: 1 }] })
mixpanel.people.set({ plan: 'pro' })
mixpanel.get_group('company', 'acme').set({ name: 'Acme' })
"""
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "batched": ("", {}),
    "json": ("", {"api_payload_format": "json"}),
    "single": ("", {"batch_requests": False}),
    "single verbose": ("", {"batch_requests": False, "verbose": True}),
    "get": ("", {"batch_requests": False, "api_method": "GET"}),
    "image": ("", {"batch_requests": False, "api_method": "GET", "img": True}),
    "beacon": ("", {"batch_requests": False, "api_transport": "sendBeacon"}),
    "prefix": ("/a/mp", {}),
    "routes": ("", {"api_routes": {"track": "e/", "engage": "p/", "groups": "mp/track"}}),
}


def page(url: str, config: dict[str, Any], package: str = "mixpanel-browser") -> str:
    return Template(START).substitute(url=url, config=json.dumps(config), package=package)


def named(messages: list[Message]) -> set[str]:
    return {describe(message)[0] for message in messages}


OLD_WAYS = ("batched", "single", "get", "image", "beacon")
"""Ways in which the old version is tried, too."""


@pytest.mark.parametrize(
    ("version", "way"), [*(("2.83", way) for way in WAYS), *(("2.45", way) for way in OLD_WAYS)]
)
async def test_every_way_to_send(endpoint: Endpoint, browser: Browser, version: str, way: str) -> None:
    prefix, config = WAYS[way]
    script = page(endpoint.url + prefix, config, VERSIONS[version]) + CALLS
    acts: list[dict[str, Any]] = [{"open": script}, {"idle": True}, {"run": "cleared()"}]
    async with browser.play(acts) as visit:
        pass
    assert visit.errors == []
    got = endpoint.messages()
    assert endpoint.sink.refused == []
    assert named(got) >= {"Anonymous", "$identify", "Known", "$set"}
    assert {message.source_kind for message in got} == {"mixpanel"}
    endpoints = {message.endpoint.partition("?")[0] for message in got}
    # An own route is not in the record: where it goes is seen by what it holds.
    assert endpoints >= ({"/track", "/engage"} if way == "routes" else {"/track", "/engage", "/groups"})
    (known,) = [one for one in got if one.document.get("event") == "Known"]
    properties = known.document["properties"]
    assert (properties["text"], properties["list"]) == ("ü ✓ 🎉", [{"sku": 1}])
    assert (properties["distinct_id"], properties["token"]) == ("user-1", "tok")


async def test_nothing_is_lost_when_a_page_closes(endpoint: Endpoint, browser: Browser) -> None:
    script = page(endpoint.url, {"batch_flush_interval_ms": 60_000}) + "mixpanel.track('Leaving')"
    acts: list[dict[str, Any]] = [{"open": script}, {"idle": True}, {"close": True}]
    async with browser.play(acts) as visit:
        await endpoint.sink.until(1)
    assert visit.errors == []
    assert named(endpoint.messages()) == {"Leaving"}
    (receipt,) = endpoint.sink.taken
    assert receipt.header("content-type") == "text/plain;charset=UTF-8"


async def test_a_batch_is_dropped_while_nobody_answers_and_the_next_one_arrives(
    endpoint: Endpoint, browser: Browser
) -> None:
    dropped = "(async () => { while (queued().length) await new Promise((go) => setTimeout(go, 25)) })()"
    again = f"mixpanel.set_config({{ api_host: '{endpoint.url}' }}), mixpanel.track('Next'), 0"
    nobody = nobody_listens()
    acts: list[dict[str, Any]] = [
        {"open": page(nobody, {}) + "mixpanel.track('Lost')"},
        {"run": dropped},
        {"run": again},
        {"run": dropped},
        {"idle": True},
    ]
    async with browser.play(acts) as visit:
        await endpoint.sink.until(1)
    assert named(endpoint.messages()) == {"Next"}
    assert [method for method, url, _ in visit.requests if url.startswith(nobody)] == ["POST"], "tried once"


async def test_recordings_flags_and_settings_are_answered(endpoint: Endpoint, browser: Browser) -> None:
    config = {"flags": True, "remote_settings_mode": "fallback", "record_sessions_percent": 0}
    flags = (
        "mixpanel.flags.get_variant_value('new', 'old').then((value) => { if (value !== 'old') throw value })"
    )
    acts: list[dict[str, Any]] = [
        {"open": page(endpoint.url, config) + "mixpanel.track('Seen')"},
        {"idle": True},
        {"run": flags},
        {"run": "cleared()"},
    ]
    async with browser.play(acts) as visit:
        pass
    assert visit.errors == []
    asked = {url.partition("?")[0].removeprefix(endpoint.url) for _, url, _ in visit.requests}
    assert asked >= {"/flags/", "/settings/", "/track/"}
    assert named(endpoint.messages()) == {"Seen"}


async def test_a_whole_session_is_recorded_and_nothing_of_it_is_kept(
    endpoint: Endpoint, browser: Browser
) -> None:
    config = {"record_sessions_percent": 100, "record_min_ms": 0}
    button = "addEventListener('load', () => { document.body.innerHTML = '<button id=go>Zoë 🎉</button>' })"
    recording = """(async () => {
      const id = () => mixpanel.get_session_recording_properties().$mp_replay_id
      while (!id()) await new Promise(requestAnimationFrame)
    })()"""
    clicked = """(async () => {
      const queue = () => mixpanel.recorderManager.getRecorder().activeRecording.batcher.queue.memQueue
      while (!queue().some((one) => one.payload.type === 3)) await new Promise(requestAnimationFrame)
    })()"""
    stop = "mixpanel.stop_session_recording()"
    part: list[dict[str, Any]] = [{"run": recording}, {"click": "#go"}, {"run": clicked}, {"run": stop}]
    acts: list[dict[str, Any]] = [
        {"open": page(endpoint.url, config) + "mixpanel.track('Seen');" + button},
        *part,
        {"until": ["response", "/record/", 1]},
        {"run": "mixpanel.start_session_recording()"},
        *part,
        {"until": ["response", "/record/", 2]},
        {"run": "cleared()"},
    ]
    async with browser.play(acts) as visit:
        pass
    assert visit.errors == []
    recorded = [url for method, url, _ in visit.requests if method == "POST" and "/record/" in url]
    assert len(recorded) >= 2
    assert all("replay_id=" in url for url in recorded)
    assert named(endpoint.messages()) >= {"Seen"}
    assert not any("/record" in receipt.path for receipt in endpoint.sink.receipts)
    assert endpoint.sink.refused == []
