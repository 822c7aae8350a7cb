"""Around every request: an id, a line in the log, a count, and a net for what nobody caught."""

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import ServerMetrics
from api.problems import problem_response

_log = logging.getLogger(__name__)
_requests = logging.getLogger("shelftalk.requests")

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CLIENT_LEFT = 499
"""The status nginx logs for a client that did not wait."""


class Observing:
    """Gives each request an id, and tells how it ended.

    The log has the route's pattern, not the path, and no query: those may name people or products.
    """

    def __init__(self, app: ASGIApp, metrics: ServerMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and watch it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        id = _id_of(Headers(scope=scope).get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = id
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = id
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            _log.error("A request failed.", exc_info=error, extra={"request_id": id})
            if status:  # too late to tell; the connection must break off
                raise
            await problem_response(error, scope["path"])(scope, receive, watched)
        finally:
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", scope["state"].get("route", "unknown"))
            self._metrics.request(scope["method"], route, status or _CLIENT_LEFT, seconds)
            _requests.info(
                "request",
                extra={
                    "request_id": id,
                    "method": scope["method"],
                    "route": route,
                    "status": status or _CLIENT_LEFT,
                    "ms": round(seconds * 1000, 1),
                    **scope["state"].get("caller", {}),
                },
            )


def _id_of(given: str) -> str:
    return given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
