"""A verdict that is kept is read back as it was, but for its requests."""

from __future__ import annotations

from check_helpers import every_real_message, verdict_on

from segtap.core.objections import change, rejection
from segtap.core.pipeline.kept import pack_verdict, unpack_verdict
from segtap.core.repair import Repaired
from segtap.core.settings import SegmentSettings
from segtap.core.verdict import Finding, Translation, Verdict


def test_every_verdict_is_read_back_as_it_was() -> None:
    for message in every_real_message():
        for stages in ({}, {"segment": SegmentSettings(blocked_events=("Order Completed",))}):
            verdict = verdict_on(message, objections=(change("a"), rejection("b")), **stages)
            assert unpack_verdict(pack_verdict(verdict), Repaired(verdict.translation)) == verdict


def test_a_verdict_that_says_nothing_takes_no_room() -> None:
    assert pack_verdict(Verdict(Translation())) == b""
    assert unpack_verdict(b"", Repaired(Translation())) == Verdict(Translation())


def test_texts_that_the_catalogue_has_are_left_out() -> None:
    verdicts = [verdict_on(message) for message in every_real_message()]
    fixes = sum(len(finding.fix) for verdict in verdicts for finding in verdict.findings)
    sizes = sum(len(pack_verdict(verdict)) for verdict in verdicts)
    texts = sum(len(f.message + f.path + f.rule) + 12 for verdict in verdicts for f in verdict.findings)
    assert sizes < texts + fixes


def test_a_half_of_a_surrogate_pair_does_not_hinder() -> None:
    verdict = Verdict(Translation(), (Finding("spaces", "info", "$.\ud83d", "a\ud83d", "b"),))
    kept = unpack_verdict(pack_verdict(verdict), Repaired(Translation()))
    assert kept is not None
    assert kept.findings == (Finding("spaces", "info", "$.\ufffd", "a\ufffd", "b"),)


def test_bytes_that_are_not_a_verdict_are_none() -> None:
    for data in (b"\xff", b"\x91\x91\x92\xa1a\x09", b"\xc1"):
        assert unpack_verdict(data, Repaired(Translation())) is None
