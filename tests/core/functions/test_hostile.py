"""Code that hangs, dies, floods or lies ends its own message with a fault, and no other."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from functions import IMPATIENT, PASS, function, needs_node, outcomes, running, track

from segtap.core.functions.child import Limits
from segtap.core.outcomes import with_changes

pytestmark = needs_node

MEMORY = "it used more than 96 MB of memory"
OUT = "const outer = Buffer.constructor('return process')()\n"
"""How the code gets at node's own objects: the context is no security boundary."""


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("for (;;) {}", "it did not end within 0.4 s"),
        ("await new Promise(() => {})", "it did not end within 0.4 s"),
        ("await {then() {}}", "it did not end within 0.4 s"),
        ("outer.exit(0)", "its process ended with status 0"),
        ("outer.exit(3)", "its process ended with status 3"),
        ("outer.kill(outer.pid, 'SIGKILL')", "its process was ended by signal 9"),
        ("outer.abort()", "its process was ended by signal 6"),
        ("outer.stdout.write('hello\\n'); return event", "it wrote something else"),
        ('outer.stdout.write(\'{"id":99,"effect":""}\\n\'); return event', "it wrote something else"),
        ("const kept = []; for (;;) kept.push(Array(1e5).fill(kept.length))", MEMORY),
        ("const kept = []; for (;;) kept.push(Buffer.alloc(1e7, 1))", MEMORY),
        ("return {...event, text: 'x'.repeat(3e6)}", "it flooded its output"),
    ],
)
def test_a_hostile_message_ends_with_a_fault_and_the_others_do_not(
    tmp_path: Path, code: str, why: str
) -> None:
    source = f"{OUT}async function onTrack(event) {{ if (event.event !== 'bad') return event\n{code} }}"
    patience = IMPATIENT.seconds if "within" in why else 20
    made = outcomes(
        tmp_path, source, track(), track("bad"), track(), limits=Limits(patience, IMPATIENT.memory)
    )
    assert [one.effect for one in made] == ["passed", "fault", "passed"]
    assert made[1].reason.startswith(why)


def test_a_flood_of_the_output_ends_the_process(tmp_path: Path) -> None:
    write = "await new Promise((resolve) => outer.stdout.write('x'.repeat(1e5), resolve))"
    code = OUT + f"async function onTrack(event) {{ for (;;) {write} }}"
    (made,) = outcomes(tmp_path, code, track(), limits=Limits(seconds=10, memory=512 * 1024 * 1024))
    assert made.effect == "fault"
    assert made.reason == "it flooded its output"


def test_errors_written_to_the_output_do_no_harm(tmp_path: Path) -> None:
    code = (
        OUT
        + """
        async function onTrack(event) {
          for (let i = 0; i < 200; i++) outer.stderr.write('x'.repeat(1e4))
          return event
        }
    """
    )
    assert outcomes(tmp_path, code, track())[0].effect == "passed"


@pytest.mark.parametrize(
    "code",
    [
        "Object.prototype.polluted = 1; Array.prototype.push = () => 1; JSON.stringify = () => 'x'",
        "JSON.parse = () => ({}); Promise = undefined; Error = undefined; String = () => 'x'",
        "Object.keys = () => []; Array.isArray = () => true; console = undefined; fetch = 1",
        "Object.prototype.effect = 'dropped'; Object.prototype.error = 'x'",
        "delete globalThis.Object; undefined_ = 1; globalThis.onPage = 5",
    ],
)
def test_the_harness_outlives_pollution_of_the_context(tmp_path: Path, code: str) -> None:
    source = f"async function onTrack(event) {{ {code}; return event }}"
    made = outcomes(tmp_path, source, track(a=1), track(a=2), limits=IMPATIENT)
    assert [one.effect for one in made] == ["passed", "passed"]
    assert [with_changes(track(), one.changes)["properties"] for one in made] == [{"a": 1}, {"a": 2}] or all(
        not one.changes for one in made
    )


def test_a_function_that_always_hangs_is_given_up(tmp_path: Path) -> None:
    started = time.monotonic()
    made = outcomes(tmp_path, "async function onTrack() { for (;;) {} }", *[track()] * 40, limits=IMPATIENT)
    assert time.monotonic() - started < 30 * IMPATIENT.seconds
    assert {one.effect for one in made} == {"fault"}
    assert made[0].reason == "it did not end within 0.4 s"
    assert made[-1].reason.startswith("it was not run: it did not end within 0.4 s")


def test_code_that_hangs_before_its_handlers_is_not_run(tmp_path: Path) -> None:
    made = outcomes(tmp_path, f"for (;;) {{}}\n{PASS}", track(), limits=IMPATIENT)
    assert made[0].effect in ("fault", "not_imitated")


def test_faults_are_reported_and_cleared(tmp_path: Path) -> None:
    said: list[tuple[str, ...]] = []
    code = "async function onTrack(event) { if (event.event === 'bad') for (;;) {} return event }"

    def report(*one: str) -> None:
        said.append(one)

    with running(function(tmp_path, code, name="f"), limits=IMPATIENT, report=report) as room:
        room.run(0, [track("bad")])
        room.run(0, [track()])
    assert said == [("f", "the insert function 'f' failed: it did not end within 0.4 s."), ("f", "")]


def test_closing_ends_a_function_that_hangs(tmp_path: Path) -> None:
    with running(function(tmp_path, "async function onTrack() { for (;;) {} }"), limits=Limits(60)) as room:
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(room.run(0, [track()])[0].reason))
        thread.start()
        while room._runners[0]._child is None:
            time.sleep(0.01)
        room.close()
        thread.join(10)
        assert found == ["the process was stopped"]
