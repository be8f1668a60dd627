"""search_documents: passages of the user's documents that fit a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from state.result import Evidence
from tools.registry import ToolFailure, ToolOutput, ToolSpec, tool
from tools.unnamed import NO_DOCUMENTS

if TYPE_CHECKING:
    from memory.documents import DocumentIndex

_NAMED = 12
"""Documents that the description names."""


def search_documents(index: DocumentIndex | None) -> ToolSpec:
    """The tool `search_documents` over an index; unavailable, with the reason, without one."""
    names, unavailable = _documents(index)

    def search_documents(
        query: Annotated[str, Field(max_length=4000, description="A question or keywords.")],
        k: Annotated[int, Field(ge=1, le=50, description="How many passages.")] = 5,
    ) -> ToolOutput:
        if index is None:
            raise ToolFailure(str(unavailable), sent=False)
        from memory.documents import DocumentsError

        try:
            hits = index.search(query, k)
        except DocumentsError as error:
            raise ToolFailure(str(error)) from error
        value = [{"text": hit.text, "source": hit.source, "place": hit.place, "score": hit.score} for hit in hits]
        evidence = [
            Evidence(text=hit.text, source=hit.source, place=hit.place, score=hit.score, date=hit.date) for hit in hits
        ]
        return ToolOutput(value, evidence)

    search_documents.__doc__ = (
        "Find passages in the user's documents, by words and by meaning, best first.\n\n"
        'Returns a list of {"text", "source", "place", "score"}; a score below 0.25 means that nothing there is on the '
        f"topic.{_listed(names)}"
    )
    return tool(risk="read", trusted=False, timeout=30, unavailable=unavailable)(search_documents)


def _documents(index: DocumentIndex | None) -> tuple[list[str], str | None]:
    """The names of the documents, and why they can't be searched."""
    if index is None:
        return [], NO_DOCUMENTS
    from memory.documents import DocumentsError

    try:
        names = index.documents()
    except DocumentsError as error:
        return [], str(error)
    return names, None if names else "none of the documents could be read"


def _listed(names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f" The documents: {', '.join(names[:_NAMED])}{more}."
