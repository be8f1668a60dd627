"""Draws a graph by Graphviz, without the network."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Literal

from cli.errors import CommandError

if TYPE_CHECKING:
    from langchain_core.runnables.graph import Graph

_TIMEOUT = 60


def draw(graph: Graph, *, form: Literal["png", "svg"]) -> bytes:
    """`graph` as a picture. Raises CommandError where that can't be done."""
    program = shutil.which("dot")
    if program is None:
        raise CommandError(
            f"a {form.upper()} needs Graphviz, and there is no `dot` here",
            "install the package graphviz, or use --mermaid and paste it where Mermaid is drawn",
        )
    try:
        done = subprocess.run(  # noqa: S603
            [program, f"-T{form}"], input=dot(graph).encode(), capture_output=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise CommandError(f"`dot` took more than {_TIMEOUT} s", "try --mermaid") from None
    if done.returncode:
        raise CommandError(f"`dot` failed: {done.stderr.decode(errors='replace').strip()[:200]}", "try --mermaid")
    return done.stdout


def dot(graph: Graph) -> str:
    """`graph` in Graphviz's language."""
    lines = [
        "digraph {",
        '  graph [rankdir=TB, bgcolor="white"];',
        '  node [shape=box, style="rounded,filled", fillcolor="#f3f4f6", color="#9ca3af", fontname="Helvetica"];',
        '  edge [color="#6b7280", fontname="Helvetica", fontsize=10];',
    ]
    for name, node in graph.nodes.items():
        ends = ', shape=circle, width=0.2, label=""' if name in ("__start__", "__end__") else ""
        lines.append(f"  {json.dumps(name)} [label={json.dumps(node.name)}{ends}];")
    for edge in graph.edges:
        style = "dashed" if edge.conditional else "solid"
        label = f", label={json.dumps(str(edge.data))}" if edge.data and str(edge.data) != edge.target else ""
        lines.append(f"  {json.dumps(edge.source)} -> {json.dumps(edge.target)} [style={style}{label}];")
    return "\n".join([*lines, "}"])
