"""What the rules say of the parts of the stages: findings on a message as it reaches a part. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..catalogue.settings import NOT_IMITATED
from ..catalogue.stages import SAMPLED_AT_RANDOM, TRANSFORMATION_KEEPS_OLD_NAME
from ..destinations.filters import CompiledFilter
from ..destinations.transformations import CompiledTransformation
from ..messages import JsonObject
from ..verdict import Finding

Notes = Callable[[JsonObject, JsonObject], Iterable[Finding]]
"""From the document before a part, and as it reached the part's stage, to findings. Their paths lead into the
document before the part."""


def transformation_notes(one: CompiledTransformation) -> Notes:
    """Note what is hashed or computed without segtap, and old names that stay."""

    def notes(document: JsonObject, reached: JsonObject) -> Iterator[Finding]:
        for path in one.hashed(document):
            words = f"hashed by Segment, in the transformation {one.name!r}: segtap shows the value before it"
            fix = "nothing: the key of the hash stays at Segment, and segtap marks the field"
            yield NOT_IMITATED.finding(path, words, fix=fix)
        if one.computes(document):
            for why in one.unread:
                yield NOT_IMITATED.finding(
                    "$",
                    f"the transformation {one.name!r} computes a property that segtap cannot: {why}",
                    fix="if it is a mistake, mend the expression in Segment and under [[transformations]]",
                )
        for old, new in one.stays(document):
            words = f"the transformation {one.name!r} copies it to {new[2:]}, and the old name stays, too"
            fix = f"drop the old name as well, in the same transformation: propertyDrops = [{old[2:]!r}]"
            yield TRANSFORMATION_KEEPS_OLD_NAME.finding(old, words, fix=fix)

    return notes


def filter_notes(one: CompiledFilter) -> Notes | None:
    """Note a sample that is random."""
    if not one.random:
        return None

    def notes(document: JsonObject, reached: JsonObject) -> Iterator[Finding]:
        if one.matches(reached):
            words = f"the destination filter {one.name!r} lets {one.percent:.6g} of such messages through"
            yield SAMPLED_AT_RANDOM.finding("$", f"{words}, at random: segtap shows all of them")

    return notes
