"""Spans of OpenTelemetry: the stages of an answer, below whatever span the request has.

Without OpenTelemetry's SDK, or until it is set up, they cost next to nothing and go nowhere.
"""

import time

from opentelemetry import trace

from rag.types import Answer

TOTAL = "total"
tracer = trace.get_tracer("shelftalk")


def record(answer: Answer) -> None:
    """Tell of an answer that has just been made: one span, and one in it for each stage.

    They have the answer's times, and nothing of what was asked or answered.
    """
    end = time.time_ns()
    begin = end - _nanoseconds(answer.timings_ms.get(TOTAL, 0.0))
    whole = tracer.start_span("shelftalk.answer", start_time=begin)
    whole.set_attributes(
        {
            "shelftalk.status": answer.status.value,
            "shelftalk.confidence": answer.confidence,
            "shelftalk.generation": answer.generation,
            "shelftalk.model": answer.model,
            "shelftalk.degraded": answer.degraded,
        }
    )
    inside = trace.set_span_in_context(whole)
    for stage, milliseconds in answer.timings_ms.items():
        if stage != TOTAL:
            span = tracer.start_span(f"shelftalk.{stage}", inside, start_time=begin)
            begin = min(begin + _nanoseconds(milliseconds), end)
            span.end(begin)
    whole.end(end)


def _nanoseconds(milliseconds: float) -> int:
    return round(milliseconds * 1_000_000)
