"""What OpenTelemetry is told, read back from its SDK."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api import tracing
from rag.types import Answer, Event, Question
from tests.api.conftest import Serve
from tests.api.scripted import ANSWER, ScriptedEngine

STAGES = ("retrieve", "select", "generate")


@pytest.fixture(scope="module")
def exporter() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracing, "tracer", provider.get_tracer("test"))
        yield exporter


def recorded(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    spans = {span.name: span for span in exporter.get_finished_spans()}
    exporter.clear()
    return spans


def times(span: ReadableSpan) -> tuple[int, int]:
    assert span.start_time is not None and span.end_time is not None
    return span.start_time, span.end_time


@given(timings=st.lists(st.floats(0, 5000), min_size=3, max_size=3), more=st.floats(0, 100))
def test_the_stages_lie_in_the_answer_one_after_the_other(
    exporter: InMemorySpanExporter, timings: list[float], more: float
) -> None:
    laps = dict(zip(STAGES, timings, strict=True))
    tracing.record(replace(ANSWER, timings_ms={**laps, "total": sum(timings) + more}))
    spans = recorded(exporter)
    whole = spans.pop("shelftalk.answer")
    assert list(spans) == [f"shelftalk.{stage}" for stage in STAGES]
    at, end = times(whole)
    for span, milliseconds in zip(spans.values(), timings, strict=True):
        begin, after = times(span)
        assert span.parent == whole.context and begin == at
        assert abs(after - at - milliseconds * 1e6) <= len(STAGES)  # rounded
        at = after
    assert at <= end


def test_an_answer_over_http_is_traced_once_and_without_its_words(
    serve: Serve, exporter: InMemorySpanExporter
) -> None:
    client = serve(ScriptedEngine())
    asked = {"question": "How heavy is it, says ada@example.org?", "product_id": "KETTLE"}
    assert client.post("/v1/ask", json=asked).status_code == 200
    with client.stream("POST", "/v1/ask", json=asked, headers={"accept": "text/event-stream"}) as r:
        r.read()
    spans = exporter.get_finished_spans()
    exporter.clear()
    answers = [span for span in spans if span.name == "shelftalk.answer"]
    assert len(answers) == 2
    for span in answers:
        assert span.attributes is not None
        assert span.attributes["shelftalk.status"] == ANSWER.status.value
    told = " ".join(span.to_json() for span in spans)
    assert "ada@example.org" not in told and ANSWER.text not in told


def test_a_remembered_answer_is_not_traced_again(
    serve: Serve, exporter: InMemorySpanExporter
) -> None:
    class Remembering(ScriptedEngine):
        def stream(self, question: Question) -> Iterator[Event]:
            for event in super().stream(question):
                yield replace(event, cached=True) if isinstance(event, Answer) else event

    client = serve(Remembering())
    assert client.post("/v1/ask", json={"question": "How heavy?"}).json()["cached"]
    assert recorded(exporter) == {}
