"""Why a tool over the user's own documents or database lacks them when the user named none."""

from __future__ import annotations

NO_DOCUMENTS = "there are no documents; name files or folders with --docs, or in ORCHESTRATE_DOCS"
NO_DATABASE = "there is no database; name one with --db, or in ORCHESTRATE_DB, as sqlite:///sales.sqlite"
OF_THE_USER = {"search_documents": NO_DOCUMENTS, "query_database": NO_DATABASE}
"""The tools over what is the user's own, and the reason of those that lack only because nothing was named."""
