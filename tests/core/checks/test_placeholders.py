"""placeholder-user-id: what interpolation leaves behind, and ids that only look like it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from check_helpers import DESTINATION, classic, found, real_message

from segtap.core.checks import CheckSettings
from segtap.core.checks.placeholders import leftover
from segtap.core.settings import Destination

RULE = "placeholder-user-id"
UUID = "7f1e6c1a-0b2c-4f7e-9d0d-3f4f6c2f1a77"

LEFT_BEHIND = [
    # objects as text
    *("[object Object]", "[object Promise]", "user-[object Object]", "Instance of 'User'", "<User: ann>"),
    *("<__main__.User object at 0x7f3c>", "#<User:0x000>", "com.acme.User@6d06d69c", "User(id=u1, name=Ann)"),
    *("User { id: 1 }", "System.Guid", "Promise { <pending> }", "() => id", "function () { return id }"),
    *("[Function: id]", "HASH(0x5581)"),
    # nothing as text
    *("(null)", "(undefined)", "<null>", "(not set)", "null null", "undefinedundefined", "Null", "unset"),
    *("user-undefined", "user_null", "auth0|undefined", "abc-undefined", "%!s(<nil>)", " undefined "),
    # numbers that are none
    *("NaN", "nan", "-nan", "inf", "-Infinity", "NaT", "#N/A", "<NA>", "1.#QNAN"),
    # templates
    *("{{userId}}", "{{ user.id }}", "<%= id %>", "<?= $id ?>", "{% id %}", "${userId}", "#{user.id}"),
    *("%{id}", "{userId}", "{user_id}", "{0}", "user-{}", "user-${id}", "%s", "user-%s", "%@", "%(id)s"),
    *("[[userId]]", "{{user}}@example.com"),
    # lists and maps
    *('["u1"]', "['u1', 'u2']", '{"id":"u1"}', "{'id': 'u1'}", "{id=u1}", "map[id:u1]", "[u1]", "&{u1 ann}"),
    *("{:id=>1}", "('u1',)", "List(u1)", "Array", 'a:1:{i:0;s:2:"u1";}'),
    # wrapped values
    *("Some(u1)", 'Some("u1")', 'Optional("u1")', "Optional[u1]", 'Just "u1"', "Right(u1)", "b'u1'"),
    *('ObjectId("507f1f77bcf86cd799439011")', "UserId(u1)", '"u1"'),
    # names of ids, from documentation
    *(
        "userId",
        "user_id",
        "YOUR_USER_ID",
        "<user-id>",
        "$userId",
        "%USER_ID%",
        ":userId",
        "your-user-id-here",
    ),
    # UUIDs without anything in them
    *("{00000000-0000-0000-0000-000000000000}", "0" * 32, "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"),
]
IDS = [
    *(UUID, f"{{{UUID}}}", "{7f1e6c1a-…}", "{deadbeef}", "{abcdef12-3456}", UUID.upper(), f"$device:{UUID}"),
    *("ann@example.com", "ann+test@example.com", "ann+test@…", "o'neil@example.ie", "null-set@example.com"),
    *("a{b}c@example.com", "<ann@example.com>", "Ann <ann@example.com>", "u-1", "user-1", "user_42", "user!"),
    *("Ann Smith", "Nan", "Nils", "nilsson", "none-such", "O'Neil", "Undefined Ltd", "Infinite", "inf-42"),
    *("auth0|507f1f77bcf86cd799439011", "google-oauth2|123", "sub|apple|001.abc.123", "507f1f77bcf86cd7"),
    *("user%20name", "%d0%b0%d0%bd", "50%", "+49301234", "0x52908400098527886E0F7030069857D2E4169EE7"),
    *("CN=Ann,OU=Sales,DC=acme,DC=com", "did:key:z6Mk", "urn:uuid:7f1e", "abc==", "#42", "ann#1234", "R&D-1"),
    *("Ann (Sales)", "(ann)", "1e400", "12", "-5", "$ann", "$RCAnonymousID:abc123", "{12345678}", "david"),
    *("Acme, Inc.", "日本", "x" * 300, "x", "m[1]", "https://x.com/u?id=5&x=1", "arn:aws:iam::1:user/ann"),
]


def track(**fields: Any) -> dict[str, Any]:
    return real_message("python", "track", **fields)


@pytest.mark.parametrize("id", LEFT_BEHIND)
@pytest.mark.parametrize("destination", [DESTINATION, classic()], ids=["actions", "classic"])
def test_what_interpolation_leaves_is_no_id(id: str, destination: Destination) -> None:
    (finding,) = found(track(userId=id), RULE, destination=destination)
    assert (finding.severity, finding.path) == ("warning", "$.userId")
    assert id[:50].strip() in finding.message
    assert finding.fix


@pytest.mark.parametrize("id", IDS)
def test_ids_are_left_alone(id: str) -> None:
    message = track(userId=id, anonymousId=id, context={"groupId": id})
    assert found(message, RULE) == []
    assert found(message, "placeholder-group-id") == []
    assert found(message, "id-whitespace") == []


@pytest.mark.parametrize(
    ("message", "path", "words"),
    [
        (track(userId=None, anonymousId="{{anon}}"), "$.anonymousId", "one visitor to Mixpanel"),
        (
            real_message("node", "alias", previousId="[object Object]"),
            "$.previousId",
            "an object turned into text",
        ),
        (real_message("node", "alias", previousId="undefined"), "$.previousId", "one user"),
        (real_message("next", "page", userId="<%= id %>"), "$.userId", "template"),
        (real_message("next", "identify", userId="Some(u1)"), "$.userId", "wrapped value"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("$") else "",
)
def test_every_call_and_every_id(message: dict[str, Any], path: str, words: str) -> None:
    (finding,) = found(message, RULE)
    assert (finding.severity, finding.path) == ("warning", path)
    assert words in finding.message


GROUP = "placeholder-group-id"


@pytest.mark.parametrize(
    ("message", "path", "words"),
    [
        (real_message("node", "group", groupId="(null)"), "$.groupId", "what a missing value leaves behind"),
        (
            real_message("node", "group", groupId="undefined"),
            "$.groupId",
            "what a missing value leaves behind",
        ),
        (real_message("node", "group", groupId="NULL"), "$.groupId", "one group to Mixpanel"),
        (real_message("node", "group", groupId="[object Object]"), "$.groupId", "an object turned into text"),
        (
            track(context={"groupId": "${group}"}),
            "$.context.groupId",
            "template into which nothing was filled",
        ),
        (track(properties={"company_id": "undefined"}), "$.properties.company_id", "a missing value"),
        (track(properties={"company_id": ["a", "{{company}}"]}), "$.properties.company_id[1]", "a template"),
    ],
)
def test_groups_have_placeholders_as_well(message: dict[str, Any], path: str, words: str) -> None:
    (finding,) = found(message, GROUP, settings=CheckSettings(group_keys=("company_id",)))
    assert (finding.severity, finding.path) == ("error", path)
    assert words in finding.message
    assert finding.fix
    assert found(message, RULE) == []


@pytest.mark.parametrize("id", ["0", "true", "unknown", "anonymous", "Acme (UK)", "{7f1e6c1a-…}", "acme", 0])
def test_groups_may_have_names_that_users_may_not(id: Any) -> None:
    message = real_message("node", "group", groupId=id)
    assert found(message, GROUP) == []
    assert found(message, RULE) == []


def test_words_of_mixpanels_own_list_stay_errors() -> None:
    (finding,) = found(track(userId="[]"), RULE)
    assert finding.severity == "error"
    assert finding.message == 'userId "[]" is a placeholder: Mixpanel refuses it as distinct_id'


def test_a_placeholder_with_spaces_is_told_once() -> None:
    message = track(userId=" null ")
    assert len(found(message, RULE)) == 1
    assert found(message, "id-whitespace") == []


def test_an_anonymous_id_that_is_none_is_told_once() -> None:
    message = real_message("python", "identify", anonymousId="{{anonymousId}}")
    assert len(found(message, RULE)) == 1
    assert found(message, "anonymous-id-not-uuid4") == []


@pytest.mark.parametrize(
    "text",
    [
        *("{" * 30_000, "_" * 30_000, "{" + "_" * 30_000, "%" * 30_000, "$" + "_a" * 9_000, "null_" * 9_000),
        *("{{" * 9_000 + "}" * 9_000, "(a," * 9_000, "a." * 9_000 + "A@", '"' * 30_000, "{a.a." * 9_000),
    ],
    ids=lambda text: text[:6],
)
def test_long_ids_cost_no_time(text: str) -> None:
    start = time.thread_time()
    leftover(text)
    assert time.thread_time() - start < 0.05


@pytest.mark.parametrize("name", ["identify", "track"])
def test_elsewhere_than_by_import_the_word_is_an_id_that_many_share(name: str) -> None:
    """`/import` alone documents that it refuses the words; the table of users has a user of that id."""
    message = real_message("node", name, userId="null", timestamp="2026-11-24T21:59:00Z")
    (finding,) = found(message, RULE, destination=classic(people=True))
    assert finding.severity == "error"
    assert finding.message == (
        'userId "null" is a placeholder: everyone who has it is one user, and /import refuses their events'
    )
