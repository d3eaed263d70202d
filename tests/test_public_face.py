"""tui sees the public face of core: a contract closes everything else in its rooms to it."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAME = "tui sees core's public face, its values, its API and its commands, not the rooms behind them"


def modules(folder: str) -> dict[str, Path]:
    """Every module of a folder by its name below `segtap`."""
    found = ((file.relative_to(ROOT).with_suffix(""), file) for file in (ROOT / folder).rglob("*.py"))
    return {".".join(path.parts).removesuffix(".__init__"): file for path, file in found}


def test_every_module_that_tui_does_not_import_is_closed_to_it() -> None:
    core = modules("core")
    rooms = {name for name, file in core.items() if file.name == "__init__.py" and name.count(".") == 1}
    used: set[str] = set()
    for name, file in modules("tui").items():
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = package.split(".")[: len(package.split(".")) - node.level + 1]
                source = ".".join([*base, *filter(None, [node.module])])
                used |= {source, *(f"{source}.{alias.name}" for alias in node.names)} & core.keys()
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = (one for one in contracts if one["name"] == NAME)
    closed = {one.removeprefix("segtap.") for one in contract["forbidden_modules"]}
    open_to_all = {
        name
        for name in core
        if any(name.startswith(f"{room}.") for room in rooms)
        and not any(name == one or name.startswith(f"{one}.") for one in closed)
        and not any(one == name or one.startswith(f"{name}.") for one in used)
    }
    assert not open_to_all, "add these to the contract in pyproject.toml"
    assert closed <= core.keys(), "these are no longer there"
