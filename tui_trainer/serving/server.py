"""The server: textual-serve's engine behind our gate, with a page of our own that loads nothing from elsewhere."""

import html
import logging
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from string import Template
from typing import Any

from aiohttp import web
from textual_serve.server import Server

from tui_trainer.serving.gate import Gate, reachable_name, same_origin

PAGE = Path(__file__).parent / "page"
REFUSED = "This page belongs to whoever started the server: open the address that `tui-trainer serve` printed last. Each address works once.\n"
HEADERS = {
    "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
}  # fmt: skip
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self' ws://$host wss://$host; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Scripts and fonts from this server only; the terminal sets styles of its own."""
ENTERED = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=/"><title>tui-trainer</title>'
"""Not a redirect: the browser would take the next request for one of the page that the address was clicked on, and keep the cookie back."""
FRAMES = "30"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def app_command(arguments: Sequence[str]) -> str:
    """The shell command of one browser tab's app: ``exec``, so that the server's child is the app itself."""
    return "exec env TEXTUAL_FPS=" + FRAMES + " " + shlex.join([sys.executable, "-m", "tui_trainer", "open", *arguments])


def make_app(gate: Gate, command: str, told: Callable[[str], None] = lambda _: None) -> web.Application:
    """The application: every request but the exchange of the token needs the cookie. ``told`` gets each new token."""
    engine = Server(command, title="tui-trainer")

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        response: web.StreamResponse | None = _refusal(gate, request)
        if response is None:
            try:
                response = await handler(request)
            except web.HTTPException as error:
                response = web.Response(status=error.status, text=f"{error.status}\n")
        if not response.prepared:
            response.headers.update(HEADERS)
            response.headers["Content-Security-Policy"] = Template(POLICY).substitute(host=request.host if gate.host_allowed(request.host) else "localhost")
        return response

    async def index(request: web.Request) -> web.StreamResponse:
        if token := request.query.get("token"):
            session = gate.exchange(token)
            if session is not None:
                entered = web.Response(text=ENTERED, content_type="text/html")
                entered.set_cookie(gate.cookie, session, httponly=True, samesite="Strict", path="/", secure=request.secure)
                told(gate.token)
                return entered
            if not _has_cookie(gate, request):
                return web.Response(status=403, text=REFUSED)
        secure = "wss" if request.secure else "ws"
        text = Template((PAGE / "index.html").read_text("utf-8")).substitute(websocket=html.escape(f"{secure}://{request.host}/ws"))
        return web.Response(text=text, content_type="text/html")

    app = web.Application(middlewares=[guard])
    app.add_routes([
        web.get("/", index), web.get("/ws", engine.handle_websocket), web.get("/download/{key}", engine.handle_download),
        web.static("/static", engine.statics_path), web.static("/page", PAGE),
    ])  # fmt: skip
    return app


def _refusal(gate: Gate, request: web.Request) -> web.Response | None:
    """Why a request may not come in; None where it may."""
    if not gate.host_allowed(request.host):
        return web.Response(status=403, text="This server answers to localhost only.\n")
    origin = request.headers.get("Origin")
    if (origin is not None or request.path == "/ws") and not same_origin(origin, request.host):
        return web.Response(status=403, text="This request comes from another page.\n")
    if _has_cookie(gate, request) or (request.path == "/" and "token" in request.query and request.method == "GET"):
        return None
    return web.Response(status=403, text=REFUSED)


def _has_cookie(gate: Gate, request: web.Request) -> bool:
    return gate.knows(request.cookies.get(gate.cookie, ""))


def serve(host: str, port: int, arguments: Sequence[str], *, remote: bool, tell: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; ``tell`` gets each address to open. Raises OSError where the port cannot be had."""
    import asyncio

    logging.getLogger("textual-serve").addHandler(logging.NullHandler())
    asyncio.run(_serve(host, port, arguments, remote, tell))


async def _serve(host: str, port: int, arguments: Sequence[str], remote: bool, tell: Callable[[str], None]) -> None:
    import asyncio

    gate = Gate(port, remote)
    named = reachable_name(host)
    shown = f"[{named}]" if ":" in named else named

    def address(token: str) -> None:
        tell(f"http://{shown}:{gate.port}/?token={token}")

    runner = web.AppRunner(make_app(gate, app_command(arguments), address), access_log=None, handle_signals=False)
    await runner.setup()
    ended = asyncio.Event()
    try:
        site = web.TCPSite(runner, host, port, shutdown_timeout=2.0)
        await site.start()
        gate.port = _port(runner, port)
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(each, ended.set)
        address(gate.token)
        await ended.wait()
    finally:
        await runner.cleanup()


def _port(runner: web.AppRunner, asked: int) -> int:
    addresses: list[Any] = list(runner.addresses)
    return int(addresses[0][1]) if addresses else asked
