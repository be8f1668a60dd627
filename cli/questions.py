"""Questions of a run to a person: how they look, how they are asked on a terminal, and the answers to them."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cli.errors import UsageError
from cli.options import read_json_object
from cli.progress import as_typed, one_line
from state import wording
from state.text import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from graph.outcome import Waiting

Answer = dict[str, Any]
Ask = Callable[[str], str]

_HEADINGS = {
    "approval": "asks for approval",
    "plan": "The plan asks for approval",
    "clarify": "One thing is missing",
    "question": "A task has a question",
    "in_doubt": "is in doubt",
}
_KEYS = {"approve": "a", "edit": "e", "reject": "r", "respond": "p"}
_LABELS = {"approve": "(a)pprove", "edit": "(e)dit", "reject": "(r)eject", "respond": "res(p)ond"}
_WORDS = {"y": "approve", "yes": "approve", "n": "reject", "no": "reject"}
_LATER = ("l", "later", "q", "")
_LEAVING = ("/quit", "/exit", "/q")
_IN_DOUBT_LABELS = {"approve": "(a) do it again", "respond": "(p) it happened", "reject": "(r) leave it"}


class Left(EOFError):
    """The person left; what is open stays open."""


def action(waiting: Waiting) -> Mapping[str, Any]:
    """The action that is asked about: name, args, description."""
    requests = waiting.request.get("action_requests") or [{}]
    found: Mapping[str, Any] = requests[0]
    return found


def allowed(waiting: Waiting) -> list[str]:
    """How the question may be answered."""
    configs = waiting.request.get("review_configs") or [{}]
    return list(configs[0].get("allowed_decisions") or ["approve", "edit", "reject", "respond"])


def is_text(waiting: Waiting) -> bool:
    """Whether it is answered by saying something, where others are decided."""
    return waiting.kind in ("clarify", "question")


def heading(waiting: Waiting) -> str:
    """One line that says who asks what."""
    words = _HEADINGS.get(waiting.kind, "asks")
    name, task = one_line(action(waiting).get("name", "")), one_line(waiting.request.get("task") or "")
    if waiting.kind in ("approval", "in_doubt"):
        return " ".join(filter(None, (task, name, words)))
    return f"{words} ({task})" if task else words


def arguments(waiting: Waiting) -> list[tuple[str, str, str, bool]]:
    """Each argument with its name, value, origin and whether it is trusted."""
    provenance = waiting.request.get("provenance") or {}
    found = []
    for name, value in (action(waiting).get("args") or {}).items():
        origin = provenance.get(name) or {}
        trusted = bool(origin.get("trusted", True))
        sources = ", ".join(map(one_line, origin.get("sources") or ()))
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        found.append((one_line(name), printable(text), sources, trusted))
    return found


def question_text(waiting: Waiting) -> str:
    """What is asked, for a question that is answered by saying something."""
    args = action(waiting).get("args") or {}
    return printable(str(args.get("question") or action(waiting).get("description") or "What do you mean?"))


def panel(waiting: Waiting) -> RenderableType:
    """The question with all that a person needs to decide it."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    lines: list[RenderableType] = [Text.assemble(("?  ", "bold yellow"), (heading(waiting), "bold"))]
    if is_text(waiting):
        lines.append(Padding(Text(question_text(waiting)), (0, 0, 0, 3)))
        return Group(*lines)
    if description := action(waiting).get("description"):
        lines.append(Padding(Text(printable(str(description)), "dim"), (0, 0, 0, 3)))
    if reason := waiting.request.get("reason"):
        lines.append(Padding(Text.assemble(("why: ", "dim"), one_line(reason)), (0, 0, 0, 3)))
    lines.append(Text())
    if waiting.kind == "plan":
        lines.append(Padding(plan_table(_asked_plan(waiting)), (0, 0, 0, 3)))
        return Group(*lines)
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=3, overflow="fold")
    table.add_column(ratio=2, overflow="fold")
    for name, value, sources, trusted in arguments(waiting):
        origin = Text(f"from {sources}" if sources else "", "dim")
        if not trusted:
            origin = Text.assemble(("untrusted", "bold red"), (f": {sources}" if sources else "", "red"))
        table.add_row(Text(name, "cyan"), Text(value), origin)
    lines.append(Padding(table, (0, 0, 0, 3)))
    if expires := waiting.request.get("expires_at"):
        lines.append(Text(f"   open until {time.strftime('%Y-%m-%d %H:%M', time.localtime(float(expires)))}", "dim"))
    return Group(*lines)


def plain(waiting: Waiting, thread_id: str) -> list[str]:
    """The question as lines, and the commands that answer it."""
    lines = [heading(waiting)]
    if is_text(waiting):
        lines += [f"  {line}" for line in question_text(waiting).splitlines()]
    elif waiting.kind == "plan":
        for task in _asked_plan(waiting).get("tasks") or ():
            args = json.dumps(task.get("args") or {}, ensure_ascii=False)
            lines.append(f"  {one_line(task.get('id'))}  {one_line(task.get('tool'))}  {one_line(args)}")
            lines += [f"      {one_line(term)}" for term in wording.terms(task)]
    else:
        for name, value, sources, trusted in arguments(waiting):
            origin = f"  [{'from' if trusted else 'UNTRUSTED:'} {sources}]" if sources or not trusted else ""
            lines.append(f"  {name} = {one_line(value)}{origin}")
    if reason := waiting.request.get("reason"):
        lines.append(f"  why: {one_line(reason)}")
    return lines + [f"  {command}" for command in commands(waiting, thread_id)]


def commands(waiting: Waiting, thread_id: str) -> list[str]:
    """The exact commands that answer a question."""
    begin = f"orchestrate approve {as_typed(thread_id)} --id {one_line(waiting.id)}"
    flags = {"approve": "--approve", "edit": "--edit 'JSON'", "reject": "--reject 'WHY'", "respond": "--respond 'TEXT'"}
    return [f"{begin} {flags[decision]}" for decision in allowed(waiting) if decision in flags]


def approve() -> Answer:
    """The answer that lets it happen."""
    return {"decisions": [{"type": "approve"}]}


def reject(reason: str = "") -> Answer:
    """The answer that refuses, with the reason that is fed back."""
    return {"decisions": [{"type": "reject", "message": reason}]}


def respond(text: str) -> Answer:
    """The answer in words: to a question, or in place of the action's result."""
    return {"decisions": [{"type": "respond", "message": text}]}


def edit(waiting: Waiting, args: Mapping[str, Any]) -> Answer:
    """The answer that lets it happen with other arguments; those not named stay."""
    before = dict(action(waiting).get("args") or {})
    if waiting.kind == "plan":
        merged = {"plan": args.get("plan", dict(args))}
    else:
        if unknown := sorted(set(args) - set(before) - _known_arguments(waiting)):
            names = ", ".join(sorted(set(before) | _known_arguments(waiting)))
            raise UsageError(f"there is no argument {', '.join(unknown)} to edit", f"there are: {names}")
        merged = before | dict(args)
    if merged == before:
        raise UsageError("nothing is edited; to let it happen as shown, approve it")
    return {"decisions": [{"type": "edit", "edited_action": {"name": action(waiting).get("name"), "args": merged}}]}


def edit_example(waiting: Waiting) -> str:
    """What to write after `--edit`, in the shell's quotes."""
    if waiting.kind == "plan":
        example: dict[str, Any] = {"tasks": [{"id": "t1", "tool": "...", "args": {}}]}
    else:
        example = dict(list((action(waiting).get("args") or {"name": "value"}).items())[:1])
    return shlex.quote(one_line(json.dumps(example, ensure_ascii=False)))


def check_allowed(waiting: Waiting, answer: Answer) -> None:
    """Raises UsageError if the question can't be answered that way."""
    kind = answer["decisions"][0]["type"]
    if kind not in allowed(waiting):
        possible = ", ".join(f"--{name}" for name in allowed(waiting))
        raise UsageError(f"'{kind}' isn't possible for {heading(waiting)}", f"possible: {possible}")


def how_to_answer(waiting: Waiting) -> str:
    """What to type, for a question that stands above."""
    if is_text(waiting):
        return "your next line answers it"
    labels = _IN_DOUBT_LABELS if waiting.kind == "in_doubt" else _LABELS
    return "  ".join([*(labels[name] for name in allowed(waiting) if name in labels), "(l)ater"])


def read_line(prompt: str) -> str:
    """The line that the person types. Raises EOFError: Left if they type that they leave."""
    line = input(prompt)
    if line.strip().lower() in _LEAVING:
        raise Left
    return line


def ask_person(waiting: Waiting, on: Console, ask: Ask = read_line) -> Answer | None:
    """Ask on the terminal until there is an answer; None: later. `ask` takes a prompt and returns a line."""
    on.print(panel(waiting))
    prompt = "   > " if is_text(waiting) else f"   {how_to_answer(waiting)} > "
    while True:
        try:
            return reply(waiting, ask(prompt), ask)
        except UsageError as error:
            on.print(f"   {error}", style="red")


def reply(waiting: Waiting, line: str, ask: Ask = read_line) -> Answer | None:
    """The answer that a typed line gives; None: later. What it needs besides is asked for. Raises UsageError."""
    line = line.strip()
    if is_text(waiting):
        return respond(line) if line else None
    if line.lower() in _LATER:
        return None
    chosen = _decision(waiting, line.lower())
    if chosen == "approve":
        return approve()
    if chosen == "reject":
        return reject(_reason(ask))
    if chosen == "respond":
        words = ask("   result > " if waiting.kind == "in_doubt" else "   response > ").strip()
        return respond(words) if words else None
    return _edited_by_person(waiting, ask)


def _decision(waiting: Waiting, word: str) -> str:
    choices = {_KEYS[name]: name for name in allowed(waiting) if name in _KEYS}
    words = choices | {name: name for name in choices.values()}
    if waiting.kind != "in_doubt":  # there a yes could mean that it happened
        words |= {typed: name for typed, name in _WORDS.items() if name in choices.values()}
    if word not in words:
        raise UsageError(f"this is open; type one of: {', '.join([*choices, 'l'])}")
    return words[word]


def _reason(ask: Ask) -> str:
    try:
        return ask("   why (optional) > ").strip()
    except Left:
        raise
    except EOFError:  # a script has said all that it has to say
        return ""


def _edited_by_person(waiting: Waiting, ask: Ask) -> Answer:
    if waiting.kind == "plan":
        return edit(waiting, _edited_plan(waiting))
    changed: dict[str, Any] = {}
    for name, value in (action(waiting).get("args") or {}).items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        typed = ask(f"   {one_line(name)} [{one_line(shown)[:60]}] > ")
        if typed.strip():
            changed[name] = typed if isinstance(value, str) else _json(typed, one_line(name))
    return edit(waiting, changed)


def _edited_plan(waiting: Waiting) -> dict[str, Any]:
    from cli.editor import edit_text

    before = json.dumps(_asked_plan(waiting), indent=2, ensure_ascii=False)
    return read_json_object("the plan", edit_text(before, suffix=".json"))


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"{name} takes JSON, as 12, true or [1, 2]; text stands in quotes") from None


def _known_arguments(waiting: Waiting) -> set[str]:
    configs = waiting.request.get("review_configs") or [{}]
    return set((configs[0].get("args_schema") or {}).get("properties") or ())


def plan_table(plan: Mapping[str, Any]) -> RenderableType:
    """The tasks of a plan with their tools and arguments, for a person to read before it runs."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for task in plan.get("tasks") or ():
        args = ", ".join(map(one_line, wording.arguments(task)))
        lines = [Text(one_line(task.get("goal") or "")), Text(args, "dim")]
        lines += [Text(one_line(term)) for term in wording.terms(task)]
        words = Text("\n").join(line for line in lines if line)
        table.add_row(Text(one_line(task.get("id")), "bold"), Text(one_line(task.get("tool")), "cyan"), words)
    return table


def _asked_plan(waiting: Waiting) -> dict[str, Any]:
    return dict((action(waiting).get("args") or {}).get("plan") or {})
