"""The SDK's own client, in this process, over stdio and over HTTP."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver import MCPServer
from mcp.types import CallToolResult, TextContent

from api import mcp_command
from api.access import Access
from api.keys import KeyFile, Role
from api.mcp import NeedsKey, make_server
from api.rates import Rates
from api.shops import Shops
from rag.config import Settings, Shop
from rag.engine import Engine
from rag.errors import ConfigError
from tests.api.conftest import opener, served

TOOLS = {"search_shop_policies_and_faqs", "get_product", "ask", "search", "fetch"}
Talk = Callable[[Client], Awaitable[None]]


def said(result: CallToolResult) -> Any:
    """The JSON a tool gave, as text and as data, which are the same."""
    assert not result.is_error, result
    (content,) = result.content
    assert isinstance(content, TextContent)
    body = json.loads(content.text)
    assert body == result.structured_content
    return body


@pytest.fixture
def shops(settings: Settings, small_engine: Engine) -> Iterator[Shops]:
    shops = Shops(settings, opener(small_engine), every=60)
    shops.load()
    yield shops
    shops.stop()


def talk(shops: Shops, conversation: Talk) -> None:
    async def whole() -> None:
        async with Client(make_server(shops.only())) as client:
            await conversation(client)

    asyncio.run(whole())


def test_the_tools_are_these_and_say_what_they_take(shops: Shops) -> None:
    async def conversation(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == TOOLS
        for tool in tools:
            assert tool.description
            assert tool.input_schema["required"]

    talk(shops, conversation)


def test_policies_and_faqs_alone(shops: Shops) -> None:
    async def conversation(client: Client) -> None:
        arguments = {"query": "How long can I return goods?", "limit": 3}
        body = said(await client.call_tool("search_shop_policies_and_faqs", arguments))
        assert "30 days" in body["passages"][0]["text"]
        assert {passage["kind"] for passage in body["passages"]} <= {"policy", "faq"}
        assert len(body["passages"]) == 3

    talk(shops, conversation)


def test_a_product(shops: Shops) -> None:
    async def conversation(client: Client) -> None:
        body = said(await client.call_tool("get_product", {"product_id": "KT12"}))
        assert body["name"].startswith("Brook Kettle 1.2 L")
        assert any("0.98 kg" in text for text in body["specifications"])
        assert "products/KT12/faq.md" in [document["id"] for document in body["documents"]]
        assert "KT17" not in json.dumps(body)
        assert body["reviews"] == 1

    talk(shops, conversation)


def test_an_answer_and_an_honest_silence(shops: Shops) -> None:
    async def conversation(client: Client) -> None:
        arguments = {"query": "How long is the cord?", "product_id": "KT17"}
        body = said(await client.call_tool("ask", arguments))
        assert body["status"] == "answered" and "90 cm" in body["answer"]
        assert body["citations"][0]["document_id"] == "products/KT17/faq.md"
        arguments = {"query": "Does it have Wi-Fi?", "product_id": "KT17"}
        assert said(await client.call_tool("ask", arguments))["status"] == "abstained"

    talk(shops, conversation)


def test_what_search_finds_can_be_fetched_whole(shops: Shops) -> None:
    async def conversation(client: Client) -> None:
        found = said(await client.call_tool("search", {"query": "descaling"}))["results"]
        assert found and all(set(each) == {"id", "title", "url"} for each in found)
        assert len({each["id"] for each in found}) == len(found)
        for each in found:
            body = said(await client.call_tool("fetch", {"id": each["id"]}))
            assert set(body) == {"id", "title", "text", "url", "metadata"}
            assert (body["id"], body["title"], body["url"]) == tuple(each.values())
            assert body["text"]

    talk(shops, conversation)


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("ask", {"query": "How heavy?", "product_id": "KT1"}, "Did you mean"),
        ("ask", {"query": " "}, "empty"),
        ("ask", {"query": "x" * 2001}, "2000"),
        ("get_product", {"product_id": "nope"}, "'nope'"),
        ("fetch", {"id": "nope.md"}, "'nope.md'"),
        ("search", {}, "query"),
    ],
)
def test_mistakes_are_told_to_the_assistant(
    shops: Shops, tool: str, arguments: dict[str, Any], words: str
) -> None:
    async def conversation(client: Client) -> None:
        result = await client.call_tool(tool, arguments)
        assert result.is_error
        assert words in str(result.content)

    talk(shops, conversation)


def test_of_several_shops_only_the_one_is_loaded(
    settings: Settings, small_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shops = {id: Shop(index=settings.index.with_name(id)) for id in ("tea", "tents")}
    opened: list[str] = []

    def open_engine(settings: Settings, say: object) -> Engine:
        opened.append(settings.index.name)
        return small_engine

    monkeypatch.setattr(Engine, "open", open_engine)
    monkeypatch.setattr(mcp_command, "require_usable", lambda settings: None)
    monkeypatch.setattr("api.logs.to_stderr", lambda: None)
    monkeypatch.setattr(MCPServer, "run", lambda server, transport: None)
    mcp_command.run(settings.model_copy(update={"shops": shops}), "tents", None)
    assert opened == ["tents"]
    with pytest.raises(ConfigError, match="--shop must be one of tea, tents, not None"):
        mcp_command.run(settings.model_copy(update={"shops": shops}), None, None)


def test_over_http_where_there_are_keys(shops: Shops, settings: Settings) -> None:
    file = KeyFile(settings.serving.keys)
    key, _ = file.create(Role.SERVER, "shop")
    foreign, _ = file.create(Role.ADMIN, "elsewhere")
    shop = shops.only()
    app = NeedsKey(
        make_server(shop).streamable_http_app(),
        Access(shops, file, 60, "127.0.0.1"),
        Rates(1000, 6),
        shop,
    )

    async def conversation(address: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(f"{address}/mcp", http_client=http)) as client,
        ):
            body = said(await client.call_tool("ask", {"query": "When is the shop open?"}))
            assert body["status"] in ("answered", "abstained")

    with served(app) as address:
        asyncio.run(conversation(address))
        for wrong in ("", f"Bearer {foreign}", f"Basic {key}", "Bearer x"):
            response = httpx2.post(f"{address}/mcp", json={}, headers={"authorization": wrong})
            assert response.status_code == 401
        statuses = [httpx2.post(f"{address}/mcp", json={}).status_code for _ in range(3)]
        assert statuses == [401, 401, 429]  # who guesses is slowed down


@pytest.fixture
def command(sample_index: Path) -> list[str]:
    shelftalk = Path(sys.executable).with_name("shelftalk")
    return [str(shelftalk), "mcp", "--index", str(sample_index), "--generator", "extractive"]


async def asks(client: Client) -> None:
    assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
    arguments = {"query": "How heavy is it?", "product_id": "BR-KT17"}
    assert "1.15 kg" in said(await client.call_tool("ask", arguments))["answer"]


@pytest.mark.slow
def test_the_command_over_stdio(command: list[str], tmp_path: Path) -> None:
    async def whole() -> None:
        server = StdioServerParameters(
            command=command[0], args=command[1:], env=dict(os.environ), cwd=tmp_path
        )
        async with Client(server, read_timeout_seconds=60) as client:
            await asks(client)

    asyncio.run(whole())


@pytest.mark.slow
def test_the_command_over_http(command: list[str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*command, "--http", "--port", str(port)], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    try:

        async def whole() -> None:
            async with Client(f"http://127.0.0.1:{port}/mcp", read_timeout_seconds=60) as client:
                while (await client.call_tool("search", {"query": "kettle"})).is_error:
                    await asyncio.sleep(0.1)  # it loads
                await asks(client)

        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        asyncio.run(whole())
    finally:
        process.terminate()
        assert process.wait(20) in (0, -15)
        if process.stderr:
            process.stderr.close()
