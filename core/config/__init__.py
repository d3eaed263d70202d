"""Settings from four places: flags win over SEGTAP_* variables, those over segtap.toml, that over defaults.

The file is `segtap.toml` in the current folder, else `pyproject.toml` there with `[tool.segtap]`, else
`segtap.toml` in the user's config folder. Every key can be set from the environment: `SEGTAP_INGEST_PORT`, or
`SEGTAP_PORT` for short, for `port` of `[ingest]`. Only the file holds subscriptions, filters and rules.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..errors import InputError, SettingsError
from ..messages import Json, JsonObject
from ..settings import (
    REPAIR_NAMES,
    DestinationSettings,
    IngestSettings,
    Secret,
    SettingPlace,
    Settings,
    with_one_plan,
)
from .names import (
    FLAG_NAMES,
    KEYS,
    NEVER_IN_A_FILE,
    REGION_KEYS,
    SECTIONS,
    TABLES,
    read_environment,
)
from .nearest import nearest_key
from .reading import FILE_NAME, SettingsFile, find_file, read_file
from .secrets import find_secret, given_secret
from .wrong_values import wrong_value

if TYPE_CHECKING:
    from .routes import Routes


def load(
    flags: Mapping[str, JsonObject] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
    demo: bool = False,
    dry_run: bool = False,
    proxying: bool = False,
    look: bool = True,
) -> Settings:
    """Read all four places and return the settings in force.

    `flags` maps a section to the keys given on the command line, "" to those of no section; `file` is a
    settings file named there, and without `look` none is looked for where none is named.
    Raises SettingsError naming the place, the key and the nearest key that exists.
    """
    environ = os.environ if environ is None else environ
    path = file or (find_file() if look else None)
    layers: list[tuple[str, dict[str, JsonObject], JsonObject]] = []
    found = None if path is None else read_file(path)
    places: dict[str, SettingPlace] = {}
    routes: Routes | None = None
    own: JsonObject = {}
    if found is not None:
        routes = _read_routes(found)
        if routes is not None:
            own = found.sections.get("destination", {})
            found.sections["destination"] = {**own, **routes.first}
        layers.append((str(path), found.sections, found.plain))
        names = [*_names_in(found.sections, found.plain), *found.tables]
        places |= dict.fromkeys(names, SettingPlace("file", found.origin))
    sections, plain, variables = read_environment(environ)
    layers.append(("the environment", sections, plain))
    places |= {name: SettingPlace("environment", variable) for name, variable in variables.items()}
    given = dict(flags or {})
    layers.append(("the command line", given, given.pop("", {})))
    places |= {name: SettingPlace("flag", _flag_name(name)) for name in _names_in(*layers[-1][1:])}

    merged: dict[str, JsonObject] = {}
    top: JsonObject = {}
    for place, sections, plain in layers:
        at = found if found is not None and place == str(path) else None
        for section, values in sections.items():
            known = merged.setdefault(section, {})
            for key, value in values.items():
                known[key] = value
                _check(section, key, value, place, at)
        top.update(_checked(plain, place, at))
    destination = merged.setdefault("destination", {})
    _resolve_token(destination, environ, places)
    origin = found.origin if found is not None else "defaults"
    if layers[-2][1] or layers[-2][2]:
        origin += " and SEGTAP_* variables"
    try:
        settings = msgspec.convert(
            {**top, **merged, "demo": demo, "dry_run": dry_run, "proxying": proxying, "origin": origin},
            Settings,
            strict=False,
        )
    except msgspec.ValidationError as error:
        raise SettingsError(f"The settings do not fit together: {error}") from None
    _refuse_what_does_not_go_together(settings)
    secrets: dict[str, dict[str, Secret]] = {"destination": {}, "ingest": {}}
    for name in NEVER_IN_A_FILE:
        section = "ingest" if name in IngestSettings.__struct_fields__ else "destination"
        variable: str = getattr(getattr(settings, section), f"{name}_env")
        secrets[section][name], place = given_secret(name, variable, environ)
        if place is not None:
            places[f"{section}.{name}"] = place
    settings = msgspec.structs.replace(
        settings,
        places=places,
        file=str((path or Path(FILE_NAME)).absolute()),
        flags=dict(flags or {}),
        destination=msgspec.structs.replace(settings.destination, **secrets["destination"]),
        ingest=msgspec.structs.replace(settings.ingest, **secrets["ingest"]),
    )
    if found is not None:
        settings = _with_tables_of(found, settings)
    if "plan" in (flags or {}).get("", {}):
        settings = with_one_plan(settings, settings.plan)
    if routes is None:
        return settings
    from .projects import with_projects

    place = "" if found is None else found.origin
    return with_projects(
        settings, routes.routes, routes.projects, own, environ, elsewhere=_elsewhere(layers), file=place
    )


def _elsewhere(layers: Sequence[tuple[str, dict[str, JsonObject], JsonObject]]) -> str:
    """Return the address that stands for every Mixpanel, by the environment or the command line."""
    urls = [sections.get("destination", {}).get("mixpanel_url") for _, sections, _ in layers[-2:]]
    return str(next((url for url in reversed(urls) if url), ""))


def _read_routes(file: SettingsFile) -> Routes | None:
    """Return what `[[routes]]` of a file say; None if there are none, as in most files."""
    if "routes" not in file.tables:
        return None
    from .routes import read_routes

    try:
        return read_routes(file.tables["routes"], str(file.path), file.path.parent)
    except SettingsError as error:
        raise file.fault_of_table("routes", error) from None


def read_again(settings: Settings) -> Settings:
    """Return the settings as flags, environment and file give them now; the same ones where no file is named.

    Raises SettingsError as `load` does.
    """
    if not settings.file:
        return settings
    file = Path(settings.file)
    exists = file.exists()
    return load(
        settings.flags,
        file=file if exists else None,
        demo=settings.demo,
        dry_run=settings.dry_run,
        proxying=settings.proxying,
        look=exists,
    )


def _with_tables_of(file: SettingsFile, settings: Settings) -> Settings:
    # In this order: the insert functions say which parts are imitated after all.
    for name in (*TABLES, KEYS):
        if name in file.tables:
            try:
                settings = _with_tables(settings, {name: file.tables[name]}, str(file.path))
            except SettingsError as error:
                raise file.fault_of_table(name, error) from None
    return settings


def _with_tables(settings: Settings, tables: JsonObject, place: str) -> Settings:
    # Most files have none, and the start need not wait for presets and query language.
    if "subscriptions" in tables:
        from .subscriptions import read_subscriptions

        subscriptions = read_subscriptions(tables["subscriptions"], place)
        settings = msgspec.structs.replace(settings, subscriptions=subscriptions)
    if "transformations" in tables:
        from .transformations import read_transformations

        settings = msgspec.structs.replace(
            settings, transformations=read_transformations(tables["transformations"], place)
        )
    if "filters" in tables:
        from .filters import read_filters

        settings = msgspec.structs.replace(settings, filters=read_filters(tables["filters"], place))
    if "insert_functions" in tables:
        from .insert_functions import read_insert_functions

        functions = read_insert_functions(tables["insert_functions"], place, Path(place).parent)
        settings = msgspec.structs.replace(settings, insert_functions=functions)
    if "redact" in tables:
        from .redaction import read_redaction

        settings = msgspec.structs.replace(settings, redact=read_redaction(tables["redact"], place))
    if "hold" in tables:
        from .hold import read_hold

        settings = msgspec.structs.replace(settings, hold=read_hold(tables["hold"], place))
    if "sources" in tables:
        from .sources import read_sources

        settings = msgspec.structs.replace(
            settings, sources=read_sources(tables["sources"], place, Path(place).parent)
        )
    if "rules" in tables:
        from ..checks.adjust import read_rule_settings

        settings = msgspec.structs.replace(settings, rules=read_rule_settings(tables["rules"], place))
    if "not_imitated" in tables:
        from .not_imitated import read_not_imitated, without_functions

        parts = read_not_imitated(tables["not_imitated"], place)
        parts = without_functions(parts, settings.insert_functions)
        settings = msgspec.structs.replace(settings, not_imitated=parts)
    if KEYS in tables:
        from .keys import read_keys

        settings = msgspec.structs.replace(settings, keys=read_keys(tables[KEYS], place))
    if "tests" in tables:
        from .mapping_tests import read_tests

        settings = msgspec.structs.replace(settings, tests=read_tests(tables["tests"], place))
    return settings


def _refuse_what_does_not_go_together(settings: Settings) -> None:
    if settings.ingest.answers:
        from ..on_demand import Demands

        try:
            Demands(settings.ingest.answers)
        except InputError as error:
            raise SettingsError(str(error)) from None
    if settings.destination.kind == "classic-cloud" and settings.destination.region == "in":
        raise SettingsError(
            "Segment's classic destination sends to Mixpanel's US and EU only: set region to us or eu, or"
            " kind to actions."
        )


def _names_in(sections: Mapping[str, JsonObject], plain: JsonObject) -> list[str]:
    """Return the names of the settings that one place gives: `destination.region`, `identity`."""
    return [*plain, *(f"{section}.{key}" for section, values in sections.items() for key in values)]


def _flag_name(name: str) -> str:
    return FLAG_NAMES.get(name, "--" + name.rpartition(".")[2].replace("_", "-"))


def _check(section: str, key: str, value: Json, place: str, file: SettingsFile | None) -> None:
    """Convert one value on its own, so that a fault names the place, in a file its line, and the key."""
    if key in REGION_KEYS and isinstance(value, str):
        value = value.lower()
    try:
        msgspec.convert({key: value}, SECTIONS[section], strict=False)
    except msgspec.ValidationError as error:
        words = wrong_value(SECTIONS, section, key, value, error)
        if file is not None:
            raise file.named(f"{file.at(section, key)}: {words}") from None
        raise SettingsError(f"{place}: {words}") from None


def _checked(plain: JsonObject, place: str, file: SettingsFile | None) -> JsonObject:
    """Return the keys of no section, a plan's file found from the folder of what names it."""
    for name, value in plain.items():
        at = place if file is None else file.at("", name)
        try:
            msgspec.convert({name: value}, Settings, strict=False)
        except msgspec.ValidationError as error:
            if name != "repair":
                raise SettingsError(f"{at}: {name} cannot be {value!r}: {error}.") from None
        for repair in value if name == "repair" and isinstance(value, list) else ():
            if repair not in REPAIR_NAMES:
                hint = nearest_key(str(repair), REPAIR_NAMES, cutoff=0.5)
                raise SettingsError(f"{at}: there is no repair {repair!r}. {hint}")
    plan = plain.get("plan")
    if isinstance(plan, str) and plan:
        folder = Path() if file is None else file.path.parent
        return {**plain, "plan": str((folder / Path(plan).expanduser()).absolute())}
    return plain


def _resolve_token(
    destination: JsonObject, environ: Mapping[str, str], places: dict[str, SettingPlace]
) -> None:
    for key in REGION_KEYS:
        if isinstance(region := destination.get(key), str):
            destination[key] = region.lower()
    if not destination.get("token"):
        name = str(destination.get("token_env", DestinationSettings().token_env))
        destination["token"], place = find_secret(name, environ)
        if destination["token"]:
            places["destination.token"] = place
        else:
            places.pop("destination.token", None)
