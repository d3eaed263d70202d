"""Rules on the fields of a message: misspelt, in the wrong place, of the wrong kind. By Segment's spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from ..catalogue import spec as rule
from ..destinations.kinds import translator
from ..messages import Json, JsonObject
from ..paths import child
from ..text import shown
from ..verdict import Finding, Translation
from .spec_names import SPEC, squash, styles
from .subject import Subject

_FIELDS = frozenset((*SPEC.fields, *("_metadata", "writeKey", "channel", "version", "projectId")))
"""Fields that Segment knows, and those that its SDKs and servers add."""
_FIELD_STYLES = styles(SPEC.fields)
_IN_CONTEXT = {squash(name): name for name in SPEC.in_context}
_CONTEXT = frozenset(SPEC.context)
_CONTEXT_STYLES = styles(SPEC.context)

_OBJECTS = ("properties", "traits", "context", "integrations")
_TEXTS = ("userId", "anonymousId", "groupId", "previousId", "messageId", "event", "name")
_OBJECTS_IN_CONTEXT = frozenset(SPEC.objects_in_context)

_RIGHT_PLACES: dict[str, dict[str, str]] = {
    **{call: {"traits": "properties", "groupId": "context.groupId"} for call in ("track", "page", "screen")},
    **{call: {"properties": "traits"} for call in ("identify", "group")},
}
"""By call: the fields that it does not have, and where the call has what is meant by them."""
_NONE: dict[str, str] = {}
_IDS = frozenset(("userId", "anonymousId", "id"))
"""What mobile SDKs write into context.traits beside the user's traits."""
_NAMES = ("event", "name")
_OBJECTS_OF_CONTEXT = _CONTEXT & _OBJECTS_IN_CONTEXT


def fields(subject: Subject) -> Iterable[Finding]:
    """Find misplaced-field, common-field-name and common-field-type."""
    return chain(misplaced_field(subject), common_field_name(subject), common_field_type(subject))


def are_usual(document: JsonObject, context: JsonObject, call: Json) -> bool:
    """Tell quickly that every field is known, in its place, and holds what it usually does, but for ids."""
    if not (_FIELDS.issuperset(document) and _is_usual_context(context)):
        return False
    for name in _OBJECTS:
        if name in document and (value := document[name]) is not None and not isinstance(value, dict):
            return False
    for name in _NAMES:
        if name in document and (value := document[name]) is not None and not isinstance(value, str):
            return False
    for name in _places(call):
        if name in document:
            return False
    return call != "identify" or "traits" not in context or not _is_empty(document.get("traits"))


_last_usual: list[tuple[JsonObject, bool]] = [({}, True)]
"""The context of the message before, which that of a batch's next message often is, and if it is usual."""


def _is_usual_context(context: JsonObject) -> bool:
    last, usual = _last_usual[0]
    if context is not last:
        usual = _CONTEXT.issuperset(context)
        for name, value in context.items():
            if value is not None and not isinstance(value, dict) and name in _OBJECTS_OF_CONTEXT:
                usual = False
        _last_usual[0] = context, usual
    return usual


def misplaced_field(subject: Subject) -> Iterator[Finding]:
    """Yield each field that the call does not have, and the traits of an identify call in its context."""
    places, document = _places(subject.type), subject.document
    if not places:
        return
    odd = () if _FIELDS.issuperset(document) else document.keys() - _FIELDS
    for name in (*(name for name in places if name in document), *odd):
        meant = name if name in places else _meant(name)
        if meant is None or meant not in places or _is_empty(document[name]):
            continue
        if meant == "groupId" and subject.context.get(meant) == document[name]:
            continue
        if not _is_read(subject, _without(document, name)):
            yield rule.MISPLACED_FIELD.finding(
                child("$", name),
                f"no destination reads {shown(name, 40)[1:-1]} of {_a(subject.type)} call: "
                f"the call has {_owned(places[meant])}",
                fix=_fix(subject, places[meant], document[name]),
            )
    if subject.type == "identify" and _is_empty(document.get("traits")):
        traits = subject.context.get("traits")
        own = traits.keys() - _IDS if isinstance(traits, dict) else ()
        without: JsonObject = {**document, "context": _without(subject.context, "traits")}
        if own and not _is_read(subject, without):
            yield rule.MISPLACED_FIELD.finding(
                "$.context.traits",
                "the traits stand in the context alone: identify sets what stands in traits of the call",
                fix="send them as traits, beside userId",
            )


def _places(call: Json) -> dict[str, str]:
    return _RIGHT_PLACES.get(call, _NONE) if isinstance(call, str) else _NONE


def _a(call: Json) -> str:
    return f"an {call}" if call == "identify" else f"a {call}"


def _owned(place: str) -> str:
    return f"{place} instead" if place != "context.groupId" else "context.groupId for the group"


def _fix(subject: Subject, place: str, value: Json) -> str:
    if place != "context.groupId":
        return f"send them as {place}" + ("" if isinstance(value, dict) else ": an object")
    if subject.destination.kind == "classic-cloud":
        return (
            "send it as context.groupId, and the group key (such as company_id) as a property: the classic "
            "destination reads that alone"
        )
    return "send it as context.groupId"


def _is_empty(value: Json) -> bool:
    return value is None or value in ("", {}, [])


def _is_read(subject: Subject, without: JsonObject) -> bool:
    """Return True if the workspace's own mappings make something else of the message without the field."""
    destination = subject.destination
    if destination.kind != "actions" or destination.subscriptions is None:
        return False
    translate = translator(destination).translate
    made, other = (translate(document, now=subject.now or 0) for document in (subject.document, without))
    return _said(made) != _said(other)


def _said(translation: Translation) -> list[Json]:
    """Return the requests, without the insert ids: Segment makes them up where none is mapped, for each
    message.
    """
    said: list[Json] = [translation.rejected, translation.unmatched]
    for operation in translation.operations:
        for record in operation.request.records():
            properties = record.get("properties")
            inside = properties if isinstance(properties, dict) else {}
            said.append({**record, "properties": _without(inside, "$insert_id")})
    return said


def _without(document: JsonObject, name: str) -> JsonObject:
    return {key: value for key, value in document.items() if key != name}


def common_field_name(subject: Subject) -> Iterator[Finding]:
    """Yield each field whose name is nearly one of Segment's, or that belongs into the context."""
    document, context, places = subject.document, subject.context, _places(subject.type)
    for name in () if _FIELDS.issuperset(document) else document.keys() - _FIELDS:
        meant = _meant(name)
        if meant in places:
            continue  # reported by misplaced-field instead
        if meant is not None and document.get(meant) is None:
            yield rule.COMMON_FIELD_NAME.finding(
                child("$", name),
                f"Segment does not know the field {shown(name, 40)}: did you mean {meant}?",
                fix=f"write it {meant}",
            )
        elif meant is None:
            inside = _IN_CONTEXT.get(squash(name))
            if inside is not None and context.get(inside) is None:
                yield rule.COMMON_FIELD_NAME.finding(
                    child("$", name),
                    f"{shown(name, 40)[1:-1]} belongs into the context: here no destination sees it",
                    fix=f"send it as context.{inside}",
                )
    for name in () if _CONTEXT.issuperset(context) else context.keys() - _CONTEXT:
        meant = _CONTEXT_STYLES.get(squash(name))
        if meant is not None and context.get(meant) is None:
            yield rule.COMMON_FIELD_NAME.finding(
                child("$.context", name),
                f"Segment does not know context.{shown(name, 40)[1:-1]}: did you mean context.{meant}?",
                fix=f"write it context.{meant}",
            )


def _meant(name: str) -> str | None:
    """Return the field of Segment's that an unknown one nearly is."""
    return SPEC.misnamed.get(name) or _FIELD_STYLES.get(squash(name))


def common_field_type(subject: Subject) -> Iterator[Finding]:
    """Yield each field of the wrong kind: text where an object belongs, or the other way round."""
    places = _places(subject.type)
    document = subject.document
    for name in _OBJECTS:
        value = document.get(name)
        if value is not None and not isinstance(value, dict) and name not in places:
            yield _wrong_type("$", name, value, "an object")
    for name in _TEXTS:
        value = document.get(name)
        if isinstance(value, str) or value is None or name in places:
            continue  # what is misplaced is reported by misplaced-field instead
        if isinstance(value, (dict, list, bool)):
            yield _wrong_type("$", name, value, "text")
    for name, value in subject.context.items():
        if value.__class__ is not dict and value is not None and name in _OBJECTS_IN_CONTEXT:
            yield _wrong_type("$.context", name, value, "an object")


def _wrong_type(where: str, name: str, value: Json, wanted: str) -> Finding:
    path = child(where, name)
    return rule.COMMON_FIELD_TYPE.finding(
        path, f"{path[2:]} is {shown(value, 40)}: Segment's spec wants {wanted}", fix=f"send {wanted}"
    )
