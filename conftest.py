"""What no test and no notebook is to notice of whoever runs them: keys, proxies, tracing, databases, the terminal.

Taken out when pytest starts, before anything is imported that reads it: some packages read their variables but once.
"""

from __future__ import annotations

import os
from pathlib import Path

_NOT_OURS = (
    "ORCHESTRATE_", "OPENAI_", "TAVILY_", "DDGS_", "LANGSMITH_", "LANGCHAIN_", "LANGGRAPH_", "OTEL_",
    "OPENINFERENCE_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "PGHOST", "PGPORT", "PGUSER", "PGPASS",
    "PGDATABASE", "PGSERVICE", "PGOPTIONS", "PGSSL", "COLUMNS", "LINES", "TERMINAL_WIDTH", "NO_COLOR", "FORCE_COLOR",
    "CLICOLOR", "PY_COLORS", "TTY_", "GITHUB_ACTIONS",
)  # fmt: skip

for _name in [name for name in os.environ if name.upper().startswith(_NOT_OURS)]:
    del os.environ[_name]
os.environ["LC_ALL"] = "C"  # a locale that isn't installed is one that shells complain of; messages are in English
os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # for the processes that tests start, wherever they do
