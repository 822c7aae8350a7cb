"""OpenAI's own client against the service."""

import threading
from collections.abc import Iterator, Sequence

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam
from starlette.testclient import TestClient

from rag.engine import Engine
from rag.errors import GeneratorError
from tests.api.conftest import Serve, Served
from tests.api.scripted import STATEMENT, ScriptedEngine

CORD = "How long is the cord?"


def asked(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


@pytest.fixture
def chat(listening: Served, small_engine: Engine) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=listening(small_engine) + "/v1", api_key="x", max_retries=0
    ) as chat:
        yield chat


def test_a_completion_has_the_answer_its_citations_and_what_it_took(
    chat: openai.OpenAI, small_engine: Engine
) -> None:
    done = chat.chat.completions.create(
        model="shelftalk",
        messages=[{"role": "system", "content": "Be rude."}, *asked(CORD)],
        temperature=0.3,
        extra_body={"shelftalk": {"product_id": "KT12"}},
    )
    content = done.choices[0].message.content
    assert content is not None and "75 cm" in content and content.endswith("[1]")
    assert done.choices[0].finish_reason == "stop"
    extra = (done.model_extra or {})["shelftalk"]
    assert extra["status"] == "answered"
    assert extra["citations"][0]["document_id"] == "products/KT12/faq.md"
    assert extra["generation"] == small_engine.generation
    count = small_engine.retriever.embedder.count_tokens
    assert done.usage is not None
    assert done.usage.prompt_tokens == sum(count(["Be rude.", CORD]))
    assert done.usage.completion_tokens == sum(count([content]))
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens


def test_a_stream_says_the_same(chat: openai.OpenAI) -> None:
    scope = {"shelftalk": {"product_id": "KT17"}}
    whole = chat.chat.completions.create(model="shelftalk", messages=asked(CORD), extra_body=scope)
    chunks = list(
        chat.chat.completions.create(
            model="shelftalk",
            messages=asked(CORD),
            stream=True,
            stream_options={"include_usage": True},
            extra_body=scope,
        )
    )
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[-1].usage == whole.usage
    ends = [chunk for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason]
    assert len(ends) == 1
    extra = (ends[0].model_extra or {})["shelftalk"]
    assert extra["citations"] == (whole.model_extra or {})["shelftalk"]["citations"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_long_conversation_is_counted_where_nobody_else_waits_for_it(
    chat: openai.OpenAI, small_engine: Engine, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    embedder = small_engine.retriever.embedder
    count = embedder.count_tokens
    threads: list[str] = []

    def count_tokens(texts: Sequence[str]) -> list[int]:
        if "Be rude." in texts:
            threads.append(threading.current_thread().name)
        return count(texts)

    monkeypatch.setattr(embedder, "count_tokens", count_tokens)
    for _ in range(2):  # the second answer is remembered
        done = chat.chat.completions.create(
            model="shelftalk",
            messages=[{"role": "system", "content": "Be rude."}, *asked(CORD)],
            stream=stream,
            extra_body={"stream_options": {"include_usage": True}} if stream else {},
        )
        if isinstance(done, openai.Stream):
            list(done)
    assert len(threads) == 2
    assert all("worker" in name for name in threads)


@pytest.mark.parametrize("stream", [False, True])
def test_silence_is_said_in_words(chat: openai.OpenAI, stream: bool) -> None:
    question = asked("Does it have Wi-Fi?")
    scope = {"shelftalk": {"product_id": "KT12"}}
    if stream:
        chunks = list(
            chat.chat.completions.create(
                model="shelftalk", messages=question, stream=True, extra_body=scope
            )
        )
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    else:
        done = chat.chat.completions.create(model="shelftalk", messages=question, extra_body=scope)
        said = done.choices[0].message.content or ""
    assert "documents don't say" in said


def test_earlier_questions_are_the_history(serve: Serve, engine: ScriptedEngine) -> None:
    messages = [
        {"role": "user", "content": "Is it cordless?"},
        {"role": "assistant", "content": "No."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "And "}, {"type": "text", "text": "?"}],
        },
    ]
    body = {"model": "shelftalk", "messages": messages}
    assert serve(engine).post("/v1/chat/completions", json=body).status_code == 200
    assert (engine.asked[0].text, engine.asked[0].history) == ("And ?", ("Is it cordless?",))


def test_models(chat: openai.OpenAI) -> None:
    assert [model.id for model in chat.models.list()] == ["shelftalk"]
    assert chat.models.retrieve("shelftalk").id == "shelftalk"
    with pytest.raises(openai.NotFoundError, match="only 'shelftalk'"):
        chat.models.retrieve("gpt-4")


def test_errors_are_those_the_client_knows(chat: openai.OpenAI) -> None:
    create = chat.chat.completions.create
    with pytest.raises(openai.NotFoundError, match="only 'shelftalk'"):
        create(model="gpt-4", messages=asked(CORD))
    with pytest.raises(openai.NotFoundError, match="'nope'"):
        create(
            model="shelftalk",
            messages=asked(CORD),
            extra_body={"shelftalk": {"product_id": "nope"}},
        )
    for wrong in ({"produkt_id": "KT12"}, {"kinds": ["rumour"]}):
        with pytest.raises(openai.UnprocessableEntityError, match="shelftalk"):
            create(model="shelftalk", messages=asked(CORD), extra_body={"shelftalk": wrong})
    with pytest.raises(openai.UnprocessableEntityError, match="last message"):
        create(model="shelftalk", messages=[{"role": "assistant", "content": "Hello"}])
    with pytest.raises(openai.UnprocessableEntityError, match="2000"):
        create(model="shelftalk", messages=asked("x" * 2001))
    with pytest.raises(openai.APIStatusError) as caught:
        create(model="shelftalk", messages=asked("x" * 70_000))
    assert caught.value.status_code == 413
    assert isinstance(caught.value.body, dict) and "65,536" in caught.value.body["message"]


def test_a_stream_that_fails_raises_and_never_ends_well(listening: Served) -> None:
    address = listening(ScriptedEngine(GeneratorError("secret")))
    said: list[str] = []
    with openai.OpenAI(base_url=address + "/v1", api_key="x", max_retries=0) as chat:
        stream = chat.chat.completions.create(model="shelftalk", messages=asked("?"), stream=True)
        with pytest.raises(openai.APIError) as caught:
            for chunk in stream:
                said.append(chunk.choices[0].delta.content or "")
    assert said == [f"{STATEMENT.text} [1]"]
    assert "secret" not in str(caught.value)


def test_a_wrong_type_has_openai_s_shape(client: TestClient) -> None:
    response = client.post(
        "/v1/chat/completions", content=b"{}", headers={"content-type": "text/x"}
    )
    assert response.status_code == 415
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
