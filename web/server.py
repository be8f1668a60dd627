"""The server of the page."""

from __future__ import annotations

import socket

import uvicorn

from web.page import Site, create


class PageServer(uvicorn.Server):
    """Serves a site. Asked to end, it stops what is under way first, which ends the streams of the pages that watch."""

    def __init__(self, site: Site, *, hosts: tuple[str, ...] = ("127.0.0.1", "localhost")) -> None:
        super().__init__(uvicorn.Config(create(site, hosts=hosts), log_level="warning", timeout_graceful_shutdown=5))
        self.site = site

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self.site.runs.stop()
        await super().shutdown(sockets)
