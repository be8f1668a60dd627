"""Who may do what without asking: rules as readable data, and the decision they lead to."""

from __future__ import annotations

import fnmatch
import math
import posixpath
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from state.inert import active_parts
from state.record import Record
from state.result import Origin
from state.roles import Role

Risk = Literal["read", "write", "irreversible"]
PolicyAction = Literal["auto", "ask", "deny"]
_LONGEST_SHOWN = 80


class PolicyDecision(Record):
    """What the policy says of one call, and why."""

    action: PolicyAction
    reason: str = ""
    rule: str = ""


class ArgumentTest(Record):
    """A test of one argument; all that is given must hold."""

    equals: Any = None
    one_of: list[Any] | None = None
    max: float | None = Field(default=None, description="A number, at most this.")
    min: float | None = Field(default=None, description="A number, at least this.")
    matches: str | None = Field(default=None, description="A regular expression for the whole text.")
    under: str | None = Field(default=None, description="A path inside this folder.")
    domain: list[str] | None = Field(default=None, description="A URL or mail address of one of these domains.")
    trusted: bool | None = Field(default=None, description="Whether its origin is trusted.")

    @field_validator("domain", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("matches")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            re.compile(value)
        return value

    def holds(self, value: Any, origin: Origin) -> bool | None:
        """Whether a value passes; None if the value can't be tested at all."""
        verdicts = [
            None if self.equals is None else value == self.equals,
            None if self.one_of is None else value in self.one_of,
            None if self.trusted is None else origin.trusted == self.trusted,
        ]
        given = [verdict for verdict in verdicts if verdict is not None]
        if self.max is not None or self.min is not None:
            number = _number(value)
            if number is None:
                return None
            given.append(number <= (math.inf if self.max is None else self.max))
            given.append(number >= (-math.inf if self.min is None else self.min))
        if self.matches is not None or self.under is not None or self.domain is not None:
            if not isinstance(value, str):
                return None
            given.append(self.matches is None or re.fullmatch(self.matches, value) is not None)
            given.append(self.under is None or _is_under(self.under, value))
            given.append(self.domain is None or _is_of_domain(self.domain, value))
        return all(given)


class Rule(Record):
    """What is done with the calls it matches. The first rule that matches decides."""

    name: str = ""
    tool: list[str] = Field(default_factory=lambda: ["*"], description="Names or patterns, as 'send_*'.")
    risk: Risk | None = None
    trusted: bool | None = Field(default=None, description="Whether the call and its arguments are of trusted origin.")
    where: dict[str, ArgumentTest] = Field(default_factory=dict, description="Tests of arguments, by name.")
    action: PolicyAction

    @field_validator("tool", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    def matches(self, tool: str, risk: Risk, args: Mapping[str, Any], origins: Mapping[str, Origin]) -> bool:
        """Whether the rule is about a call.

        An argument that can't be tested matches a rule that restrains, never one that allows.
        """
        if not any(fnmatch.fnmatchcase(tool, pattern) for pattern in self.tool):
            return False
        if self.risk is not None and risk != self.risk:
            return False
        if self.trusted is not None and self.trusted != all(origin.trusted for origin in origins.values()):
            return False
        for name, test in self.where.items():
            if name not in args:
                return False
            held = test.holds(args[name], origins.get(name, Origin()))
            if not (self.action != "auto" if held is None else held):
                return False
        return True


class Policy(Record):
    """A named set of answers to 'may this run without asking?': rules first, then the answer by risk."""

    name: str = "default"
    rules: list[Rule] = Field(default_factory=list)
    read: PolicyAction = "auto"
    write: PolicyAction = Field(default="auto", description="A write approved in the plan, its arguments trusted.")
    untrusted_write: PolicyAction = Field(default="ask", description="A write with an argument of untrusted origin.")
    untrusted_content: PolicyAction = Field(
        default="auto",
        description="A planned write that tells trusted addresses something of untrusted origin, in words alone.",
    )
    untrusted_pick: PolicyAction = Field(
        default="auto",
        description="A planned write of trusted values to an address that code picked out of untrusted records.",
    )
    untrusted_request: PolicyAction = Field(
        default="ask",
        description="A read that reaches out, to where a model chose after reading untrusted text.",
    )
    irreversible: PolicyAction = "ask"
    plan: Literal["auto", "writes", "always"] = Field(
        default="writes", description="When a person approves a plan that a model made: never, when it writes, always."
    )
    attended: bool = Field(default=True, description="False: nobody can be asked; what would ask is refused.")
    together: bool = Field(
        default=True,
        description="Questions are put all at once; false: one after the other, for interfaces that know but one.",
    )
    expires: float | None = Field(default=None, gt=0, description="Seconds after which an unanswered approval lapses.")

    def decide(
        self,
        *,
        tool: str,
        risk: Risk,
        args: Mapping[str, Any],
        origins: Mapping[str, Origin],
        open_world: bool = False,
        caller: Origin | None = None,
        roles: Mapping[str, Role] | None = None,
        said: str = "",
        is_resolved: bool = True,
    ) -> PolicyDecision:
        """Whether a call may run, from its tool, risk and arguments, and the origin of each argument.

        `open_world`: whether the arguments choose whom the tool talks to. `caller`: the origin of the call itself,
        where it isn't the plan that was made before anything was read. `roles`: what the arguments are to the call;
        one without is an address. `said`: the user's own words. `is_resolved`: False if `args` hold references still.
        """
        whole = {**origins, "(call)": caller} if caller is not None else origins
        for number, rule in enumerate(self.rules, start=1):
            if rule.matches(tool, risk, args, whole):
                name = rule.name or f"rule {number}"
                return self._attended(rule.action, f"the policy's '{name}' says so", name)
        untrusted = [name for name, origin in origins.items() if not origin.trusted]
        if risk == "read":
            composed = [name for name, origin in origins.items() if origin.composed]
            if open_world and composed and self.untrusted_request != "auto":
                reason = f"it reaches out, and {', '.join(composed)} was chosen after reading untrusted text"
                return self._attended(self.untrusted_request, reason, "untrusted_request")
            return self._attended(self.read, "it only reads", "read")
        if risk == "irreversible":
            return self._attended(self.irreversible, "it can't be undone", "irreversible")
        if not untrusted and caller is not None and not caller.trusted:
            reason = "it writes, and untrusted text may have led to it"
            return self._attended(self.untrusted_write, reason, "untrusted_write")
        if untrusted:
            is_planned = caller is None or caller.trusted
            roles = roles if roles is not None and is_planned else {}
            action, reason, field = self._of_untrusted(untrusted, args, origins, roles, said, is_resolved)
            return self._attended(action, reason, field)
        return self._attended(self.write, "it writes", "write")

    def _of_untrusted(
        self,
        untrusted: list[str],
        args: Mapping[str, Any],
        origins: Mapping[str, Origin],
        roles: Mapping[str, Role],
        said: str,
        is_resolved: bool,
    ) -> tuple[PolicyAction, str, str]:
        """What is done with a write that has untrusted arguments, why, and by which field of the policy."""
        told = [name for name in untrusted if roles.get(name) == "content"]
        picked = [name for name in untrusted if roles.get(name) == "address" and origins[name].picked]
        if len(told) + len(picked) < len(untrusted):
            reason = f"it writes, and {', '.join(untrusted)} comes from an untrusted source"
            return self.untrusted_write, reason, "untrusted_write"
        if told and picked:
            reason = f"it writes {', '.join(told)}, from an untrusted source, to {', '.join(picked)}, picked out of one"
            return self.untrusted_write, reason, "untrusted_write"
        if picked:
            action = self._no_laxer(self.untrusted_pick)
            return action, f"it writes to {', '.join(picked)}, picked by what the plan says", "untrusted_pick"
        action, whence = self._no_laxer(self.untrusted_content), f"{', '.join(told)}, from an untrusted source,"
        if not is_resolved:
            bound = "; asks if it then holds a link, an address, a number or a code" if action == "auto" else ""
            return action, f"it writes, and {whence} is told to whom the plan names{bound}", "untrusted_content"
        trusted = [value for name, value in args.items() if name not in untrusted]
        for name in told:
            if active := active_parts(args[name], [said, *trusted]):
                reason = f"it writes, and {name}, from an untrusted source, holds {active[0][:_LONGEST_SHOWN]!r}"
                return self.untrusted_write, reason, "untrusted_write"
        return action, f"it writes, and {whence} holds words alone", "untrusted_content"

    def _no_laxer(self, action: PolicyAction) -> PolicyAction:
        """An exception from `untrusted_write`, which is no exception from `write`, nor where all of it is denied."""
        bounds: list[PolicyAction] = [action, self.write, "deny" if self.untrusted_write == "deny" else "auto"]
        return max(bounds, key=("auto", "ask", "deny").index)

    def _attended(self, action: PolicyAction, reason: str, rule: str) -> PolicyDecision:
        if action == "ask" and not self.attended:
            return PolicyDecision(action="deny", reason=f"{reason}, and nobody is there to ask", rule=rule)
        return PolicyDecision(action=action, reason=reason, rule=rule)


NAMED: dict[str, Policy] = {
    "default": Policy(),
    "auto": Policy(name="auto", untrusted_write="auto", untrusted_request="auto", irreversible="auto", plan="auto"),
    "ask": Policy(name="ask", write="ask", plan="auto"),
}


_ADDRESS = re.compile(r"(?:[^<>@,;]*<)?[^\s<>@,;:/\\]+@(?P<domain>[^\s<>@,;:/\\]+?)>?")
"""One mail address, with or without a name before it: never several, of which only the last would be looked at."""


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return None if math.isnan(number) else number


def _is_under(folder: str, value: str) -> bool:
    path, root = posixpath.normpath(value.replace("\\", "/")), posixpath.normpath(folder)
    if ".." in path.split("/"):
        return False
    return not path.startswith("/") if root == "." else f"{path}/".startswith(f"{root}/")


def _is_of_domain(domains: list[str], value: str) -> bool:
    if "//" in value:
        try:
            host = urlsplit(value).hostname or ""
        except ValueError:
            return False
        host = "" if "\\" in value else host.rstrip(".").lower()  # what browsers take for '/', this doesn't
    else:
        address = _ADDRESS.fullmatch(value.strip())
        host = address["domain"].rstrip(".").lower() if address else ""
    return any(host == domain.lower() or host.endswith(f".{domain.lower()}") for domain in domains)
