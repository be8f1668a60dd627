"""Two tools of one's own: one that reads, and one whose effect can't be undone and therefore asks.

ORCHESTRATE_TOOLS=examples/shop.py orchestrate ask "How many hammers are in stock?" --docs examples
"""

from __future__ import annotations

from tools.registry import ToolFailure, tool

STOCK = {"hammer": 14, "saw": 3}


@tool(trusted=True)
def stock(article: str) -> int:
    """How many pieces of an article are in stock."""
    name = article.lower().rstrip("s")
    if name not in STOCK:
        raise ToolFailure(f"there is no article '{article}'; there are: {', '.join(STOCK)}", kind="invalid_arguments")
    return STOCK[name]


@tool(risk="irreversible")
def order(article: str, pieces: int) -> str:
    """Order pieces of an article from the wholesaler."""
    return f"{pieces} pieces, to be delivered on Monday"
