"""What the service takes at most: bytes of a body, JSON alone, and questions at a time."""

from collections.abc import Callable
from http import HTTPStatus
from math import exp
from time import monotonic
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import UnavailableError, problem_response

MAX_BODY = 64 * 1024
"""Bytes of a request body."""
RUNNING = 8
"""Engine calls at a time. They are work for the processor: more would only slow each other."""
WAITING = 32
"""Engine calls that may wait for their turn; the next one is sent away."""
_OVERRUN = 50
"""Sent away in a second, from which on there is no time to look at what else is asked."""
_QUESTIONS = frozenset({"/v1/ask", "/v1/search", "/v1/chat/completions"})
"""Where a turn is asked for."""

T = TypeVar("T")


class Gate:
    """Runs calls in worker threads, a bounded number at a time."""

    def __init__(self, running: int = RUNNING, waiting: int = WAITING) -> None:
        self._waiting = waiting
        self._limiter = CapacityLimiter(running)
        self._most = running + waiting
        self.inside = 0
        """Calls that run or wait."""
        self._sent_away = 0.0
        self._last = monotonic()

    @property
    def running(self) -> int:
        """Calls that run."""
        return self._limiter.borrowed_tokens

    @property
    def overrun(self) -> bool:
        """Whether the next call would be sent away, as many lately were."""
        return self.inside >= self._most and self._lately() > _OVERRUN

    def send_away(self) -> UnavailableError:
        """What the next call is told; it is counted."""
        self._sent_away, self._last = self._lately() + 1, monotonic()
        return UnavailableError(
            "busy", f"{self._waiting} requests are waiting already. Ask again in a moment.", 2
        )

    def _lately(self) -> float:
        """How many were sent away, the earlier ones counted less: by e for each second."""
        return self._sent_away * exp(self._last - monotonic())

    async def run(self, call: Callable[[], T]) -> T:
        """Wait for a turn and make the call.

        Raises:
            UnavailableError: too many wait already.
        """
        # The limiter's own count lags: a call is in it only after it yielded to the event loop.
        if self.inside >= self._most:
            raise self.send_away()
        self.inside += 1
        try:
            return await to_thread.run_sync(call, limiter=self._limiter)
        finally:
            self.inside -= 1


class Shedding:
    """Sends questions away unread while a crowd asks: it would cost those that are answered.

    Until then a question is read first: /v1/ask needs no turn for an answer that is kept.
    """

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503, or pass the request on."""
        if scope["type"] == "http" and scope["path"] in _QUESTIONS and self._gate.overrun:
            scope["state"]["route"] = scope["path"]  # no route is looked up for it
            response = problem_response(self._gate.send_away(), scope["path"])
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class BodyRules:
    """Refuses a body that is declared too large, or as no JSON, before any of it is read.

    FastAPI's `max_body_size` counts what arrives. It would refuse a declared one too, but in plain
    text that no exception handler can change.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413 or 415, or pass the request on."""
        status = _refused(Headers(scope=scope)) if scope["type"] == "http" else None
        if status is not None:
            await problem_response(HTTPException(status), scope["path"])(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _refused(headers: Headers) -> int | None:
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    has_body = declared not in ("", "0") or "transfer-encoding" in headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and kind != "application/json":
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    return None
