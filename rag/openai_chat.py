"""LangChain's client of OpenAI-compatible servers, kept from waiting for ever. Needs the extra."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Self

import httpx
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI

from rag.errors import GeneratorError


class OpenAIChat(ChatOpenAI):
    """Tells a stream that was cut off from one that came to its end."""

    @classmethod
    def within(cls, seconds: float, **options: Any) -> Self:  # noqa: ANN401  (ChatOpenAI's)
        """A client whose single requests last at most so long, whatever the server sends."""
        return cls(timeout=seconds, http_client=_Client(seconds), **options)

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:  # noqa: ANN401
        finished = False
        for chunk in super()._stream(*args, **kwargs):
            finished |= bool((chunk.generation_info or {}).get("finish_reason"))
            yield chunk
        if not finished:
            raise GeneratorError("The server's stream ended before the answer did.")


class _Client(httpx.Client):
    """Breaks a request off after so many seconds; httpx's own limits begin anew with each byte.

    Closes its connections when nobody needs it any more. Takes the proxies of the environment.
    """

    def __init__(self, seconds: float) -> None:
        def begin(request: httpx.Request) -> None:
            request.extensions["end"] = time.monotonic() + seconds

        super().__init__(event_hooks={"request": [begin], "response": [_bounded]})

    def __del__(self) -> None:
        with suppress(AttributeError):  # it was never made: the environment names no good proxy
            self.close()


def _bounded(response: httpx.Response) -> None:
    assert isinstance(response.stream, httpx.SyncByteStream)
    response.stream = _TimedStream(response.stream, response.request)


class _TimedStream(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, request: httpx.Request) -> None:
        self._inner = inner
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        for part in self._inner:
            if time.monotonic() > self._request.extensions["end"]:
                raise httpx.ReadTimeout("The server was not done in time.", request=self._request)
            yield part

    def close(self) -> None:
        self._inner.close()
