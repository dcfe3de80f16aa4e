"""Reads one YAML file into a tree in which every node knows its file, line and comment.

Only the plain part of YAML is accepted: one document, text keys, no aliases, no tags but
``!replace``, ``!append`` and ``!delete``, no unquoted text that YAML 1.1 and 1.2 read differently.
"""

from __future__ import annotations

import errno
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from estimator.errors import BadInput
from estimator.manifest.scalars import AmbiguousScalarError, Value, resolve
from estimator.manifest.tree import (
    Branch,
    Edit,
    Listing,
    Node,
    Provenance,
    Scalar,
    kind_of,
    plain,
)
from estimator.manifest.types import ManifestValue
from estimator.manifest.yaml_problems import in_words
from estimator.messages import message, sentence

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML built without libyaml: slower, same result
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

MAX_BYTES = 1 << 20
MAX_DEPTH = 40
"""Far beyond any template, and short of Python's own recursion limit."""

_TOO_DEEP = sentence("nested more than {most} levels deep", most=MAX_DEPTH)
_OF_FILES = {
    errno.ENOENT: sentence("no such file or directory"),
    errno.EACCES: sentence("permission denied"),
    errno.EISDIR: sentence("is a directory"),
}
_COMMENT = re.compile(r"(?:^|\s)#+\s*(?P<text>.*\S)")
_BLOCK_COMMENT = re.compile(r"\s*#+\s*(?P<text>.*)")
_TAGS = {edit.value: edit for edit in Edit if edit is not Edit.MERGE}


def read_tree(path: Path, name: str) -> Branch:
    """The map in a YAML file; ``name`` stands for the file in messages and origins.

    Raises BadInput with ``file:line``.
    """
    text = _read_text(path, name)
    reader = _Reader(name, text.splitlines(), yaml.parse(text, Loader=_Loader))
    try:
        return reader.document()
    except yaml.YAMLError as error:
        raise _not_yaml(error, name, text) from error


def _not_yaml(error: yaml.YAMLError, name: str, text: str) -> BadInput:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or ""
    line = mark.line + 1 if mark else 1
    if "nesting depth" in problem:  # libyaml looks far ahead and gives up before our own limit
        what: str = _TOO_DEEP
    else:
        what = in_words(problem)
    rest = text.splitlines()[line - 1 : line]
    at_tab = mark is not None and any("\t" in one[: mark.column + 1] for one in rest)
    hint = sentence("indent with spaces, not tabs") if at_tab else sentence("correct the file")
    return BadInput(what, where=f"{name}:{line}", hint=hint)


def digest_of(path: Path) -> str:
    """SHA-256 of the bytes of a file that has been read."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_value(text: str, where: str) -> ManifestValue:
    """The value of one piece of YAML, by the same rules. Raises BadInput that names ``where``."""
    events = yaml.parse(text, Loader=_Loader)
    try:
        return plain(_Reader(where, text.splitlines(), events, numbered=False).value())
    except yaml.YAMLError as error:
        raise BadInput(message("layers.value", words=text), where=where, hint="'...'") from error


def _read_text(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(
                sentence("is larger than 1 MiB, too large for a template"),
                where=name,
                hint=sentence("templates that extend each other, in files of their own"),
            )
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        hint = f"iconv -f GB18030 -t UTF-8 {path} > utf8.yaml"
        raise BadInput(sentence("is not UTF-8 text"), where=name, hint=hint) from error
    except OSError as error:
        why = _OF_FILES.get(error.errno or 0) or (error.strerror or "").lower()
        why = why or sentence("unknown reason")
        what = sentence("cannot be read: {why}", why=why)
        raise BadInput(what, where=name, hint=f"ls -l {path}") from error


@dataclass(slots=True)
class _Reader:
    """One pass over the events of a file."""

    name: str
    lines: list[str]
    events: Iterator[Event]
    numbered: bool = True
    depth: int = field(default=0)

    def value(self) -> Node:
        """The one value there is, whatever its kind."""
        first = self._after_document_start()
        return self._node(first, Provenance(self._where(1)))

    def document(self) -> Branch:
        first = self._after_document_start()
        root = self._node(first, Provenance(self._where(_line(first))))
        if not isinstance(root, Branch):
            problem = sentence("a template is a map, not {kind}", kind=kind_of(root))
            raise self._error(first, problem)
        if root.edit is not Edit.MERGE:
            problem = sentence("{edit} has no meaning for the whole file", edit=str(root.edit))
            raise self._error(first, problem)
        next(self.events)
        if not isinstance(following := next(self.events), StreamEndEvent):
            problem = sentence("a second document; a template file holds one")
            raise self._error(following, problem)
        return root

    def _after_document_start(self) -> Event:
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                return next(self.events)
        raise BadInput(sentence("is empty"), where=self._where(1), hint="extends: training")

    def _node(self, event: Event, provenance: Provenance) -> Node:
        if isinstance(event, AliasEvent):
            problem = sentence("aliases (*name) are not accepted; write the value out")
            raise self._error(event, problem)
        self._check_depth(event)
        self.depth += 1
        try:
            if isinstance(event, ScalarEvent):
                return self._scalar(event, provenance)
            if isinstance(event, MappingStartEvent):
                return self._branch(event, provenance)
            return self._listing(event, provenance)
        finally:
            self.depth -= 1

    def _check_depth(self, event: Event) -> None:
        if self.depth >= MAX_DEPTH:
            raise self._error(event, _TOO_DEEP)

    def _scalar(self, event: ScalarEvent, inherited: Provenance) -> Scalar:
        edit = self._edit(event)
        own = self._comment_after(event)
        provenance = Provenance(inherited.where, own or inherited.reason)
        if edit is Edit.DELETE and not event.value:
            return Scalar(None, provenance, edit)
        if edit is not Edit.MERGE:
            problem = sentence(
                "{edit} does not go with the single value '{value}'",
                edit=str(edit),
                value=event.value,
            )
            raise self._error(event, problem)
        return Scalar(self._value(event), provenance)

    def _value(self, event: ScalarEvent) -> Value:
        if event.style:
            return str(event.value)
        try:
            value = resolve(event.value)
        except AmbiguousScalarError:
            problem = sentence(
                "{value} is read differently by YAML 1.1 and 1.2 readers", value=event.value
            )
            hint = sentence('"{value}" in quotes', value=event.value)
            raise self._error(event, problem, hint=hint) from None
        if value is None:
            problem = sentence("an empty value says nothing")
            hint = sentence("!delete to remove, {{}} for an empty map")
            raise self._error(event, problem, hint=hint)
        return value

    def _branch(self, event: Event, inherited: Provenance) -> Branch:
        entries: dict[str, Node] = {}
        seen: dict[str, int] = {}
        while not isinstance(key := next(self.events), MappingEndEvent):
            name = self._key(key)
            line = _line(key)
            if name in seen:
                problem = sentence(
                    "'{name}' is there twice, first in line {line}", name=name, line=seen[name]
                )
                raise self._error(key, problem)
            seen[name] = line
            reason = self._comment_above(line) or self._comment_after(key) or inherited.reason
            entries[name] = self._node(next(self.events), Provenance(self._where(line), reason))
        return Branch(entries, inherited, self._edit(event))

    def _key(self, event: Event) -> str:
        if isinstance(event, ScalarEvent) and not event.tag:
            value = self._value(event)
            if isinstance(value, str):
                return value
        problem, hint = sentence("a key must be text"), sentence("put the key in quotes")
        raise self._error(event, problem, hint=hint)

    def _listing(self, event: Event, inherited: Provenance) -> Listing:
        items: list[Node] = []
        while not isinstance(item := next(self.events), SequenceEndEvent):
            line = _line(item)
            reason = self._comment_above(line) or self._comment_at(line) or inherited.reason
            items.append(self._node(item, Provenance(self._where(line), reason)))
        return Listing(tuple(items), inherited, self._edit(event))

    def _edit(self, event: Event) -> Edit:
        tag = getattr(event, "tag", None)
        if tag is None or (tag == "!" and isinstance(event, ScalarEvent)):
            return Edit.MERGE
        if tag not in _TAGS or not self.numbered:
            known = sentence("!delete, !replace or !append")
            hint = known if self.numbered else sentence("a template of your own")
            problem = sentence("the tag {tag} is not known here", tag=tag)
            raise self._error(event, problem, hint=hint)
        if isinstance(event, MappingStartEvent) and tag == Edit.APPEND.value:
            problem = sentence("!append is for lists; a map is merged anyway")
            raise self._error(event, problem)
        return _TAGS[tag]

    def _where(self, line: int) -> str:
        return f"{self.name}:{line}" if self.numbered else self.name

    def _error(self, event: Event, problem: str, *, hint: str = "") -> BadInput:
        return BadInput(problem, where=self._where(_line(event)), hint=hint)

    def _comment_after(self, event: Event) -> str:
        """The comment at the end of the line in which the event ends."""
        mark = event.end_mark
        return self._comment_at(mark.line + 1, mark.column) if mark else ""

    def _comment_at(self, line: int, column: int = 0) -> str:
        """The comment at the end of a line, unless open quotes before it make that doubtful."""
        if line > len(self.lines):
            return ""
        rest = self.lines[line - 1][column:]
        match = _COMMENT.search(rest)
        if match is None or any(rest[: match.start()].count(quote) % 2 for quote in "\"'"):
            return ""
        return match["text"]

    def _comment_above(self, line: int) -> str:
        """The block of comment lines right above a line."""
        texts: list[str] = []
        for above in reversed(self.lines[: line - 1]):
            match = _BLOCK_COMMENT.fullmatch(above)
            if match is None:
                break
            texts.append(match["text"])
        return " ".join(reversed(texts)).strip()


def _line(event: Event) -> int:
    """Line of an event, counted from 1."""
    return event.start_mark.line + 1 if event.start_mark else 1
