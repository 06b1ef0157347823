"""YAML text to a tree that keeps every scalar as it was written, and its line. Knows YAML, no setting.

PyYAML's own reading would turn +49… into a number without its plus, 18:00 into 1080 and no into False.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import yaml

from connector.config.problems import Problems

#: With what a value cannot begin unless it is in quotes.
_TROUBLEMAKERS = "{*@%#&!|>`["
_OWN_TAGS = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Scalar:
    text: str
    line: int
    #: Nothing was written, or it was null.
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple["Tree", ...]
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    entries: dict[str, "Tree"]
    lines: dict[str, int]
    line: int


Tree: TypeAlias = Scalar | Sequence | Mapping


def tree_of(text: str, problems: Problems) -> Tree | None:
    """The document; None when it is empty or no YAML, which is then among the problems."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        problems.add("", line, f"this is no YAML ({error.problem}){_hint(text, mark)}")
        return None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problems.add("", line, f"this is no YAML (a control character, {error.character!r}, stands in it)")
        return None
    except (yaml.YAMLError, RecursionError) as error:
        problems.add("", 0, f"this is no YAML ({error})")
        return None
    return None if node is None else _tree(node, "", problems, frozenset())


def lines_of(tree: Tree) -> dict[tuple[str | int, ...], int]:
    """The line of every key, and of every part of a list, by its path; numbers of lists begin with 1."""
    return dict(_lines(tree, ()))


def _lines(tree: Tree, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], int]]:
    if isinstance(tree, Mapping):
        for key, value in tree.entries.items():
            yield (*path, key), tree.lines[key]
            yield from _lines(value, (*path, key))
    elif isinstance(tree, Sequence):
        for number, value in enumerate(tree.items, start=1):
            yield (*path, number), value.line
            yield from _lines(value, (*path, number))


def _hint(text: str, mark: yaml.Mark | None) -> str:
    """For a value that YAML takes for something of its own."""
    lines = text.splitlines()
    if mark is None or mark.line >= len(lines):
        return ""
    line = lines[mark.line]
    if line[mark.column : mark.column + 1] == "\t":
        return ": indent with spaces, not with a tab"
    value = line.partition(": ")[2].strip() or line.strip().removeprefix("- ")
    for sign in (line[mark.column : mark.column + 1], value[:1]):
        if sign and sign in _TROUBLEMAKERS:
            return f": a value that begins with {sign} or has it inside must be put in quotes"
    return ""


def _tree(node: yaml.Node, path: str, problems: Problems, above: frozenset[int]) -> Tree:
    line = node.start_mark.line + 1
    if id(node) in above:
        problems.add(path, line, "this refers to itself")
        return Scalar("", line, is_empty=True)
    if not node.tag.startswith(_OWN_TAGS):
        problems.add(path, line, f"a value that begins with ! must be put in quotes ({node.tag})")
    above |= {id(node)}
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, problems, above)
    if isinstance(node, yaml.SequenceNode):
        items = (_tree(item, f"{path}[{number}]", problems, above) for number, item in enumerate(node.value, start=1))
        return Sequence(tuple(items), line)
    is_plain = isinstance(node, yaml.ScalarNode) and node.style is None
    is_empty = is_plain and node.value in {"", "~", "null", "Null", "NULL"}
    return Scalar(node.value, line, is_empty=is_empty)


def _mapping(node: yaml.MappingNode, path: str, problems: Problems, above: frozenset[int]) -> Mapping:
    entries: dict[str, Tree] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            problems.add(path, line, "a key must be a word; a value that begins with { must be put in quotes")
            continue
        key = key_node.value
        here = f"{path}.{key}" if path else key
        if key in entries:
            problems.add(here, line, f"this key stands here twice: it is in line {lines[key]} already")
            continue
        entries[key], lines[key] = _tree(value_node, here, problems, above), line
    return Mapping(entries, lines, node.start_mark.line + 1)
