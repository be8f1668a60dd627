"""The HTTP app of a LangGraph server: the page under /page, for whoever may do everything there.

What the page runs is run in the server's process, with its settings and over its checkpoints; the queue and the list of
threads that the server itself keeps know nothing of it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import RedirectResponse, Response

from memory.settings import settings
from web.auth import ADMIN
from web.page import Site, create

AT = "/page"


class ServersSite(Site):
    """The page where ORCHESTRATE_API_TOKENS say who may do what: it shows every thread, so it is the admin's."""

    async def key(self) -> str | None:
        """The admin's token; None if the server has no tokens, empty if it has none for the admin."""
        tokens = (await asyncio.to_thread(settings)).api_tokens
        if not tokens:
            return None
        return tokens[ADMIN].get_secret_value() if ADMIN in tokens else ""


def create_app() -> Starlette:
    """The app that `langgraph.json` names."""
    site = ServersSite(how_to_open=f"it is that of '{ADMIN}' in the server's ORCHESTRATE_API_TOKENS")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await site.runs.stop()

    app = _application()(lifespan=lifespan)
    # Before the mount: the server's own routes come after these and take every path, so that no slash would be added.
    app.add_route(AT, _with_slash)
    app.mount(AT, create(site, hosts=("*",)))  # the door knows which hosts there may be without a token
    return app


def _application() -> type[Starlette]:
    """LangGraph's server takes Starlette's or FastAPI's; Aegra, which brings it, FastAPI's alone."""
    if "aegra_api" not in sys.modules:
        return Starlette
    from fastapi import FastAPI

    return FastAPI  # type: ignore[no-any-return]


async def _with_slash(request: object) -> Response:
    return RedirectResponse(f"{AT}/", status_code=307)


app = create_app()
