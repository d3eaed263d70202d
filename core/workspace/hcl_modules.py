"""The folders of a Terraform configuration: each module has variables and locals of its own."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

from .hcl import Block, Evaluation, Expression, HclValue, Unknown, evaluation

_OF_TERRAFORM = ("source", "version", "count", "for_each", "providers", "depends_on")
"""Attributes of a module block that are not variables of the module."""


class Folders:
    """The blocks of .tf files by folder, and the names that are known in each.

    A folder that a module block names is a module: it knows its own variables and locals, and what the block
    sets. All other folders count as one configuration.
    """

    def __init__(self, blocks: Mapping[str, Sequence[Block]], values: dict[str, Expression]) -> None:
        self._blocks = blocks
        self._called: dict[str, list[tuple[str, Block]]] = {}
        """The folders that are modules, each with the blocks that name it and the folders of those."""
        self._scopes: dict[str, Evaluation] = {}
        modules = [(at, one) for at, some in blocks.items() for one in some if one.type == "module"]
        root = [one for some in blocks.values() for one in some]
        everything = evaluation(root, values)
        for at, block in modules:
            folder = self.folder_of(at, source_of(block, everything))
            if folder is not None:
                self._called.setdefault(folder, []).append((at, block))
        own = [one for at, some in blocks.items() if at not in self._called for one in some]
        self._root = evaluation(own, values)

    def folder_of(self, at: str, source: HclValue) -> str | None:
        """Return the folder that a module's `source` names, if its files are given. `at` is the block's."""
        if not isinstance(source, str) or not source.startswith("."):
            return None
        folder = posixpath.normpath(posixpath.join(at, source))
        return folder if folder in self._blocks else None

    def scope(self, folder: str) -> Evaluation:
        """Return the evaluation for the blocks of a folder."""
        if folder not in self._called:
            return self._root
        if folder not in self._scopes:
            # Until it is made: a module that calls itself, which Terraform refuses, finds the root's names.
            self._scopes[folder] = self._root
            self._scopes[folder] = self._of_module(folder)
        return self._scopes[folder]

    def _of_module(self, folder: str) -> Evaluation:
        given: dict[str, HclValue] = {}
        calls = self._called[folder]
        for at, block in calls:
            caller = self.scope(at)
            for name, expression in block.attributes.items():
                if name in _OF_TERRAFORM:
                    continue
                key, value = f"var.{name}", caller.value(expression)
                if key in given and given[key] != value:
                    value = Unknown(f"{key}, which several module blocks set")
                given[key] = value
        for key in given:
            if not all(key.removeprefix("var.") in block.attributes for _, block in calls):
                given[key] = Unknown(f"{key}, which not every module block sets")
        return evaluation(list(self._blocks[folder])).within(given)


def folder_of_file(name: str) -> str:
    """Return the folder of a file, by whichever separator the system has."""
    return posixpath.normpath(posixpath.dirname(name.replace("\\", "/")))


def source_of(block: Block, scope: Evaluation) -> HclValue:
    """Return the `source` of a module block, None without one."""
    return scope.value(block.attributes["source"]) if "source" in block.attributes else None
