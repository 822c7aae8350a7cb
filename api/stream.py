"""An answer as server-sent events, made in a worker thread and stopped when the client leaves."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Protocol

from anyio import CancelScope
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from api.access import Caller
from api.limits import Gate
from api.problems import log_failure, problem_of
from api.service import Service
from rag.body import answer_body, citation_body, passage_body, statement_body
from rag.stopping import stoppable
from rag.types import Answer, Citation, Event, Question, Statement


class Mark(Enum):
    """What a pump gives where it has no event."""

    IDLE = "nothing came in time"
    END = "the answer is complete"


class Writer(Protocol):
    """How events become bytes: ours, or as OpenAI's clients read them."""

    def event(self, event: Event) -> bytes:
        """What an event looks like; nothing where it is not shown."""

    def error(self, error: Exception) -> bytes:
        """The end of a stream that failed."""

    def done(self) -> bytes:
        """The end of one that is whole."""


class Pump:
    """Runs an engine's iterator in one worker thread and hands over its events.

    In one thread from first to last, for a generator may hold what belongs to its thread (a lock,
    torch's inference mode). It never waits for the client: a slow reader keeps nobody's turn.
    """

    def __init__(self, gate: Gate, events: Callable[[], Iterator[Event]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[Event | Exception | Mark] = asyncio.Queue()
        self._stopped = threading.Event()
        self._scope = CancelScope()
        self._task = asyncio.create_task(self._run(gate, events))

    async def next(self, patience: float) -> Event | Mark:
        """The next event, if it comes within so many seconds. Raises what the engine raised."""
        try:
            async with asyncio.timeout(patience):
                item = await self._items.get()
        except TimeoutError:
            return Mark.IDLE
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        """Leave the queue, or stop the generation at its next event. Harmless after the end."""
        self._stopped.set()
        self._scope.cancel()

    async def _run(self, gate: Gate, events: Callable[[], Iterator[Event]]) -> None:
        with self._scope:  # cancels the wait for a turn; a thread at work is waited for
            try:
                await gate.run(lambda: self._iterate(events()))
            except Exception as error:  # raised again where the event is awaited
                self._items.put_nowait(error)
            else:
                self._items.put_nowait(Mark.END)

    def _iterate(self, events: Iterator[Event]) -> None:
        last: Event | None = None
        try:
            with stoppable(self._stopped.is_set):
                for last in events:
                    if self._stopped.is_set():
                        return
                    self._loop.call_soon_threadsafe(self._items.put_nowait, last)
        finally:
            if close := getattr(events, "close", None):
                close()
        if not isinstance(last, Answer):
            raise RuntimeError("The engine's stream ended without an answer.")


class AnswerStream(EventSourceResponse):
    """The events of a pump, from the first one that came, or from a first silence."""

    def __init__(
        self,
        pump: Pump,
        first: Event | Mark,
        writer: Writer,
        heartbeat: float,
        heard: Callable[[Answer], Awaitable[None]],
    ) -> None:
        """Make the response; `heard` is called with the answer once it is sent."""
        self._pump = pump
        self._writer = writer
        self._heard = heard
        # The headers FastAPI gives its own event streams: no cache and no proxy may hold one back.
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        super().__init__(self._frames(first, heartbeat), headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; stop making them when the client leaves."""
        try:
            await super().__call__(scope, receive, send)
        except ClientDisconnect:
            pass  # nobody is left to be told
        finally:
            self._pump.close()

    async def _frames(self, item: Event | Mark, heartbeat: float) -> AsyncIterator[bytes]:
        while item is not Mark.END:
            if isinstance(item, Mark):
                yield KEEPALIVE_COMMENT
            elif frame := self._writer.event(item):
                yield frame
            if isinstance(item, Answer):
                await self._heard(item)
            try:
                item = await self._pump.next(heartbeat)
            except Exception as error:  # the status is sent: only an event can still tell
                log_failure(error)
                yield self._writer.error(error)
                return
        yield self._writer.done()


@dataclass(frozen=True, slots=True)
class OwnEvents:
    """The events of `/v1/ask`, each with its name."""

    generation: str

    def event(self, event: Event) -> bytes:
        """An event with the body it has in the answer."""
        match event:
            case Citation():
                return _named("citation", citation_body(event))
            case Statement():
                return _named("statement", statement_body(event))
            case Answer():
                return _named("answer", answer_body(event))
            case passages:
                found = [passage_body(passage) for passage in passages]
                return _named("passages", {"passages": found, "generation": self.generation})

    def error(self, error: Exception) -> bytes:
        """The problem, as other routes answer with."""
        return _named("error", problem_of(error).model_dump())

    def done(self) -> bytes:
        """Everything was said."""
        return _named("done", {"generation": self.generation})


def _named(name: str, body: dict[str, Any]) -> bytes:
    data = json.dumps(body, ensure_ascii=False, allow_nan=False)
    return format_sse_event(event=name, data_str=data)


async def streamed(
    service: Service, caller: Caller, question: Question, writer: Callable[[str], Writer]
) -> AnswerStream:
    """Begin to answer as events; what is wrong with the question is raised before the first."""
    engine = caller.shop.engine
    pump = Pump(service.gate, lambda: engine.stream(question))
    try:
        # What is wrong with the question gets its own status. A long wait for a turn does not hold
        # the stream back: heartbeats must begin, and a client that leaves the queue be noticed.
        first = await pump.next(service.heartbeat)
    except BaseException:
        pump.close()
        raise
    heard = partial(service.heard, caller, question)
    return AnswerStream(pump, first, writer(engine.generation), service.heartbeat, heard)
