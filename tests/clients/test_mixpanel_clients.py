"""mixpanel (PyPI) and mixpanel (npm) themselves, sending to the endpoint."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from mixpanel import BufferedConsumer, Consumer, Mixpanel
from sdk_clients import Endpoint, Node

from segtap.core.index.labels import describe

NODE = """
import Mixpanel from 'mixpanel'
const mixpanel = Mixpanel.init('tok', {{ host: '{host}', protocol: 'http', ...{options} }})
const said = []
const call = (make) => new Promise((done) => make((error) => done(said.push(String(error ?? '')))))
await call((done) => mixpanel.track('Plain', {{ distinct_id: 'user-1', text: 'ü ✓' }}, done))
await call((done) => mixpanel.people.set('user-1', {{ plan: 'pro' }}, done))
await call((done) => mixpanel.groups.set('company', 'acme', {{ name: 'Acme' }}, done))
await call((done) => mixpanel.alias('user-1', 'old-1', done))
const two = ['One', 'Two'].map((event) => ({{ event, properties: {{}} }}))
await call((done) => mixpanel.track_batch(two, done))
console.log(JSON.stringify(said))
"""


@pytest.mark.parametrize("options", ["{}", "{ verbose: true, geolocate: true }", "{ path: '/mp' }"])
async def test_node(endpoint: Endpoint, node: Node, options: str) -> None:
    host = endpoint.url.removeprefix("http://")
    code = NODE.format(host=host, options=options)
    said = json.loads(await node.evaluate(code))
    assert said == [""] * 5
    names = [describe(message)[0] for message in endpoint.messages()]
    assert names == ["Plain", "$set", "$set", "$create_alias", "One", "Two"]
    assert endpoint.sink.refused == []


def consumer(endpoint: Endpoint, kind: type[Consumer] | type[BufferedConsumer]) -> Any:
    urls = {
        f"{name}_url": f"{endpoint.url}/{path}"
        for name, path in (
            ("events", "track"),
            ("people", "engage"),
            ("groups", "groups"),
            ("import", "import"),
        )
    }
    return kind(**urls, retry_limit=0)


@pytest.mark.parametrize("kind", [Consumer, BufferedConsumer])
async def test_python(endpoint: Endpoint, kind: type[Consumer] | type[BufferedConsumer]) -> None:
    def use() -> None:
        sending = consumer(endpoint, kind)
        mixpanel = Mixpanel("tok", consumer=sending)
        mixpanel.track("user-1", "Plain", {"text": "ü ✓"})
        mixpanel.people_set("user-1", {"plan": "pro"})
        mixpanel.group_set("company", "acme", {"name": "Acme"})
        mixpanel.import_data("", "user-1", "Old", 1795557763, api_secret="sec")
        if isinstance(sending, BufferedConsumer):
            sending.flush()

    await asyncio.to_thread(use)
    names = sorted(describe(message)[0] for message in endpoint.messages())
    assert names == ["$set", "$set", "Old", "Plain"]
    assert endpoint.sink.refused == []
    (plain,) = [one for one in endpoint.messages() if one.document.get("event") == "Plain"]
    assert plain.document["properties"]["text"] == "ü ✓"
