"""A brain that thinks with chat models."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from models.brain import Action, BrainError, OnTask, OnText, Step, Thought, restart
from models.chat import answers, prompts
from models.chat.calls import ChatCaller, Patience, Reply
from models.chat.configured import configured_callers
from models.chat.draft import NOT_FOUND, draft_of
from models.chat.errors import ModelFailure
from models.chat.growing import GrowingPlan
from models.chat.meter import Meter
from models.chat.prices import PRICES, Price
from models.chat.spotlight import Spotlight, as_json
from models.chat.structured import ask
from state.intent import Intent
from state.plan import Plan, Problem
from state.result import Evidence, TaskResult
from state.verdict import Draft, Finding, Verdict
from tools.registry import ToolSpec

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AnyMessage, BaseMessage

    from memory.settings import Settings

T = TypeVar("T")
Role = Literal["plan", "write", "judge", "act"]
ROLES: tuple[str, ...] = get_args(Role)
"""`plan` also parses intents; `write` also does 'model' tasks; `judge` judges; `act` is an agent's."""

MOST_EVIDENCE = 24_000
"""Characters of evidence in one prompt, about 6,000 tokens; a third of it, then a ninth, where the model's context is
too short."""
_MAX_TOKENS = {"intent": 1000, "plan": 3000, "write": 1200, "verdict": 800, "value": 1500, "action": 1500}


class ChatBrain:
    """Thinks with any LangChain chat model; a model per role where `roles` names one (see ROLES).

    Answers are asked for by JSON schema, validated, and repaired at most twice. Everything that comes from outside
    is shown to the model as marked data. Raises BrainError when the model or its server can't do it.

    `timeout`: seconds without a sign of the server. `prices`: US dollars per million tokens, by model. A model given
    here keeps its own retries (`max_retries`), which come on top of `patience`; those of `from_settings` have none.
    """

    def __init__(
        self,
        model: BaseChatModel | None = None,
        *,
        roles: Mapping[str, BaseChatModel] | None = None,
        timeout: float = 60.0,
        patience: Patience | None = None,
        prices: Mapping[str, Price] = PRICES,
    ) -> None:
        given = {**({"": model} if model is not None else {}), **(roles or {})}
        callers = {
            role: ChatCaller(
                functools.partial(_itself, chat_model), name=_name(chat_model), timeout=timeout, patience=patience
            )
            for role, chat_model in given.items()
        }
        self._set(callers, prices)

    @classmethod
    def from_settings(
        cls, settings: Settings, *, patience: Patience | None = None, prices: Mapping[str, Price] = PRICES
    ) -> ChatBrain:
        """The models that OPENAI_API_KEY, OPENAI_BASE_URL and ORCHESTRATE_MODEL(S) name. Nothing is imported or
        called before the first thought. Raises ValueError if none is configured."""
        if not settings.has_model:
            raise ValueError(
                "the brain 'chat' needs a model: set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own "
                "(Ollama: http://127.0.0.1:11434/v1), or use the brain 'reflex'"
            )
        brain = cls.__new__(cls)
        brain._set(configured_callers(settings, patience), prices)
        return brain

    def _set(self, callers: Mapping[str, ChatCaller], prices: Mapping[str, Price]) -> None:
        if unknown := set(callers) - {"", *ROLES}:
            raise ValueError(f"there is no role '{sorted(unknown)[0]}'; the roles are: {', '.join(ROLES)}")
        if not callers or ("" not in callers and set(ROLES) - set(callers)):
            raise ValueError("give a model, or one for each of the roles: " + ", ".join(ROLES))
        self._callers = dict(callers)
        self._prices = prices

    @property
    def name(self) -> str:
        """'chat:' and the name of the default model."""
        return f"chat:{self._caller('plan' if '' not in self._callers else '').name}"

    def _caller(self, role: str) -> ChatCaller:
        return self._callers.get(role) or self._callers[""]

    async def parse_intent(self, goal: str, *, history: Sequence[AnyMessage] = ()) -> Thought[Intent]:
        """See Brain. Without a conversation the goal stays in the user's own words."""
        said = [str(message.text) for message in history]
        messages = prompts.understand(goal, history, Spotlight())
        return await self._think("plan", messages, answers.intent(goal, said), "intent")

    async def decompose(
        self,
        intent: Intent,
        *,
        tools: Sequence[ToolSpec],
        problems: Sequence[Problem] = (),
        results: Mapping[str, TaskResult] | None = None,
    ) -> Thought[Plan]:
        """See Brain."""
        messages = prompts.plan(intent, tools, problems, results or {}, Spotlight())
        return await self._think("plan", messages, answers.plan(tools), "plan")

    async def stream_plan(
        self, intent: Intent, *, tools: Sequence[ToolSpec], problems: Sequence[Problem] = (), on_task: OnTask
    ) -> Thought[Plan]:
        """See StreamingPlanner."""
        messages = prompts.plan(intent, tools, problems, {}, Spotlight())
        return await self._think("plan", messages, answers.plan(tools), "plan", GrowingPlan(on_task))

    async def write(
        self,
        intent: Intent,
        *,
        evidence: Sequence[Evidence],
        feedback: Sequence[Finding] = (),
        history: Sequence[AnyMessage] = (),
        on_text: OnText | None = None,
    ) -> Thought[Draft]:
        """See Brain. Without evidence no model is asked: it could only invent."""
        if not evidence:
            text = intent.reply or NOT_FOUND
            if on_text is not None:
                on_text(text)
            return Thought(Draft(text=text, gaps=[] if intent.reply else list(intent.questions) or [intent.goal]))
        meter = Meter(self._prices)
        caller = self._caller("write")

        async def written(limit: int) -> Reply:
            messages = prompts.write(intent, evidence, feedback, history, limit, Spotlight())
            reply = await caller.say(messages, meter, max_tokens=_MAX_TOKENS["write"], on_text=on_text or _nobody)
            if reply.cut:
                meter.note(f"'{caller.name}' was cut off while writing: the answer may be incomplete")
            return reply

        *longer, least = (MOST_EVIDENCE, MOST_EVIDENCE // 3, MOST_EVIDENCE // 9)
        for limit in longer:
            try:
                reply = await written(limit)
                break
            except ModelFailure as failure:
                if failure.kind != "context":
                    raise
                meter.note(f"the evidence was shortened to fit the context of '{caller.name}'")
                restart(on_text)
        else:
            reply = await written(least)
        draft = draft_of(reply)
        if draft is None:
            raise BrainError(
                f"The model '{caller.name}' wrote nothing that could be an answer. Use a more capable model.",
                usage=meter.usage,
            )
        return Thought(draft, meter.usage, tuple(meter.notes))

    async def judge(self, intent: Intent, *, draft: Draft, evidence: Sequence[Evidence]) -> Thought[Verdict]:
        """See Brain."""
        messages = prompts.judge(intent, draft, evidence, MOST_EVIDENCE, Spotlight())
        tasks = {piece.task for piece in evidence if piece.task}
        return await self._think("judge", messages, answers.verdict(draft, tasks), "verdict")

    async def complete(self, prompt: str, *, inputs: Mapping[str, Any], evidence: Sequence[Evidence]) -> Thought[Any]:
        """See Brain. A number that none of the inputs holds is never returned."""
        messages = prompts.complete(prompt, inputs, evidence, MOST_EVIDENCE, Spotlight())
        lengths = [str(len(value)) for value in inputs.values() if isinstance(value, list)]
        given = [prompt, *map(as_json, inputs.values()), *(piece.text for piece in evidence), *lengths]
        return await self._think("write", messages, answers.value(given), "value")

    async def next_action(
        self, goal: str, *, tools: Sequence[ToolSpec], steps: Sequence[Step], prompt: str = ""
    ) -> Thought[Action]:
        """See Brain. The arguments fit the tool."""
        messages = prompts.act(goal, tools, steps, prompt, MOST_EVIDENCE, Spotlight())
        return await self._think("act", messages, answers.action(tools), "action")

    async def _think(
        self,
        role: Role,
        messages: Sequence[BaseMessage],
        answer: answers.Answer[T],
        what: str,
        on_text: OnText | None = None,
    ) -> Thought[T]:
        meter, room = Meter(self._prices), _MAX_TOKENS[what]
        value = await ask(self._caller(role), messages, answer, meter, what=what, max_tokens=room, on_text=on_text)
        return Thought(value, meter.usage, tuple(meter.notes))


def _itself(model: BaseChatModel) -> BaseChatModel:
    return model


def _name(model: BaseChatModel) -> str:
    return str(getattr(model, "model_name", None) or getattr(model, "model", None) or type(model).__name__)


def _nobody(_: str) -> None:
    """A reader of streamed text when there is none."""
