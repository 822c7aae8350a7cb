"""What all requests share."""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from anyio import CancelScope
from fastapi import Depends, Request

from api import tracing
from api.access import Access, Caller
from api.limits import Gate
from api.metrics import ServerMetrics
from api.problems import UnavailableError
from api.rates import Rates
from api.shops import Shops
from api.store import Store
from rag.errors import StoppedError, StoreError
from rag.stopping import stoppable
from rag.types import Answer, Question, Status

T = TypeVar("T")

SWEEP = 3600.0
"""Seconds between two looks for what was kept for long enough."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """One running service."""

    shops: Shops
    access: Access
    store: Store
    rates: Rates
    metrics: ServerMetrics
    gate: Gate
    """Before the engines."""
    heartbeat: float
    """Seconds of silence in a stream before a comment keeps it alive."""
    store_gate: Gate = field(default_factory=lambda: Gate(running=4, waiting=64))
    """Before the database."""

    async def run(self, request: Request, call: Callable[[], T]) -> T:
        """Wait for a turn before the engines and make the call, while the client waits for it.

        Raises:
            UnavailableError: it left, or too many wait.
        """
        left = threading.Event()
        turn = CancelScope()

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            left.set()
            turn.cancel()  # the wait for it; a call that has begun looks at `left` itself

        def stopping() -> T:
            with stoppable(left.is_set):
                return call()

        watcher = asyncio.create_task(watch())
        try:
            with turn, suppress(StoppedError):
                return await self.gate.run(stopping)
        finally:
            watcher.cancel()
        raise UnavailableError("left", "Whoever asked has left.")

    async def heard(self, caller: Caller, question: Question, answer: Answer) -> None:
        """Count and trace an answer, and keep what the documents did not say.

        That it cannot be kept harms no answer.
        """
        caller.shop.metrics.answered(answer)
        if not answer.cached:
            tracing.record(answer)
        if answer.status is not Status.ABSTAINED or answer.choices:
            return
        try:
            await self.store_gate.run(
                lambda: self.store.add_unanswered(
                    caller.shop.id, question.text, question.scope.product_id
                )
            )
        except (StoreError, UnavailableError) as error:
            _log.warning("An unanswered question was not kept: %s", error)

    async def sweep(self) -> None:
        """Delete what was kept for long enough: now, and again and again until cancelled."""
        while True:
            try:
                await self.store_gate.run(self.store.sweep)
            except Exception as error:  # whatever it is, the next time it may go well
                _log.warning("What was kept for long enough was not deleted: %s", error)
            await asyncio.sleep(SWEEP)


async def service_of(request: Request) -> Service:
    """The service the lifespan started. What is not async, FastAPI would call in a thread."""
    service: Service = request.state.service
    return service


Shared = Annotated[Service, Depends(service_of)]
"""A route's parameter: the service."""
