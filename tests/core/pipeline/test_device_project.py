"""Which project a record of Mixpanel's SDKs is for: it is sent only if nothing in it names another one."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from segtap.core.messages import Message, Receipt
from segtap.core.pipeline.device import device_translation
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.settings import Destination

OWN, SECRET = "own0" * 8, "secr" * 8
DESTINATION = Destination(settings={"projectToken": OWN, "apiSecret": SECRET})


def received(text: str, target: str = "/track", user: str = "") -> Message:
    path, _, query = target.partition("?")
    basic = base64.b64encode(f"{user}:x".encode()).decode()
    headers = (("authorization", f"Basic {basic}"),) if user else ()
    imported = path == "/import"
    body = text if imported else f"data={quote(text, safe='')}"
    receipt = Receipt(
        uid="u",
        received_at=1,
        method="POST",
        path=path,
        query=query,
        headers=headers,
        body=body.encode(),
        source_kind="mixpanel",
    )
    (message,) = parse_receipt(receipt)
    return message


def why(message: Message) -> str:
    """Why it is not sent, "" if it is; with the place."""
    stopped = device_translation(message, DESTINATION).not_sent
    return "" if stopped is None else f"{stopped.path} {stopped.reason}"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"event":"E","properties":{"token":"OWN"}}', ""),
        ('{"event":"E","properties":{"token":"OWN","token":"OWN"}}', ""),
        ('{"event":"E","properties":{"token":"OWN","kind":"token","of":{"token":"ab12"}}}', ""),
        ('{"$set":{"token":"ab12"},"$token":"OWN","$distinct_id":"u"}', ""),
        ('{"event":"E","properties":{"token":"ab12","token":"OWN"}}', "$.properties.token"),
        ('{"event":"E","properties":{"token":"OWN","token":"ab12"}}', "$.properties.token"),
        ('{"event":"E","properties":{"\\u0074oken":"ab12","token":"OWN"}}', "$.properties.token"),
        ('{"event":"E","properties":{"token":"ab12"},"properties":{"token":"OWN"}}', "$.properties.token"),
        ('{"event":"E","properties":{"token":"OWN","$token":"ab12"}}', "$.properties.$token"),
        ('{"event":"E","properties":{"token":"OWN"},"token":"ab12"}', "$.token"),
        ('{"$set":{},"$token":"ab12","$token":"OWN","$distinct_id":"u"}', "$.$token"),
        ('{"$set":{},"$token":"OWN","$distinct_id":"u","properties":{"token":"ab12","token":"OWN"}}',
         "$.properties.token"),
    ],
)  # fmt: skip
def test_any_other_token_in_a_record_keeps_it_back(text: str, place: str) -> None:
    found = why(received(text.replace("OWN", OWN)))
    assert found == (f"{place} another project (ab12…)" if place else "")


@pytest.mark.parametrize(
    ("target", "token", "expected"),
    [
        ("/track?token=OWN", "OWN", ""),
        ("/track?token=OWN", "", ""),
        ("/track?ip=1&token=ab12", "OWN", "$ another project (ab12…)"),
        ("/track?token=ab12", "", "$ another project (ab12…)"),
        ("/track?api_key=ab12", "OWN", ""),
        ("/track", "", "$.properties.token it names no project"),
    ],
)
def test_a_token_beside_the_record_counts_as_well(target: str, token: str, expected: str) -> None:
    properties = f'{{"token":"{token}"}}' if token else "{}"
    text = f'{{"event":"E","distinct_id":"u","properties":{properties}}}'
    message = received(text.replace("OWN", OWN), target.replace("OWN", OWN))
    assert why(message) == expected
    (operation,) = device_translation(message, DESTINATION).operations
    assert ("token=" in operation.request.url) is ("token=" in target)


@pytest.mark.parametrize(
    ("user", "token", "sent"),
    [
        (OWN, "", True),
        (SECRET, "", True),
        ("sa.1a2b.mp-service-account", OWN, True),
        ("sa.1a2b.mp-service-account", "", False),
        ("ab12" * 8, "", False),
    ],
)
def test_an_import_without_a_token_goes_by_its_credentials_as_far_as_they_are_known(
    user: str, token: str, sent: bool
) -> None:
    properties = f'{{"token":"{token}"}}' if token else "{}"
    message = received(f'{{"event":"E","properties":{properties}}}', "/import?strict=1&project_id=1", user)
    found = why(message)
    assert (found == "") is sent
    assert sent or "such as a service account's, are not the settings' token or API secret" in found
