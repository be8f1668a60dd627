"""`orchestrate serve`: the page."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from cli import options

SERVE = """Serve the page: ask, watch the plan at work, approve, look back.

It listens on this machine alone. The address it prints carries a token; whoever has it can run goals as you.

\b
Examples:
  orchestrate serve
  orchestrate serve --docs manuals/ --port 9000
"""


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8765,
    docs: options.Docs = None,
    db: options.Db = None,
) -> None:
    from cli.errors import CommandError

    try:
        from web.page import Site
        from web.server import PageServer
    except ImportError as error:
        raise CommandError(f"the page needs the 'serve' extra: {error}", "pip install '.[serve]'") from None
    chosen = options.RunOptions(docs=docs, db=db)
    site = Site(docs=[str(path.absolute()) for path in chosen.docs or ()], db=chosen.db)
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise CommandError(f"nothing can listen on {host}:{port}: {error.strerror}", "choose another --port") from None
    with listening:
        names = tuple(dict.fromkeys([host, "127.0.0.1", "localhost"]))
        address = f"http://{host}:{listening.getsockname()[1]}/?token={site.token}"
        typer.echo(f"The page is at {address}\nCtrl-C ends it; what is under way can be resumed.")
        PageServer(site, hosts=names).run(sockets=[listening])
