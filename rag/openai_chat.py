"""LangChain's client of OpenAI-compatible servers, kept from waiting for ever. Needs the extra."""

import time
from collections.abc import Iterator
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
        return cls(timeout=seconds, http_client=_Client(transport=_Timed(seconds)), **options)

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:  # noqa: ANN401
        finished = False
        for chunk in super()._stream(*args, **kwargs):
            finished |= bool((chunk.generation_info or {}).get("finish_reason"))
            yield chunk
        if not finished:
            raise GeneratorError("The server's stream ended before the answer did.")


class _Client(httpx.Client):
    """Closes its connections when nobody needs it any more."""

    def __del__(self) -> None:
        self.close()


class _Timed(httpx.HTTPTransport):
    """Breaks a request off after so many seconds; httpx's own limits begin anew with each byte."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        end = time.monotonic() + self._seconds
        response = super().handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _TimedStream(response.stream, end, request)
        return response


class _TimedStream(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, end: float, request: httpx.Request) -> None:
        self._inner = inner
        self._end = end
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        for part in self._inner:
            if time.monotonic() > self._end:
                raise httpx.ReadTimeout("The server was not done in time.", request=self._request)
            yield part

    def close(self) -> None:
        self._inner.close()
