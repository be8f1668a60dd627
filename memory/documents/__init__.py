"""The index of documents: what is in your files, found by words and by meaning, with its place."""

from memory.documents.content import DocumentsError
from memory.documents.index import DocumentIndex, IndexReport, index_for
from memory.documents.search import Hit

__all__ = ["DocumentIndex", "DocumentsError", "Hit", "IndexReport", "index_for"]
