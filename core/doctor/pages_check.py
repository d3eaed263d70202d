"""How page and screen calls become events: by what was seen, else by the settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..settings import ClassicSettings
from ..text import counted, shown
from .diagnosis import SEVERITY_STANDING, Diagnosis, Standing
from .facts import Case, Facts, ids_of

_SHOWN = 4
_TITLE = "Pages"
_OPTIONS = {
    "consolidated_page_calls": 'consolidated page calls: every page is "Loaded a Page", its name a property',
    "track_all_pages": 'track all pages: every page is "Loaded a Page"',
    "track_categorized_pages": "track categorized pages: a page with a category is an event of its own",
    "track_named_pages": "track named pages: a page with a name is an event of its own",
}
"""The page options of the classic destination, and what each makes of a page. Screens go the same way."""
_EVERY_PAGE = ("consolidated_page_calls", "track_all_pages")


def pages(facts: Facts) -> Iterator[Diagnosis]:
    """Yield how page calls become events, and whether one becomes several."""
    calls = facts.of_type("page", "screen")
    seen = _seen(facts, calls)
    for rule in ("page-double-count", "page-name-missing"):
        found = facts.found(rule)
        if found:
            _, newest = found[-1]
            yield Diagnosis(
                check="pages",
                rule=rule,
                title=_TITLE,
                standing=SEVERITY_STANDING[newest.severity],
                words=f"{counted(len(found), 'call')}: {newest.message}. Seen: {seen}",
                messages=ids_of(case for case, _ in found),
                fix=newest.fix,
            )
            return
    if facts.destination.kind == "classic-cloud":
        yield _classic(facts, seen)
    elif seen:
        yield _verdict(
            "good" if all(case.detail.verdict.translation.operations for case in calls) else "note", seen
        )
    elif facts.destination.subscriptions is None:
        presets = 'none was seen. Segment\'s presets make "Viewed NAME" of a page, each an event of its own'
        yield _verdict("note", presets + facts.assumed("subscriptions"))
    else:
        yield _verdict("note", "none was seen; what becomes of one is said by the subscriptions")


def _seen(facts: Facts, calls: Sequence[Case]) -> str:
    """Return the events that pages and screens became; "" without any."""
    if not calls:
        return ""
    cases = {id(case) for case in calls}
    made = [(id(case), name) for case, name, _ in facts.events if id(case) in cases]
    names = Counter(name for _, name in made)
    listed = ", ".join(shown(name, 60) for name, _ in names.most_common(_SHOWN))
    if len(names) > _SHOWN:
        listed += f" and {len(names) - _SHOWN:,} more"
    sent = len({case for case, _ in made})
    parts = [f"{counted(sent, 'call')} became {listed}"] if sent else []
    if sent < len(cases):
        parts.append(f"{counted(len(cases) - sent, 'call')} became no event")
    return "; ".join(parts)


def _classic(facts: Facts, seen: str) -> Diagnosis:
    classic = facts.settings.classic
    on = [name for name in _OPTIONS if getattr(classic, name)]
    assumed = facts.assumed("classic.consolidated_page_calls") if not facts.given(*_names()) else ""
    said = "; ".join(_OPTIONS[name] for name in on) + assumed
    if not on:
        words = "no page option is on: page calls are dropped"
        return _verdict("warning", words, "consolidated_page_calls = true under [classic]")
    words = f"{said}. Seen: {seen}" if seen else said
    several = _several(classic)
    if not several:
        return _verdict("good", words)
    if seen:
        return _verdict("note", f"{words}. {several}: none was seen")
    return _verdict(
        "warning" if any(name in on for name in _EVERY_PAGE) else "note",
        f"{words}. {several}",
        "leave one page option on, under [classic] and in Segment",
    )


def _names() -> tuple[str, ...]:
    return tuple(f"classic.{name}" for name in _OPTIONS)


def _several(classic: ClassicSettings) -> str:
    """Return which page is several events under these options; "" for none."""
    every = sum(getattr(classic, name) for name in _EVERY_PAGE)
    if every > 1:
        return "Each page is several events"
    if every and (classic.track_named_pages or classic.track_categorized_pages):
        which = "a name" if classic.track_named_pages else "a category"
        return f"A page with {which} is several events"
    if classic.track_named_pages and classic.track_categorized_pages:
        return "A page with both a category and a name is two events"
    return ""


def _verdict(standing: Standing, words: str, fix: str = "") -> Diagnosis:
    return Diagnosis(check="pages", title=_TITLE, standing=standing, words=words, fix=fix)
