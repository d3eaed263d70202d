"""What on a command line has the form of a secret, and what has not."""

from __future__ import annotations

import pytest

from segtap.core.typed_secrets import has_form_of_secret, secrets_typed


@pytest.mark.parametrize(
    "text",
    [
        "4f8a1c2e9b7d6053e1a2c4b6d8f00912",
        "sk_live_51Habc9XyZqLmNop",
        "wK7fQ2mZ8rT1vX5yB3nC6dL9pS4hJ0gA",
        "whsec_8Fh2kLm4Qp9Rs7TvXy1Za3Bc",
        "0123456789abcdef0123456789abcdef",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    ],
)
def test_keys_tokens_and_hashes(text: str) -> None:
    assert has_form_of_secret(text)
    assert secrets_typed(["--name", f"user:{text}", f"x={text}"], {}) == (text,)


@pytest.mark.parametrize(
    "text",
    [
        "MIXPANEL_SERVICE_ACCOUNT",
        "keyring:segtap/token",
        "OrderCompletedFromTheMobileApp2",
        "insert-id-undocumented",
        "20261130T181142Z",
        "1796062302518",
        "9b2f0c1e-5a45-55e5-8b14-e4dc34d0e56a",
        "ajs-next-1796062302518-9b2f0c1e-5a45-55e5-8b14-e4dc34d0e56a",
        "http://127.0.0.1:8765/_segtap/messages",
        "/home/ci/4f8a1c2e9b7d6053e1a2c4b6d8f00912/messages.jsonl",
        "./4f8a1c2e9b7d6053e1a2c4b6d8f00912",
        'event:"Order Completed" properties.total>=1200000000000000',
    ],
)
def test_names_times_ids_and_paths_are_none(text: str) -> None:
    assert secrets_typed([text], {}) == ()


def test_the_value_of_a_variable_in_place_of_its_name() -> None:
    environ = {
        "MIXPANEL_SECRET": "correct horse",
        "MIXPANEL_SERVICE_ACCOUNT_KEY": "segtap.1a2b3c:swordfish",
        "LANG": "en_US.UTF-8",
        "SSH_AUTH_SOCK": "/run/agent.1",
        "MY_KEY": "short",
    }
    typed = ["explain", "correct horse", "--user=swordfish", "en_US.UTF-8", "/run/agent.1", "short"]
    assert set(secrets_typed(typed, environ)) == {"correct horse", "swordfish"}
