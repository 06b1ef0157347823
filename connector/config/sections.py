"""The names that a configuration gives to things, known before anything is read, so that a reference can be checked."""

from collections.abc import Collection, Mapping
from dataclasses import fields

from connector.config.yaml_tree import Mapping as MappingTree
from connector.config.yaml_tree import Tree
from connector.domain.organisation import DEFAULT_ORGANISATION
from connector.settings import DEFAULT_DESTINATION, ENGINES, LOCAL_ENGINE, OrganisationsSettings


class Sections:
    def __init__(self, root: Tree) -> None:
        self._root = root

    @property
    def credentials(self) -> Mapping[str, Tree]:
        return self._entries("credentials")

    def names(self, section: str) -> Collection[str]:
        """What may be named of that section, with what is there without being said."""
        if section == ENGINES:
            return {LOCAL_ENGINE, *self._below("transcription", "engines")}
        said = self._entries(section)
        if section == "destinations":
            return said or {DEFAULT_DESTINATION}
        if section == "organisations":
            words = {field.name for field in fields(OrganisationsSettings)}
            return {name for name in said if name not in words} or {DEFAULT_ORGANISATION}
        return said

    def _entries(self, section: str) -> Mapping[str, Tree]:
        return self._below(section)

    def _below(self, *path: str) -> Mapping[str, Tree]:
        found: Tree | None = self._root
        for key in path:
            found = found.entries.get(key) if isinstance(found, MappingTree) else None
        return found.entries if isinstance(found, MappingTree) else {}
