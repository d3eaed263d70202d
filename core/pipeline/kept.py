"""A verdict as the index keeps it: what lists, filters and summaries ask, in few bytes.

The requests are not in it, for they are made again from the message in some microseconds. Texts that the
catalogue has are left out.
"""

from __future__ import annotations

import msgspec

from ..catalogue import BY_ID
from ..json_text import whole_text
from ..objections import Objection
from ..outcomes import FunctionOutcome
from ..repair import Repaired
from ..verdict import Finding, Severity, StageResult, Verdict

_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


class _Finding(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A finding; `fix` is None where it is the rule's own."""

    rule: str
    severity: int
    path: str
    message: str
    fix: str | None = None


class _Kept(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    findings: tuple[_Finding, ...] = ()
    objections: tuple[Objection, ...] = ()
    stages: tuple[StageResult, ...] = ()
    fault: str = ""
    outcomes: tuple[FunctionOutcome, ...] = ()


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Kept).decode


def pack_verdict(verdict: Verdict) -> bytes:
    """Return the bytes that `unpack_verdict` reads; empty for a verdict that says nothing."""
    if not (verdict.findings or verdict.objections or verdict.stages or verdict.fault or verdict.outcomes):
        return b""
    kept = _Kept(
        tuple([_pack(finding) for finding in verdict.findings]),
        verdict.objections,
        verdict.stages,
        verdict.fault,
        verdict.outcomes,
    )
    try:
        return _encode(kept)
    except UnicodeEncodeError:
        # Halves of surrogate pairs, which the reader of messages leaves nowhere, but a name may be cut.
        return _encode(msgspec.convert(whole_text(msgspec.to_builtins(kept)), _Kept))


def unpack_verdict(data: bytes, made: Repaired) -> Verdict | None:
    """Return the kept verdict with its requests, made again; None for bytes that cannot be read."""
    translation, repairs = made.translation, made.repairs
    if not data:
        return Verdict(translation, repairs=repairs)
    try:
        kept = _decode(data)
        findings = tuple([_unpack(finding) for finding in kept.findings])
    except (msgspec.MsgspecError, ValueError, IndexError):
        return None
    return Verdict(
        translation,
        findings,
        repairs,
        fault=kept.fault,
        objections=kept.objections,
        stages=kept.stages,
        outcomes=kept.outcomes,
    )


def kept_outcomes(data: bytes) -> tuple[FunctionOutcome, ...] | None:
    """Return what insert functions made of the message; None for bytes that cannot be read."""
    if not data:
        return ()
    try:
        return _decode(data).outcomes
    except (msgspec.MsgspecError, ValueError):
        return None


def kept_fault(data: bytes) -> str:
    """Return why the message could not be judged, "" if it could, or for bytes that cannot be read."""
    try:
        return _decode(data).fault if data else ""
    except (msgspec.MsgspecError, ValueError):
        return ""


def unpack_findings(data: bytes) -> tuple[Finding, ...]:
    """Return the findings of a kept verdict; none for bytes that cannot be read."""
    try:
        return tuple([_unpack(finding) for finding in _decode(data).findings]) if data else ()
    except (msgspec.MsgspecError, ValueError, IndexError):
        return ()


def _pack(finding: Finding) -> _Finding:
    rule = BY_ID.get(finding.rule)
    own = rule is not None and rule.fix == finding.fix
    return _Finding(
        finding.rule,
        _SEVERITIES.index(finding.severity),
        finding.path,
        finding.message,
        None if own else finding.fix,
    )


def _unpack(kept: _Finding) -> Finding:
    rule = BY_ID.get(kept.rule)
    fix = rule.fix if kept.fix is None and rule is not None else kept.fix or ""
    return Finding(kept.rule, _SEVERITIES[kept.severity], kept.path, kept.message, fix)
