"""Whatever fits the OpenAPI, or nearly fits it, leads to no 5xx."""

from typing import Any, cast

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from rag.engine import Engine
from tests.api.conftest import Served


@pytest.mark.parametrize("examples", [4, pytest.param(300, marks=pytest.mark.soak)])
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_makes_the_service_fail(
    listening: Served, small_engine: Engine, mode: GenerationMode, examples: int
) -> None:
    address = listening(small_engine)
    schema = schemathesis.openapi.from_dict(httpx2.get(f"{address}/openapi.json").json())
    operations = [cast(Any, each).ok() for each in schema.get_all_operations()]
    assert len(operations) > 15
    asked: list[str] = []
    failed: list[tuple[str, int, str]] = []

    def ask(case: Any) -> None:
        response = case.call(base_url=address, timeout=20)
        asked.append(case.operation.label)
        if response.status_code >= 500:
            failed.append((case.as_curl_command(), response.status_code, response.text))

    for operation in operations:
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
            continue  # nothing to get wrong
        limited = settings(
            max_examples=examples,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        limited(given(case=operation.as_strategy(generation_mode=mode))(ask))()
    assert not failed, failed[:3]
    assert len(set(asked)) >= 8
