"""Who may come in: the holder of the one-time token, and afterwards of the cookie that it was exchanged for."""

import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

MOST_SESSIONS = 64
"""Cookies that hold at a time; the oldest goes."""


@dataclass(slots=True)
class Gate:
    """The secrets of one server. They live in memory alone, and end with it."""

    port: int
    remote: bool = False
    """Whether other machines may come, under any address of this one."""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    """Good for one visit; then there is another."""
    sessions: list[str] = field(default_factory=list)

    @property
    def cookie(self) -> str:
        """The cookie's name: browsers share cookies among all ports of a host."""
        return f"tui-trainer-{self.port}"

    def exchange(self, token: str) -> str | None:
        """The cookie's value for the token, which is used up by it; None for any other token."""
        if not secrets.compare_digest(token.encode(), self.token.encode()):
            return None
        self.token = secrets.token_urlsafe(32)
        session = secrets.token_urlsafe(32)
        self.sessions = [*self.sessions[-MOST_SESSIONS + 1 :], session]
        return session

    def knows(self, session: str) -> bool:
        """Whether this cookie was given out by this server."""
        return any(secrets.compare_digest(session.encode(), each.encode()) for each in self.sessions)

    def host_allowed(self, host: str) -> bool:
        """Whether a request's Host header is a name of this machine's own: a foreign name that leads here is DNS rebinding.

        The port is not looked at: through ``ssh -L`` it is another one.
        """
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in ("localhost", "127.0.0.1", "::1"):
            return True
        return self.remote and (_is_address(name) or name.casefold() in {socket.gethostname().casefold(), socket.getfqdn().casefold()})


def same_origin(origin: str | None, host: str) -> bool:
    """Whether a request's Origin header is the very page that this server served under ``host``."""
    if origin is None:
        return False
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.casefold() == host.casefold()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what is bound to ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def reachable_name(host: str) -> str:
    """How another machine calls what is bound to ``host``: all addresses of this machine go by its name."""
    try:
        everywhere = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        everywhere = False
    return socket.gethostname() if everywhere else host


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
