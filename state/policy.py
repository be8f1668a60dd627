"""Who may do what without asking: rules as readable data, and the decision they lead to."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from state.record import Record
from state.result import Origin

Risk = Literal["read", "write", "irreversible"]
PolicyAction = Literal["auto", "ask", "deny"]


class PolicyDecision(Record):
    """What the policy says of one call, and why."""

    action: PolicyAction
    reason: str = ""
    rule: str = ""


class Policy(Record):
    """A named set of answers to 'may this run without asking?'."""

    name: str = "default"
    read: PolicyAction = "auto"
    write: PolicyAction = Field(default="auto", description="A write approved in the plan, its arguments trusted.")
    untrusted_write: PolicyAction = Field(default="ask", description="A write with an argument of untrusted origin.")
    irreversible: PolicyAction = "ask"
    plan: Literal["auto", "writes", "always"] = Field(
        default="writes", description="When a person approves a plan that a model made: never, when it writes, always."
    )
    attended: bool = Field(default=True, description="False: nobody can be asked; what would ask is refused.")
    expires: float | None = Field(default=None, gt=0, description="Seconds after which an unanswered approval lapses.")

    def decide(self, *, tool: str, risk: Risk, args: dict[str, Any], origins: dict[str, Origin]) -> PolicyDecision:
        """Whether a call may run, from the risk of its tool and the origin of each argument."""
        untrusted = [name for name, origin in origins.items() if not origin.trusted]
        if risk == "read":
            return PolicyDecision(action=self.read, reason="it only reads", rule="read")
        if risk == "irreversible":
            return self._asked(self.irreversible, "it can't be undone", "irreversible")
        if untrusted:
            reason = f"it writes, and {', '.join(untrusted)} comes from an untrusted source"
            return self._asked(self.untrusted_write, reason, "untrusted_write")
        return self._asked(self.write, "it writes", "write")

    def _asked(self, action: PolicyAction, reason: str, rule: str) -> PolicyDecision:
        if action == "ask" and not self.attended:
            return PolicyDecision(action="deny", reason=f"{reason}, and nobody is there to ask", rule=rule)
        return PolicyDecision(action=action, reason=reason, rule=rule)


NAMED: dict[str, Policy] = {
    "default": Policy(),
    "auto": Policy(name="auto", untrusted_write="auto", irreversible="auto", plan="auto"),
    "ask": Policy(name="ask", write="ask", plan="always"),
}
