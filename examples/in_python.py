"""The whole from Python: ask, see what the run waits for, answer that, and look at what it did.

python examples/in_python.py
"""

from __future__ import annotations

from pathlib import Path

from shop import order, stock

from graph.plans import load_plan
from graph.run import ask, resume

HERE = Path(__file__).parent


def main() -> None:
    tools = [stock, order]
    outcome = ask("Restock what runs short", plan=load_plan(HERE / "restock.toml"), tools=tools)
    for question in outcome.waiting:
        print(f"{question.request['task']}: {question.request['reason']}")
    responses = {question.id: {"decisions": [{"type": "approve"}]} for question in outcome.waiting}
    outcome = resume(outcome.thread_id, responses, tools=tools)
    print(outcome.answer)
    for name, result in outcome.results.items():
        print(f"{name:<9} {result.status:<8} {result.value if result.ok else result.reason}")


if __name__ == "__main__":
    main()
