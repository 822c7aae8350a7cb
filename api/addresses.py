"""The address a service listens on, and the names it may be asked by."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from urllib.parse import urlsplit

from rag.errors import InputError


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket bound to an address.

    Raises:
        InputError: the address is not ours, or taken.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise InputError(
            f"{host}:{port} cannot be listened on: {error.strerror or error}. "
            "Choose another --host or --port."
        ) from error
    # Inherited by connections. asyncio sets it only where a socket names its protocol, and without
    # it a response in two pieces waits 40 ms for the client's delayed acknowledgement (RFC 1122).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with listener:
        yield listener


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def names(named: str, host: str) -> bool:
    """Whether a `Host` header names a service that listens on this address.

    A page can make its own name lead to any address (DNS rebinding); its requests then carry that
    name. What listens on all addresses may have any.
    """
    try:
        name = urlsplit(f"//{named}").hostname or ""
    except ValueError:  # a bracket too many
        return False
    return is_loopback(name) or name == host.lower() or _is_any(host)


def _is_any(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
