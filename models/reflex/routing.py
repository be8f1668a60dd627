"""Tools that the embedded brain doesn't know: which one serves a question, and its arguments in the user's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from models.reflex.quantities import find_numbers
from models.reflex.question import analyse
from models.reflex.similarity import similarity_of_texts
from models.reflex.vocabulary import ACTIONS
from models.reflex.words import RELATED, content_words, same_word, stem, words
from tools.registry import ToolSpec

KNOWN = frozenset(
    """
    search_documents query_database calculate now pick find_link search_web fetch_page read_file list_files write_file
    http_request send_email run_python run_sql ask_human model agent
    """.split()  # noqa: SIM905
)
_SIMILAR, _NAMED = 0.42, 0.3
_QUERIES = frozenset({"query", "question", "q", "text", "search", "topic", "keywords", "prompt", "input", "term"})
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
PATH = re.compile(r"(?<![\w/@])(?:[\w.-]+/)*[\w-]+\.[A-Za-z]\w{0,5}\b(?!@)")
"""Addresses, links and files, as people write them."""
_QUOTED = re.compile(r"[\"“”]([^\"“”]+)[\"“”]|(?<!\w)['‘]([^'‘’]+)['’](?!\w)")
_SUBJECT = re.compile(
    r"\b(?:subject|titled?|called)\b:?\s+(?:is\s+|of\s+|line\s+)?[\"“']?(?P<text>[^\"”',;]+?)[\"”']?"
    r"(?=\s+(?:and|with|saying|that says|body|text)\b|[,;.]|$)",
    re.IGNORECASE,
)
_BODY = re.compile(
    r"\b(?:saying|that says|which says|with (?:the )?(?:text|body|message|content)s?|body|message|text|reading)\b:?\s+"
    r"(?:that\s+)?(?P<text>.+)$",
    re.IGNORECASE,
)


_FILE, _MAIL = frozenset({stem("file")}), frozenset({stem("email"), stem("mail")})
"""What a path and an address imply, as the words of a tool's name."""
_READS_FILE = re.compile(
    rf"^\W*(?:please\s+)?(?:(?:can|could) you\s+)?(?:read|open|show|print|display)\s+(?:me\s+)?(?:the\s+)?"
    rf"(?:contents?\s+of\s+)?(?:the\s+)?(?:file\s+)?[\"'“‘]?(?P<path>{PATH.pattern})[\"'”’]?\W*$",
    re.IGNORECASE,
)
_LISTS_FILES = re.compile(
    r"^\W*(?:please\s+)?(?:(?:can|could) you\s+)?(?:list|show)\s+(?:me\s+)?(?:all\s+)?(?:the\s+|my\s+)?files"
    r"(?:\s+(?:there are|that there are))?(?:\s+(?:in|of|under)\s+(?:the\s+)?(?:folder\s+|directory\s+)?"
    r"[\"'“‘]?(?P<folder>[\w./-]*\w)[\"'”’]?)?\W*$",
    re.IGNORECASE,
)
_NEXT_ACTION = re.compile(
    r"(?:\s*[,;.]\s*|\s+)(?:(?:and\s+)?then|and)\s+(?:also\s+)?(?=(?P<verb>[a-z-]+)\s+(?P<object>.+))", re.IGNORECASE
)
_POINTS_BACK = re.compile(r"(?:it|them|that|this)\b", re.IGNORECASE)


def is_about_files(goal: str) -> bool:
    """Whether a goal tells to read a file or to list a folder, rather than asks for what documents say."""
    return bool(_READS_FILE.match(goal) or _LISTS_FILES.match(goal))


def route_question(question: str, tools: Iterable[ToolSpec]) -> tuple[ToolSpec, dict[str, Any]] | None:
    """The reading tool that a question is about, and its arguments; None unless both are certain enough.

    Certain: the tool's name and description are near the question in words or meaning, and it takes one string.
    """
    candidates = [spec for spec in tools if spec.risk == "read" and spec.name not in KNOWN and not spec.unavailable]
    wanted = {word.stem for word in content_words(question)}
    scored = []
    similarities = similarity_of_texts(question, [f"{_spaced(spec.name)}: {spec.description}" for spec in candidates])
    for spec, similarity in zip(candidates, similarities, strict=True):
        about = {stem(word.text) for word in words(f"{_spaced(spec.name)} {spec.description}")}
        in_name = {stem(word.text) for word in words(_spaced(spec.name))}
        named = any(_same(one, other) for one in wanted for other in in_name)
        shared = sum(any(_same(one, other) for other in about) for one in wanted) / max(1, len(wanted))
        if similarity >= _SIMILAR or (named and similarity >= _NAMED) or (named and shared >= 0.5):
            scored.append((similarity + 0.2 * named + 0.2 * shared, spec))
    for _, spec in sorted(scored, key=lambda item: -item[0]):
        args = _arguments_for_question(question, spec)
        if args is not None:
            return spec, args
    return None


def route_actions(goal: str, tools: Iterable[ToolSpec]) -> list[tuple[ToolSpec, dict[str, Any]]]:
    """The calls that a request to do something clearly names, in its order; none unless all of it is clear."""
    usable = [spec for spec in tools if not spec.unavailable]
    named = {spec.name: spec for spec in usable}
    if (match := _READS_FILE.match(goal)) and "read_file" in named:
        return [(named["read_file"], {"path": match["path"]})]
    if (match := _LISTS_FILES.match(goal)) and "list_files" in named:
        return [(named["list_files"], {"folder": match["folder"]} if match["folder"] else {})]
    routed = [_route_action(part, usable) for part in _actions_of(goal)]
    return [one for one in routed if one] if all(routed) else []


def _actions_of(goal: str) -> list[str]:
    """Each thing that is to be done: 'write 'a' to x.txt' and 'mail it to ann@example.com'. What is quoted, or is the
    text of a message, is no action.
    """
    masked = _QUOTED.sub(lambda quoted: "'" + "x" * (len(quoted.group()) - 2) + "'", goal)
    end = body.start() if (body := _BODY.search(masked)) else len(masked)
    cuts = [cut for cut in _NEXT_ACTION.finditer(masked, 0, end) if _is_action(cut["verb"], cut["object"])]
    starts = [0, *(cut.end() for cut in cuts)]
    ends = [*(cut.start() for cut in cuts), len(goal)]
    return [goal[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def _is_action(verb: str, told: str) -> bool:
    is_verb = verb.lower() in ACTIONS or verb.lower() == "read"
    has_object = any(pattern.search(told) for pattern in (PATH, EMAIL, URL, _QUOTED))
    return is_verb and (has_object or bool(_POINTS_BACK.match(told)))


def _route_action(goal: str, tools: Iterable[ToolSpec]) -> tuple[ToolSpec, dict[str, Any]] | None:
    """The tool that a request to do one thing clearly names, its arguments from the user's words alone.

    None unless each word of the tool's name is meant and every required argument is given.
    """
    found = [word.stem for word in words(goal)]
    for spec in sorted(tools, key=lambda spec: -len(spec.name)):
        parts = [stem(part) for part in _spaced(spec.name).split()]
        implied = _FILE if PATH.search(goal) else _MAIL if EMAIL.search(goal) else frozenset[str]()
        if spec.name in ("model", "agent", "ask_human") or not parts:
            continue
        if all(part in implied or any(_same(part, word) for word in found) for part in parts):
            args = _arguments_for_action(goal, spec.parameters)
            if args is not None:
                return spec, args
    return None


def _arguments_for_question(question: str, spec: ToolSpec) -> dict[str, Any] | None:
    properties, required = _properties(spec.parameters)
    if not required:
        return {} if not properties or all("default" in schema for schema in properties.values()) else None
    if len(required) != 1 or properties[required[0]].get("type") not in ("string", None):
        return None
    name = required[0]
    quoted = _QUOTED.search(question)
    if quoted:
        return {name: quoted[1] or quoted[2]}
    if name.lower() in _QUERIES:
        return {name: question}
    found = _typed(name, question)
    if found is not None:
        return {name: found}
    about = {stem(word.text) for word in words(f"{_spaced(spec.name)} {spec.description} {name}")}
    named = [term.word for term in analyse(question).terms if term.must]
    left = named or [word for word in content_words(question) if not any(_same(word.stem, part) for part in about)]
    if left and left[-1].end - left[0].start <= sum(len(word.text) + 1 for word in left):
        return {name: question[left[0].start : left[-1].end]}
    return None


def _arguments_for_action(goal: str, schema: Mapping[str, Any]) -> dict[str, Any] | None:
    properties, required = _properties(schema)
    args: dict[str, Any] = {}
    for name, described in properties.items():
        value = _given(name, described, goal)
        if value is not None:
            args[name] = value
        elif name in required:
            return None
    return args


def _given(name: str, described: Mapping[str, Any], goal: str) -> Any:
    """The value of an argument, as far as the user's words give it."""
    kind = described.get("type", "string")
    if kind in ("integer", "number"):
        numbers = find_numbers(goal)
        return numbers[0].value if len(numbers) == 1 and "default" not in described else None
    if kind == "array":
        found = EMAIL.findall(goal) if re.search(r"to|recipient|mail", name, re.IGNORECASE) else []
        return found or None
    if kind != "string":
        return None
    lowered = name.lower()
    if (typed := _typed(name, goal)) is not None:
        return typed
    if lowered in ("subject", "title"):
        match = _SUBJECT.search(goal)
        return match["text"].strip() if match else None
    if lowered in ("body", "text", "content", "contents", "message", "note", "data"):
        quoted = [one or other for one, other in _QUOTED.findall(goal)]
        match = _BODY.search(goal)
        return quoted[-1] if quoted else match["text"].strip().strip("\"'“”") if match else None
    return None


def _typed(name: str, text: str) -> str | None:
    """The value that an argument's name tells the form of: an address, a path, a URL."""
    lowered = name.lower()
    for names, pattern in (
        (("to", "recipient", "recipients", "email", "address", "cc"), EMAIL), (("url", "link", "uri"), URL),
        (("path", "file", "filename", "file_path", "filepath"), PATH),
    ):  # fmt: skip
        if lowered in names:
            without = EMAIL.sub(" ", text) if pattern is PATH else text
            match = pattern.search(without)
            return match.group() if match else None
    return None


def _properties(schema: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    return dict(schema.get("properties") or {}), list(schema.get("required") or [])


def _same(one: str, other: str) -> bool:
    return same_word(one, other) or other in RELATED.get(one, ())


def _spaced(name: str) -> str:
    return re.sub(r"[_.\-]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
