"""The pytest plugin, in test runs of its own: a fixture that starts an engine for who asks for it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
PLUGIN = "segtap.core.testing.plugin"
ROOT = Path(__file__).parents[3]

SEND = """
import httpx, pytest

@pytest.fixture
def send(segtap):
    def send(*messages):
        body = {"batch": list(messages), "writeKey": segtap.write_key}
        assert httpx.post(f"{segtap.host}/v1/batch", json=body, trust_env=False).status_code == 200
    return send

def order(number=1, **properties):
    return {"type": "track", "event": "Order Completed", "userId": "u-1", "messageId": f"order-{number}",
            "properties": {"total": 12, "tags": ["a", "b"], **properties}}
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeconftest(SEND)
    return pytester


def result_of(run: pytest.Pytester, text: str, *options: str) -> pytest.RunResult:
    run.makepyfile(text)
    return run.runpytest_subprocess("-p", PLUGIN, "-p", "no:cacheprovider", "-rA", *options, timeout=90)


def test_what_passes(run: pytest.Pytester) -> None:
    result = result_of(
        run,
        """
        import pytest
        from conftest import order

        def test_expect(segtap, send):
            home = {"type": "page", "name": "Home", "userId": "u"}
            send(order(1), order(2, total=30, deep={"a": None}), home)
            found = segtap.expect("Order Completed", properties={"total": 12}, user="u-1")
            assert [one.message["messageId"] for one in found] == ["order-1"]
            assert found[0].requests[0]["body"][0]["properties"]["total"] == 12
            segtap.expect("Order Completed", count=2, exact=True, within=0)
            segtap.expect("Order Completed", properties={"tags": ["a", "b"]}, count=2)
            segtap.expect("Order Completed", properties={"deep": {"a": None}})
            segtap.expect("Home", type="page")
            segtap.expect_none("Order Refunded")
            segtap.no_errors()
            assert len(segtap.messages("type:page")) == 1

        def test_messages_of_other_tests_do_not_count(segtap):
            assert segtap.messages() == []

        def test_it_waits(segtap, send):
            import threading
            threading.Timer(0.2, lambda: send(order(3))).start()
            segtap.expect("Order Completed", within=20)

        async def call(segtap):
            segtap.expect_none("Nothing")

        def test_within_a_loop(segtap):
            import asyncio
            asyncio.run(call(segtap))
        """,
    )
    result.assert_outcomes(passed=4)


@pytest.mark.terminal
def test_what_fails_says_why(run: pytest.Pytester) -> None:
    result = result_of(
        run,
        """
        from conftest import order

        def test_value(segtap, send):
            send(order(1, total="12"))
            segtap.expect("Order Completed", properties={"total": 12, "coupon": "X"}, within=0)

        def test_name(segtap, send):
            send(order(1))
            segtap.expect("Order Complete", within=0)

        def test_list(segtap, send):
            send(order(1))
            segtap.expect("Order Completed", properties={"tags": ["a"]}, within=0)

        def test_too_many(segtap, send):
            send(order(1), order(2))
            segtap.expect("Order Completed", exact=True, within=0)

        def test_none(segtap, send):
            send(order(1))
            segtap.expect_none("Order Completed")

        def test_errors(segtap, send):
            send({"type": "track", "event": "Signed Up", "userId": "u-1", "messageId": "not/an/insert id"})
            segtap.no_errors()

        def test_nothing(segtap):
            segtap.expect("Order Completed", within=0)

        def test_filter(segtap):
            segtap.messages("typ:track")

        def test_call_without_event(segtap):
            segtap.expect("Order Completed", type="identify")
        """,
    )
    result.assert_outcomes(failed=9)
    for line in (
        'E*AssertionError: 0 of 1: the first has total "12" (text)',
        'E*nearest: track "Order Completed" (order-1)',
        "E*- properties.total: 12",
        'E*+ properties.total: "12"',
        'E*- properties.coupon: "X"',
        "E*+ (missing)",
        "E*received in this test: 1",
    ):
        result.stdout.fnmatch_lines([line.replace("[", "[[]")])
    text = result.stdout.str()
    assert 'the first has event "Order Completed"' in text
    assert '- properties.tags: ["a"]' in text
    assert '+ properties.tags: ["a","b"]' in text
    assert "2 messages match, exactly 1 expected" in text
    assert "1 message matches, none expected" in text
    assert "insert-id-charset" in text
    assert "received in this test: nothing" in text
    assert "There is no field typ" in text
    assert "identify calls have no event" in text
    for module in ("fixture.py", "conditions.py"):
        assert module not in text.split("short test summary")[0]  # its frames are hidden


@pytest.mark.terminal
def test_wrong_use_and_settings(run: pytest.Pytester) -> None:
    run.makefile(".toml", tap='[destination]\nkind = "classic-cloud"\n')
    run.makeini("[pytest]\nsegtap_config = tap.toml\n")
    result = result_of(
        run,
        """
        import pytest
        from conftest import order
        from segtap.core.errors import FilterFault, InputError

        def test_it(segtap, send):
            with pytest.raises(FilterFault):
                segtap.messages("typ:track")
            for ask in (segtap.no_errors, segtap.expect_none, segtap.expect):
                with pytest.raises(FilterFault) as fault:
                    ask(filter="event:")
                assert str(fault.value).split("\\n")[-2:] == ["event:", "^^^^^^"]
            segtap.no_errors("  ")
            with pytest.raises(InputError):
                segtap.expect("Order", type="identify")
            send(order(1))
            (found,) = segtap.expect("Order Completed")
            assert "/track" in found.requests[0]["url"]
        """,
    )
    result.assert_outcomes(passed=1)


@pytest.mark.terminal
def test_an_engine_that_cannot_start_says_why(run: pytest.Pytester) -> None:
    run.makeini("[pytest]\nsegtap_config = missing.toml\n")
    result = result_of(run, "def test_it(segtap): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*missing.toml cannot be read*"])


@pytest.mark.terminal
def test_each_worker_has_an_engine(run: pytest.Pytester) -> None:
    result = result_of(
        run,
        """
        import pytest
        from conftest import order

        @pytest.mark.parametrize("number", range(6))
        def test_it(segtap, send, number):
            send(order(number))
            (found,) = segtap.expect("Order Completed", exact=True, within=0.3)
            assert found.message["messageId"] == f"order-{number}"
        """,
        *("-p", "xdist", "-n", "2"),
    )
    result.assert_outcomes(passed=6)


def test_runs_that_do_not_use_it_load_nothing() -> None:
    """Only the plugin itself is imported, and pytest, which is there anyway."""
    script = (
        "import sys, pytest; before = set(sys.modules); import segtap.core.testing.plugin;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert set(loaded) <= {"segtap", "segtap.core", "segtap.core.testing", PLUGIN}, loaded
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"segtap": PLUGIN}
