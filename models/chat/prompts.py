"""What the chat brain says to a model. Short sentences, one example where a shape is hard: small models read it too."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, SystemMessage

from models.brain import Step
from models.chat.spotlight import Spotlight, as_json, shortened
from state.intent import Intent
from state.plan import Problem
from state.result import Evidence, TaskResult
from state.verdict import Draft, Finding
from tools.registry import ToolSpec

MOST_CARDS = 16_000
"""Characters that the tools' cards may take; beyond it they lose detail, and at last their descriptions."""

_INTENT = """You sort requests. Don't answer the request. Reply with one JSON object and nothing else:
{"kind": KIND, "goal": TEXT, "questions": [TEXT, ...], "constraints": [TEXT, ...], "missing": TEXT or null,
 "reply": TEXT or null}
kind: "question" (asks for facts), "comparison" (compares things), "calculation" (wants a number computed),
 "data" (asks about rows of a database), "action" (wants something done: send, write, book),
 "small_talk" (greeting, thanks).
goal: the request in full. If it follows up on the conversation, put in what "it", "there" and the like stand for.
questions: the separate questions in it, in its order. Copy its numbers and names exactly.
constraints: limits the user set, such as a length, a language or a source.
missing: one question to the user, only if nothing useful can be done without its answer. Else null.
reply: only for small_talk: a short friendly reply. Else null."""

_PLAN = """You plan. Break the goal into tasks for the tools below. Don't answer the goal yourself.
Reply with one JSON object and nothing else: {"tasks": [TASK, ...]}
A TASK is {"id": "t1", "goal": "one sentence", "tool": NAME, "args": {...}} and may also have:
 "after": ["t1"]          wait for t1, though nothing is read from it
 "when": "t1.count > 3"   run only if this holds, else skip
 "each": "{{t1.rows}}"    run once per item of a list; the args then use {{item}}
 "until": "result.done"   repeat until this holds, at most "max_rounds" times
 "on_error": "skip"       or "fallback: NAME"; default "fail"
Rules:
1. tool: a name from the list, or "model" (a language model works on its args; {"prompt": "...", ...}),
   or "agent" (works on {"goal": "..."} step by step; only if the steps can't be known now).
2. args must fit the tool's parameters. Write {{t1}} where the value of task t1 goes, {{t1.name}} for a part of it.
3. Tasks that don't read each other run at the same time. Look up different things in different tasks.
4. Compute with a calculating tool, never with "model".
5. As few tasks as possible. Never write, send or change anything that the user didn't ask for.
Example (names of tools differ). Goal: How much dearer is a ticket to Lyon than one to Nice?
{"tasks": [
 {"id": "t1", "goal": "Find the fare to Lyon", "tool": "search_documents", "args": {"query": "fare to Lyon"}},
 {"id": "t2", "goal": "Find the fare to Nice", "tool": "search_documents", "args": {"query": "fare to Nice"}},
 {"id": "t3", "goal": "Take out the fare to Lyon", "tool": "model",
  "args": {"prompt": "The fare to Lyon, as a number only.", "text": "{{t1}}"}},
 {"id": "t4", "goal": "Take out the fare to Nice", "tool": "model",
  "args": {"prompt": "The fare to Nice, as a number only.", "text": "{{t2}}"}},
 {"id": "t5", "goal": "Subtract", "tool": "calculate", "args": {"expression": "{{t3}} - {{t4}}"}}]}"""

_WRITE = """You answer from numbered sources.
1. Use only what the sources say. Add nothing you know yourself.
2. End each sentence with the number of its source in square brackets. Example: The tower is 300 m high [2].
3. Copy numbers, dates and names exactly.
4. If the sources don't answer a part of the goal, write a last line: Missing: that part.
5. Be brief: the answer first, at most 120 words, plain text, in the language of the goal."""

_JUDGE = """You check a draft answer against its sources. Reply with one JSON object and nothing else:
{"action": ACTION, "reason": TEXT, "findings": [{"message": TEXT, "sentence": TEXT}], "tasks": [ID, ...]}
action: "accept" if the draft answers the goal as far as the sources can, and says nothing else;
 "rewrite" if the sources hold a better answer than the draft gives (findings say what to change);
 "rerun" if tasks brought back the wrong thing (tasks: their ids); "replan" if other tools are needed.
An honest statement that something is not in the sources is right: accept it."""

_COMPLETE = """You do one step of a longer job, on the inputs below and nothing else.
Reply with one JSON object and nothing else: {"value": RESULT}
RESULT is what the task asks for: a number, text, a list or an object. Copy numbers, dates and names exactly.
If the inputs don't hold it, reply {"value": null}. Never guess."""

_ACT = """You work towards a goal, one step at a time, with the tools below.
Reply with one JSON object and nothing else:
to call a tool: {"tool": NAME, "args": {...}, "reason": TEXT}
to end with your answer: {"tool": null, "answer": TEXT, "reason": TEXT}
Answer only from what the steps brought back. Don't repeat a call. Stop as soon as you can answer."""

_NOW_REPAIR = "That can't be used: {problem}\nReply with the corrected JSON object only."


def understand(goal: str, history: Sequence[AnyMessage], mark: Spotlight) -> list[BaseMessage]:
    """Messages that ask for the intent of `goal`."""
    parts = [f"The conversation so far:\n{_conversation(history, mark)}"] if history else []
    parts.append(f"The request:\n{goal}")
    return _messages(_INTENT, parts, mark if history else None)


def plan(
    intent: Intent,
    tools: Sequence[ToolSpec],
    problems: Sequence[Problem],
    results: Mapping[str, TaskResult],
    mark: Spotlight,
) -> list[BaseMessage]:
    """Messages that ask for a plan."""
    parts = [f"Tools:\n{cards(tools)}", f"Today is {datetime.date.today().isoformat()}."]  # noqa: DTZ011
    if results:
        told = "\n".join(_outcome(result, mark) for result in list(results.values())[:30])
        parts.append(
            f"An earlier plan wasn't enough. Its tasks came to:\n{told}\n"
            "Plan anew from t1, in another way. Its tasks can't be referred to."
        )
    if problems:
        told = "\n".join(f"- {shortened(str(problem), 300)}" for problem in list(problems)[:20])
        said_no = all(problem.code == "rejected" for problem in problems)
        what = "The user has rejected your last plan" if said_no else "Your last plan can't run"
        parts.append(f"{what}:\n{told}\nMake a plan without these problems.")
    parts.append(f"{_asked(intent)}\nReply with the plan as JSON.")
    return _messages(_PLAN, parts, mark if results else None)


def write(
    intent: Intent,
    evidence: Sequence[Evidence],
    feedback: Sequence[Finding],
    history: Sequence[AnyMessage],
    limit: int,
    mark: Spotlight,
) -> list[BaseMessage]:
    """Messages that ask for the answer; the sources take about `limit` characters."""
    parts = [f"The conversation so far:\n{_conversation(history, mark)}"] if history else []
    parts.append(f"Sources:\n{mark.numbered(evidence, limit)}")
    if feedback:
        told = "\n".join(f"- {_finding(finding)}" for finding in list(feedback)[:20])
        parts.append(f"Your last draft was refused:\n{mark.data(told)}\nWrite it without these faults.")
    parts.append(f"{_asked(intent)}\nWrite the answer, each sentence with the number of its source.")
    return _messages(_WRITE, parts, mark)


def judge(intent: Intent, draft: Draft, evidence: Sequence[Evidence], limit: int, mark: Spotlight) -> list[BaseMessage]:
    """Messages that ask for a verdict."""
    parts = [
        f"Sources:\n{mark.numbered(evidence, limit)}",
        f"Draft:\n{mark.data(draft.text)}",
        f"{_asked(intent)}\nReply with your verdict as JSON.",
    ]
    return _messages(_JUDGE, parts, mark)


def complete(
    prompt: str, inputs: Mapping[str, Any], evidence: Sequence[Evidence], limit: int, mark: Spotlight
) -> list[BaseMessage]:
    """Messages that ask for the value of a 'model' task."""
    share = max(limit // max(1, len(inputs)), 200)
    parts = [f"Input {name}:\n{mark.json(value, share)}" for name, value in inputs.items()]
    if evidence and not inputs:
        parts.append(f"Sources:\n{mark.numbered(evidence, limit)}")
    parts.append(f"Task: {prompt}")
    return _messages(_COMPLETE, parts, mark)


def act(
    goal: str, tools: Sequence[ToolSpec], steps: Sequence[Step], prompt: str, limit: int, mark: Spotlight
) -> list[BaseMessage]:
    """Messages that ask for an agent's next move."""
    parts = [f"Tools:\n{cards(tools)}"]
    share = max(limit // max(1, len(steps)), 200)
    for number, step in enumerate(steps, 1):
        call = f"{step.tool}({shortened(as_json(step.args), 500)})"
        parts.append(f"Step {number}: {mark.data(call, origin='your call')}\n{_outcome(step.result, mark, share)}")
    parts.append(f"Goal: {goal}\nReply with the next step as JSON.")
    return _messages(f"{prompt}\n\n{_ACT}" if prompt else _ACT, parts, mark)


def repair(messages: Sequence[BaseMessage], answer: str, problem: str) -> list[BaseMessage]:
    """`messages` and what came of them, with the request to correct it."""
    said = AIMessage(shortened(answer, 2000) or "{}")
    return [*messages, said, HumanMessage(_NOW_REPAIR.format(problem=shortened(problem, 1000)))]


def cards(tools: Sequence[ToolSpec], limit: int = MOST_CARDS) -> str:
    """The tools that can be used, as a model is shown them, within about `limit` characters."""
    usable = [spec for spec in tools if not spec.unavailable]
    for described, with_parameters in ((600, True), (120, True), (60, False), (0, False)):
        text = "\n".join(_card(spec, described, with_parameters) for spec in usable)
        if len(text) <= limit:
            break
    return shortened(text, limit) or "(none)" if usable else "(none; only 'model' and 'agent')"


def _card(spec: ToolSpec, described: int, with_parameters: bool) -> str:
    description = " ".join(spec.description.split())
    card = f"- {spec.name} ({spec.risk})" + (f": {shortened(description, described)}" if described else "")
    if with_parameters:
        required = set(spec.parameters.get("required", ()))
        for name, schema in spec.parameters.get("properties", {}).items():
            need = "" if name in required else ", optional"
            about = f": {shortened(schema['description'], described // 2)}" if schema.get("description") else ""
            card += f"\n    {name} ({_type(schema)}{need}){about}"
    return card


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(json.dumps(value) for value in schema["enum"][:12])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(option) for option in schema["anyOf"]))
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _asked(intent: Intent) -> str:
    lines = [f"Goal: {intent.goal}"]
    if len(intent.questions) > 1:
        lines += ["Questions in it:", *(f"- {question}" for question in intent.questions)]
    if intent.constraints:
        lines += ["The user wants:", *(f"- {constraint}" for constraint in intent.constraints)]
    return "\n".join(lines)


def _conversation(history: Sequence[AnyMessage], mark: Spotlight, most: int = 8) -> str:
    said = [message for message in history if message.type in ("human", "ai") and str(message.text).strip()][-most:]
    return "\n".join(
        mark.data(str(message.text), 1500, said_by="the user" if message.type == "human" else "you") for message in said
    )


def _outcome(result: TaskResult, mark: Spotlight, limit: int = 600) -> str:
    trust = "" if result.origin.trusted else " (untrusted)"
    told = as_json(result.value)
    if not result.ok:
        told = result.error.message if result.error else result.reason or ""
    origin = f"{result.tool or 'task'}{trust}"
    return f"{result.task}: {result.status}\n{mark.data(told, limit, origin=origin)}"


def _finding(finding: Finding) -> str:
    about = f" In: {shortened(finding.sentence, 200)}" if finding.sentence else ""
    return shortened(finding.message, 300) + about


def _messages(system: str, parts: Sequence[str], mark: Spotlight | None) -> list[BaseMessage]:
    rule = f"\n\n{mark.rule}" if mark else ""
    return [SystemMessage(system + rule), HumanMessage("\n\n".join(parts))]
