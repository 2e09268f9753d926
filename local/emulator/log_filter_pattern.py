"""CloudWatch Logs' filter patterns: terms, and comparisons of a JSON event's properties.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html

Not here: patterns of space-delimited events (`[ip, user, ...]`) and regular expressions (`%...%`).
"""

from __future__ import annotations

import fnmatch
import json
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

Matches = Callable[[str], bool]
OfDocument = Callable[[Any], bool]

_MISSING = object()
_TERM = re.compile(r'([-?]?)("(?:[^"\\]|\\.)*"|[^\s"]+)')
_TOKEN = re.compile(
    r"\s*(?:(?P<selector>\$(?:\.[\w-]+|\[\d+\]|\[\"[^\"]+\"\])+)"
    r'|(?P<text>"(?:[^"\\]|\\.)*")'
    r"|(?P<operator>&&|\|\||!=|<=|>=|[=<>()])"
    r"|(?P<word>[^\s=<>()&|!]+))"
)
_STEP = re.compile(r'\.([\w-]+)|\[(\d+)\]|\["([^"]+)"\]')
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class FilterPatternError(ValueError):
    """The pattern is none, or of a kind that the local AWS does not know."""


@cache
def compiled(pattern: str) -> Matches:
    """What tells whether an event's message matches. Raises `FilterPatternError`."""
    pattern = pattern.strip()
    if pattern.startswith("{"):
        if not pattern.endswith("}"):
            raise FilterPatternError(f"a JSON pattern ends with a brace: {pattern}")
        return _of_json(pattern[1:-1])
    if pattern.startswith("[") or "%" in pattern:
        raise FilterPatternError(f"the local AWS knows terms and JSON patterns, not {pattern}")
    return _of_terms(pattern)


def value_at(message: str, selector: str) -> Any:
    """What `$.a.b[0]` points to in a JSON event, or None."""
    try:
        found = _select(json.loads(message), selector)
    except ValueError:
        return None
    return None if found is _MISSING else found


def _of_terms(pattern: str) -> Matches:
    terms: dict[str, list[str]] = {"": [], "-": [], "?": []}
    for sign, term in _TERM.findall(pattern):
        terms[sign].append(_unquoted(term))

    if terms["?"] and (terms[""] or terms["-"]):
        raise FilterPatternError(f"optional terms (?) stand alone: {pattern}")

    def matches(message: str) -> bool:
        return (
            all(term.strip() in message for term in terms[""])
            and not any(term in message for term in terms["-"])
            and (not terms["?"] or any(term in message for term in terms["?"]))
        )

    return matches


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def _of_json(condition: str) -> Matches:
    parser = _Parser(list(_tokens(condition)))
    of_document = parser.disjunction()
    if parser.tokens:
        raise FilterPatternError(f"not understood from {parser.tokens[0][1]!r} on: {condition}")

    def matches(message: str) -> bool:
        try:
            document = json.loads(message)
        except ValueError:
            return False
        return isinstance(document, dict | list) and of_document(document)

    return matches


def _tokens(condition: str) -> Iterator[tuple[str, str]]:
    at = 0
    condition = condition.rstrip()
    while at < len(condition):
        match = _TOKEN.match(condition, at)
        if match is None or match.lastgroup is None:
            raise FilterPatternError(f"not understood: {condition[at:]!r}")
        yield match.lastgroup, match.group(match.lastgroup)
        at = match.end()


@dataclass
class _Parser:
    """Parentheses bind before `&&`, and that before `||`."""

    tokens: list[tuple[str, str]] = field(default_factory=list)

    def disjunction(self) -> OfDocument:
        parts = [self.conjunction()]
        while self._next() == "||":
            self.tokens.pop(0)
            parts.append(self.conjunction())
        return lambda document: any(part(document) for part in parts)

    def conjunction(self) -> OfDocument:
        parts = [self.comparison()]
        while self._next() == "&&":
            self.tokens.pop(0)
            parts.append(self.comparison())
        return lambda document: all(part(document) for part in parts)

    def comparison(self) -> OfDocument:
        if self._next() == "(":
            self.tokens.pop(0)
            inside = self.disjunction()
            self._take("operator", ")")
            return inside
        selector = self._take("selector")
        sign = self._take()
        if sign in ("IS", "NOT", "EXISTS"):
            return _state(selector, sign, "" if sign == "EXISTS" else self._take("word"))
        kind = self.tokens[0][0] if self.tokens else ""
        return _compared(selector, sign, self._take(), is_text=kind == "text")

    def _next(self) -> str:
        return self.tokens[0][1] if self.tokens else ""

    def _take(self, kind: str = "", text: str = "") -> str:
        if not self.tokens or (kind and self.tokens[0][0] != kind) or (text and self.tokens[0][1] != text):
            raise FilterPatternError(f"expected {text or kind or 'more'}, found {self._next() or 'the end'}")
        return self.tokens.pop(0)[1]


def _state(selector: str, sign: str, word: str) -> OfDocument:
    constants = {"NULL": None, "TRUE": True, "FALSE": False}
    if sign == "IS" and word in constants:
        return lambda document: _select(document, selector) is constants[word]
    if sign == "NOT" and word == "EXISTS":
        return lambda document: _select(document, selector) is _MISSING
    if sign == "EXISTS":
        return lambda document: _select(document, selector) is not _MISSING
    raise FilterPatternError(f"not understood: {selector} {sign} {word}")


def _compared(selector: str, sign: str, wanted: str, *, is_text: bool) -> OfDocument:
    if sign in _ORDER:
        if is_text or not _NUMBER.fullmatch(wanted):
            raise FilterPatternError(f"{sign} compares with a number, not with {wanted}")
        order, limit = _ORDER[sign], float(wanted)
        return lambda document: _is_number(found := _select(document, selector)) and order(found, limit)
    if sign not in ("=", "!="):
        raise FilterPatternError(f"not understood: {selector} {sign}")
    equals = _equality(_unquoted(wanted), is_text=is_text)

    def matches(document: Any) -> bool:
        found = _select(document, selector)
        # A property that is not there, an array or an object compares with nothing.
        if found is _MISSING or found is None or isinstance(found, dict | list):
            return False
        return equals(found) == (sign == "=")

    return matches


def _equality(wanted: str, *, is_text: bool) -> Callable[[Any], bool]:
    if not is_text and _NUMBER.fullmatch(wanted):
        return lambda found: float(found) == float(wanted) if _is_number(found) else found == wanted
    pattern = re.compile(fnmatch.translate(re.sub(r"([\[?])", r"[\1]", wanted)))
    return lambda found: pattern.match(found if isinstance(found, str) else json.dumps(found)) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _select(document: Any, selector: str) -> Any:
    """The value that the selector points to, or `_MISSING`."""
    found = document
    for name, index, quoted in _STEP.findall(selector):
        if index:
            found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else _MISSING
        else:
            found = found.get(name or quoted, _MISSING) if isinstance(found, dict) else _MISSING
    return found
