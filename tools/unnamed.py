"""Why a tool over the user's own documents or database lacks them when the user named none."""

from __future__ import annotations

from tools.registry import ToolSpec

NO_DOCUMENTS = "there are no documents; name files or folders with --docs, or in ORCHESTRATE_DOCS"
NO_DATABASE = "there is no database; name one with --db, or in ORCHESTRATE_DB, as sqlite:///sales.sqlite"
OF_THE_USER = {"search_documents": NO_DOCUMENTS, "query_database": NO_DATABASE}
"""Tools over what is the user's own, and the reason of those that lack only because nothing was named."""


def is_unreadable(spec: ToolSpec) -> bool:
    """Whether the user named documents or a database for a tool, and they can't be read. A question about them is to
    come to that, and not to leave for a search engine."""
    return spec.unavailable is not None and spec.unavailable != OF_THE_USER.get(spec.name, spec.unavailable)
