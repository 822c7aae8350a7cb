"""What Prometheus reads: of the whole server, and of one shop, so that none sees another's."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from api.limits import Gate
from rag.engine import Engine
from rag.types import Answer

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class ServerMetrics:
    """Requests, and the queue before the engines."""

    def __init__(self, gate: Gate) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "shelftalk_requests",
            "Requests by route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "shelftalk_request_seconds",
            "From the first byte of a request to the last of its response.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        running = Gauge(
            "shelftalk_running", "Calls that work in an engine now.", registry=self.registry
        )
        running.set_function(lambda: gate.running)
        waiting = Gauge(
            "shelftalk_waiting", "Calls that wait for their turn now.", registry=self.registry
        )
        waiting.set_function(lambda: gate.inside - gate.running)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)


class ShopMetrics:
    """Answers of one shop."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._stages = Histogram(
            "shelftalk_stage_seconds",
            "Stages of answers that were made afresh.",
            ["stage"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._answers = Counter(
            "shelftalk_answers",
            "Answers by how they ended, and whether they were remembered.",
            ["status", "cached"],
            registry=self.registry,
        )
        self._statements = Counter(
            "shelftalk_statements",
            "Sentences of answers by verdict.",
            ["verdict"],
            registry=self.registry,
        )
        self._index = Gauge(
            "shelftalk_index_info",
            "1 for the generation that answers.",
            ["generation", "model", "generator"],
            registry=self.registry,
        )

    def answered(self, answer: Answer) -> None:
        """Count an answer."""
        self._answers.labels(answer.status.value, str(answer.cached).lower()).inc()
        for statement in answer.statements:
            self._statements.labels(statement.verdict.value).inc()
        if not answer.cached:
            for stage, milliseconds in answer.timings_ms.items():
                self._stages.labels(stage).observe(milliseconds / 1000)

    def using(self, engine: Engine) -> None:
        """Tell which generation answers."""
        self._index.clear()
        manifest = engine.retriever.index.manifest
        self._index.labels(manifest.id, manifest.model, engine.model).set(1)


def exposed(*registries: CollectorRegistry) -> bytes:
    """All of them in Prometheus' text format."""
    return b"".join(generate_latest(registry) for registry in registries)
