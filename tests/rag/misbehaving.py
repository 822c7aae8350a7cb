"""A real HTTP server on this machine that speaks OpenAI's protocol, well or as badly as told."""

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

SAYS = "The cord is 90 cm long. It weighs 1"


def free_port() -> int:
    """A port nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def event(text: str | None, finish: str | None = None) -> bytes:
    delta = {"content": text} if text is not None else {}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps({**body, 'choices': [choice]})}\n\n".encode()


class _Handler(BaseHTTPRequestHandler):
    """The first part of the path is the manner; a proxy is given the whole address."""

    server: "Misbehaving"

    def log_message(self, *args: Any) -> None: ...

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        manner = urlsplit(self.path).path.split("/")[1]
        self.server.asked[manner] += 1
        with suppress(OSError):  # the client may have left
            getattr(self, manner)()

    def start(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.wfile.write(part)
            self.wfile.flush()

    def until_they_leave(self, *parts: bytes, pause: float) -> None:
        while not self.server.closing.wait(pause):
            try:
                self.send(*parts)
            except OSError:
                self.server.left.set()
                raise

    def well(self) -> None:
        self.start()
        self.send(event("The cord is "), event("90 cm long."), event(None, "stop"))
        self.send(b"data: [DONE]\n\n")

    def busy(self) -> None:
        if self.server.asked["busy"] == 1:
            self.start(429, "application/json", retry_after_ms="1")
            self.send(b'{"error": {"message": "slow down"}}')
        else:
            self.well()

    def refuses(self) -> None:
        self.start(500, "application/json", retry_after_ms="1")
        self.send(b'{"error": {"message": "no"}}')

    def denies(self) -> None:
        self.start(401, "application/json")
        self.send(b'{"error": {"message": "who are you?"}}')

    def never_begins(self) -> None:
        self.server.closing.wait(30)

    def stalls(self) -> None:
        self.start()
        self.send(event(SAYS))
        self.server.closing.wait(30)

    def pings(self) -> None:
        self.start()
        self.until_they_leave(b": ping\n\n", pause=0.02)

    def never_ends(self) -> None:
        self.start()
        self.send(event("The cord is 90 cm long. "))
        self.until_they_leave(event("Long "), pause=0.001)

    def cuts(self) -> None:
        self.start()
        self.send(event(SAYS))

    def breaks(self) -> None:
        self.start(content_length="100000")
        self.send(event(SAYS))

    def is_cut_by_its_limit(self) -> None:
        self.start()
        self.send(event(SAYS), event(None, "length"), b"data: [DONE]\n\n")

    def garbage(self) -> None:
        self.start()
        self.send(event(SAYS), b"data: {not json\n\n")

    def invalid_text(self) -> None:
        self.start()
        self.send(event(SAYS), b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n')

    def another_page(self) -> None:
        self.start(kind="text/html")
        self.send(b"<html>Welcome!</html>")

    def nothing(self) -> None:
        self.start()
        self.send(b"data: [DONE]\n\n")


class Misbehaving(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.closing = threading.Event()
        self.left = threading.Event()
        self.asked: Counter[str] = Counter()

    def generator(self, manner: str) -> str:
        """The name under which a client of this manner is opened."""
        return f"openai:m@http://127.0.0.1:{self.server_port}/{manner}"


@contextmanager
def misbehaving() -> Iterator[Misbehaving]:
    with Misbehaving() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()
