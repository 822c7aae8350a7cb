"""Logs: one JSON object a line, without what shoppers wrote, keys, or prompts."""

import logging
import sys
import traceback
from types import TracebackType

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.orjson import OrjsonFormatter

from rag.errors import GeneratorError, ShelftalkError

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class SafeFormatter(OrjsonFormatter):
    """Tells of an exception what it is and where it arose, not what it says.

    What it says may quote the question, a document or the prompt. Our own errors are written to be
    read, but for those that repeat a model server's words.
    """

    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            # uvicorn says each line twice, once in colours
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],
        )

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        args = record.args
        if args and isinstance(args, tuple):
            record = logging.makeLogRecord(record.__dict__)
            record.args = tuple(
                told(arg) if isinstance(arg, BaseException) else arg for arg in args
            )
        return super().format(record)

    def formatException(self, ei: ExcInfo) -> list[str]:  # type: ignore[override]
        """The kinds of the exception and its causes, each with where it arose."""
        lines: list[str] = []
        error = ei[1]
        while error is not None and len(lines) < 100:
            frames = traceback.extract_tb(error.__traceback__)
            lines.append(_kind(error))
            lines += [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
            error = error.__cause__ or error.__context__
        return lines


def told(error: BaseException) -> str:
    """What of an exception may be logged."""
    if isinstance(error, ShelftalkError) and not isinstance(error, GeneratorError):
        return str(error)
    cause = error.__cause__
    return f"{_kind(error)} from {_kind(cause)}" if cause else _kind(error)


def _kind(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")


def to_stderr(level: int = logging.INFO) -> None:
    """Send everything that is logged in this process to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for chatty in ("httpx", "httpx2", "httpcore", "httpcore2", "openai"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # they log addresses
