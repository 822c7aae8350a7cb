"""Errors as RFC 9457 problem details: one body for every route, and for a failing stream."""

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from rag.errors import (
    IndexMissingError,
    InputError,
    QuestionError,
    ScopeError,
    ShelftalkError,
    StoreError,
)

MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger(__name__)

_OPENAI_PATHS = ("/v1/chat/", "/v1/models")
_PREFIX = "urn:shelftalk:problem:"
_INPUT_ERRORS: tuple[tuple[type[InputError], HTTPStatus, str, str], ...] = (
    (QuestionError, HTTPStatus.UNPROCESSABLE_ENTITY, "question", "The question cannot be used"),
    (ScopeError, HTTPStatus.NOT_FOUND, "scope", "Unknown product, variant or kind"),
    (InputError, HTTPStatus.UNPROCESSABLE_ENTITY, "input", "The input cannot be used"),
)
_DETAILS = {
    HTTPStatus.NOT_FOUND: "There is nothing at this path; /openapi.json lists what there is.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body must be JSON; send it as application/json.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This path does not take this method; see the Allow header.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large; at most 65,536 bytes are allowed.",
}


class Problem(BaseModel):
    """What went wrong, in the members RFC 9457 defines."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str = Field(description="A URI that names the kind of problem, stable across versions.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time, and what to do about it.")


class UnavailableError(Exception):
    """The service cannot answer now. `retry_after` seconds later it may; None: not by itself."""

    def __init__(self, slug: str, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.slug = slug
        self.retry_after = retry_after


class TooManyError(Exception):
    """The caller asks more often than it may; after `retry_after` seconds it may again."""

    def __init__(self, allowed: int, retry_after: int) -> None:
        super().__init__(
            f"At most {allowed} requests a minute are allowed. Ask again in {retry_after} s."
        )
        self.retry_after = retry_after


class RefusedError(Exception):
    """The caller may not do this: 401 where a credential is missing or no good, else 403."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def problem_of(error: Exception) -> Problem:
    """Describe any exception for a client; the server's internals stay out."""
    for kind, status, slug, title in _INPUT_ERRORS:
        if isinstance(error, kind):
            return Problem(type=_PREFIX + slug, title=title, status=status, detail=str(error))
    match error:
        case UnavailableError():
            return _unavailable(error.slug, str(error))
        case RefusedError():
            return Problem(
                type=_PREFIX + "credential",
                title="No credential" if error.status == 401 else "Not allowed",
                status=error.status,
                detail=str(error),
            )
        case TooManyError():
            return Problem(
                type=_PREFIX + "rate",
                title="Too many requests",
                status=HTTPStatus.TOO_MANY_REQUESTS,
                detail=str(error),
            )
        case StoreError():
            return _unavailable("store", "Feedback cannot be kept now; the server's log says why.")
        case IndexMissingError():
            return _unavailable("no-index", "No index is published; the server's log says where.")
        case RequestValidationError():
            return Problem(
                type=_PREFIX + "request",
                title="The request is not valid",
                status=HTTPStatus.UNPROCESSABLE_ENTITY,
                detail=_readable(error),
            )
        case HTTPException():
            known = HTTPStatus(error.status_code)
            detail = _DETAILS.get(known, error.detail)
            return Problem(type="about:blank", title=known.phrase, status=known, detail=detail)
    return Problem(
        type="about:blank",
        title=HTTPStatus.INTERNAL_SERVER_ERROR.phrase,
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        detail="The server failed to answer; its log says why. Asking again may help.",
    )


def openai_error(problem: Problem) -> dict[str, object]:
    """A problem in the shape OpenAI's clients read."""
    kind = {True: "invalid_request_error", False: "server_error"}[problem.status < 500]
    code = problem.type.removeprefix(_PREFIX)
    error = {"message": problem.detail, "type": kind, "param": None, "code": code}
    return {"error": error}


def problem_response(error: Exception, path: str) -> JSONResponse:
    """The response for any exception, in the shape that is expected at a path."""
    problem = problem_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, HTTPException):
        headers |= error.headers or {}
    if isinstance(error, RefusedError) and error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, UnavailableError | TooManyError) and error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if path.startswith(_OPENAI_PATHS):
        return JSONResponse(openai_error(problem), problem.status, headers)
    return JSONResponse(problem.model_dump(), problem.status, headers, MEDIA_TYPE)


def log_failure(error: Exception) -> None:
    """Log what the client is not told; what the client did wrong is not logged."""
    if isinstance(error, ShelftalkError) and not isinstance(error, InputError):
        _log.error("%s: %s", type(error).__name__, error, exc_info=error)


def install(app: FastAPI) -> None:
    """Let every exception leave the app as a problem."""

    async def handle(request: Request, error: Exception) -> JSONResponse:
        log_failure(error)
        return problem_response(error, request.url.path)

    # Those of no kind but the last are raised again after the response, and the server logs them.
    for kind in (
        ShelftalkError,
        RefusedError,
        TooManyError,
        UnavailableError,
        RequestValidationError,
        HTTPException,
        Exception,
    ):
        app.add_exception_handler(kind, handle)


def _unavailable(slug: str, detail: str) -> Problem:
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return Problem(type=_PREFIX + slug, title="Not available now", status=status, detail=detail)


def _readable(error: RequestValidationError) -> str:
    """All findings in one line, without what came: that may be long, private or not encodable."""
    findings = []
    for finding in error.errors():
        field = ".".join(str(part) for part in finding["loc"] if part != "body")
        if finding["type"] == "json_invalid":
            field = f"JSON at character {field}"
        findings.append(f"{field or 'the body (send application/json)'}: {finding['msg']}")
    return "; ".join(findings) + "."
