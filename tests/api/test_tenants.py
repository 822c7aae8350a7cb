"""Two shops in one server: nothing of one is ever seen with the credentials of the other."""

import asyncio
import json
import logging
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import httpx2
import pytest
from mcp import Client
from mcp.server.mcpserver import MCPServer
from starlette.testclient import TestClient

from api.app import create_app
from api.keys import KeyFile, Role
from api.mcp import make_server
from api.shops import Shops
from indexer.build import build
from rag.config import Serving, Settings, Shop
from rag.engine import Engine
from rag.extractive import ExtractiveChat
from rag.index import Index
from rag.retrieval import Retriever
from tests.api.conftest import here, until_ready
from tests.api.test_access import ROUTES
from tests.api.test_mcp import TOOLS
from tests.doubles import HashingEmbedder, Silent

SHOPS = ("north", "south")
ORDER = 20261125
STEPS = 500
LISTS = (("GET", "/v1/feedback"), ("GET", "/v1/unanswered"))


def canary(shop: str, what: str) -> str:
    """A word that only this shop's documents, or its shoppers, say."""
    return f"canary{shop}{what}"


def product(shop: str, number: int = 41) -> str:
    """One that only this shop sells; 41 is a product's, 42 its sibling's."""
    return f"LX-{shop}-{number}"


BOTH = "LX-40"
"""A product that both sell, each by its own name."""


def foreign(text: str, other: str, sent: str) -> list[str]:
    """Canaries and ids of the other shop in a text, but those its reader sent."""
    found = re.findall(rf"canary{other}\w*|lx-(?:40-)?{other}[\w-]*", text.casefold())
    return [one for one in found if one not in sent.casefold()]


def write(shop: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    rows = [
        {
            "id": f"{product(shop, number)}-RED",
            "item_group_id": product(shop, number),
            "title": f"Lamp {canary(shop, 'title')} {number}",
            "description": f"A lamp, {canary(shop, 'answer')}.",
            "weight": "2 kg",
            "shop": shop,
        }
        for number in (41, 42)
    ]
    rows += [
        {
            "id": f"{BOTH}-{shop}-{colour}",
            "item_group_id": BOTH,
            "title": f"{canary(shop, 'own')} lamp – {colour}",
            "weight": "1 kg",
            "shop": shop,
        }
        for colour in ("RED", "SAGE")[: 1 + SHOPS.index(shop)]
    ]
    (folder / f"feed-{shop}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    pages = {
        f"faq-{shop}": f"# Questions\n\n## How long is the cord?\n\n{canary(shop, 'answer')}.",
        f"faq-lamp-{product(shop)}": f"# Lamp\n\n## Is it {canary(shop, 'bright')}?\n\nYes, it is.",
        f"returns-{shop}": f"# Returns\n\n30 days, {canary(shop, 'policy')}.",
    }
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(f"---\nshop: {shop}\n---\n{text}\n")


class Served(NamedTuple):
    client: TestClient
    keys: dict[str, str]
    corpora: dict[str, list[Path]]
    """What each shop's index is made of."""
    settings: Settings
    embedder: HashingEmbedder

    def publish(self, shop: str) -> None:
        own = self.settings.model_copy(update={"index": self.settings.shops[shop].index})
        build(self.corpora[shop], own, self.embedder, Silent())

    @property
    def shops(self) -> Shops:
        shops: Shops = self.client.app_state["service"].shops
        return shops


@pytest.fixture(params=["an index each", "one index"])
def served(
    request: pytest.FixtureRequest, tmp_path: Path, hashing_embedder: HashingEmbedder
) -> Iterator[Served]:
    shared = request.param == "one index"
    shops = {
        shop: Shop(
            index=tmp_path / ("both" if shared else shop) / "index",
            origins=(f"https://{shop}.example",),
        )
        for shop in SHOPS
    }
    serving = Serving(
        keys=tmp_path / "keys.json",
        database=f"sqlite:///{tmp_path / 'said.sqlite'}",
        credential_per_minute=10_000,
        address_per_minute=10_000,
    )
    settings = Settings(generator="extractive", shops=shops, serving=serving)
    corpora = {shop: [tmp_path / shop / "corpus"] for shop in SHOPS}
    for shop in SHOPS:
        write(shop, *corpora[shop])
    if shared:
        corpora = dict.fromkeys(SHOPS, [folder for shop in SHOPS for folder in corpora[shop]])

    def open_engine(of_shop: Settings) -> Engine:
        return Engine(
            Retriever(Index.open(of_shop.index), hashing_embedder), ExtractiveChat(), of_shop
        )

    file = KeyFile(serving.keys)
    keys = {shop: file.create(Role.ADMIN, shop)[0] for shop in SHOPS}
    with here(create_app(settings, open_engine, watch=0.05)) as client:
        found = Served(client, keys, corpora, settings, hashing_embedder)
        for shop in SHOPS:
            found.publish(shop)
        until_ready(client)
        yield found


class Operation(NamedTuple):
    """A call of a route."""

    route: tuple[str, str]
    path: str
    body: Any = None


def operations(shop: str, subject: str, rng: random.Random) -> list[Operation]:
    """Calls of every route, in words of `subject`: the shop itself, or the other one.

    Those of routes that show documents come several times.
    """
    about = product(subject)
    text = rng.choice(
        [
            "How long is the cord?",
            "returns?",
            "How heavy is it?",
            f"How heavy is the {canary(subject, 'title')}?",
            f"How heavy is {about.replace('-', '')}?",  # as one may write it, too
            f"Is it {canary(subject, 'bright').replace('bright', 'brihgt')}?",
            f"How heavy is {BOTH}, the {canary(subject, 'own').replace('own', 'onw')}?",
        ]
    )
    named = rng.choice(
        [
            None,
            None,
            about,
            about,
            BOTH,
            f"{about}-RED",
            f"{about[:-1]}7",
            about[:-1].lower(),
            "none",
        ]
    )
    scope = {"product_id": named} if named else {}
    if rng.random() < 0.2:
        scope["variant_id"] = rng.choice([f"{about}-RED", f"{about}-REF"])
    asked = {"question": text, **scope, "history": rng.choice([[], ["Is it red?"], [text]])}
    said = {"question": text, "helpful": rng.random() < 0.5, "text": canary(shop, "opinion")}
    document = rng.choice(
        [f"feed-{subject}.jsonl#{about}-RED", f"faq-{subject}.md", f"faq-{subject[:-1]}.md"]
    )
    chat = {
        "model": "shelftalk",
        "messages": [{"role": "user", "content": text}],
        "shelftalk": scope,
        "stream": rng.random() < 0.5,
    }
    suggested = f"?product_id={named}" if named else ""
    explained = {**asked, "explain": rng.random() < 0.7}
    showing = [
        Operation(("POST", "/v1/ask"), "/v1/ask", asked),
        Operation(("POST", "/v1/search"), "/v1/search", explained),
        Operation(("POST", "/v1/feedback"), "/v1/feedback", said),
        Operation(("POST", "/v1/chat/completions"), "/v1/chat/completions", chat),
        Operation(("GET", "/v1/suggestions"), f"/v1/suggestions{suggested}"),
        Operation(("GET", "/v1/documents/{id:path}"), f"/v1/documents/{quote(document, safe='')}"),
        Operation(("GET", "/demo/{product_id:path}"), f"/demo/{named or about}"),
        Operation(("POST", "/v1/widget/token"), "/v1/widget/token", {"shop": shop}),
    ]
    others = ROUTES.keys() - {operation.route for operation in showing}
    return 4 * showing + [Operation(route, *ROUTES[route][1:]) for route in sorted(others)]


def call(served: Served, shop: str, operation: Operation, events: bool) -> httpx2.Response:
    headers = {
        "Authorization": f"Bearer {served.keys[shop]}",
        "Origin": f"https://{shop}.example",
    }
    if events:
        headers["Accept"] = "text/event-stream"
    return served.client.request(
        operation.route[0], operation.path, json=operation.body, headers=headers
    )


def test_no_canary_of_another_shop_is_ever_seen(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rng = random.Random(ORDER)
    seen = dict.fromkeys(SHOPS, 0)
    sent: dict[str, str] = defaultdict(str)
    visited = set()
    for step in range(STEPS):
        shop = rng.choice(SHOPS)
        other = SHOPS[1 - SHOPS.index(shop)]
        if step % 100 == 50:  # the other shop publishes meanwhile
            page = next(
                path
                for folder in served.corpora[other]
                for path in folder.glob(f"returns-{other}.md")
            )
            page.write_text(
                f"---\nshop: {other}\n---\n# Returns\n\n{step} days, {canary(other, 'policy')}.\n"
            )
            served.publish(other)
        operation = rng.choice(operations(shop, rng.choice(SHOPS), rng))
        visited.add(operation.route)
        response = call(served, shop, operation, operation.path == "/v1/ask" and rng.random() < 0.3)
        assert response.status_code < 500, response.text
        # Errors may repeat what a client sent, and lists of questions what all of its shop did.
        said = response.request.content.decode() + unquote(str(response.request.url))
        sent[shop] += said
        text = response.text + json.dumps(dict(response.headers))
        found = foreign(text, other, sent[shop] if operation.route in LISTS else said)
        assert not found, (shop, operation, found)
        seen[shop] += canary(shop, "answer") in text
    assert visited == ROUTES.keys()
    assert min(seen.values()) > 10, "each shop sees its own"
    assert not any(canary(shop, "") in caplog.text for shop in SHOPS)


def test_an_assistant_sees_its_own_shop(served: Served) -> None:
    async def conversation(server: MCPServer[Any], shop: str, other: str) -> None:
        asked = ["How heavy is it?", f"How heavy is the {canary(other, 'title')}?", "returns?"]
        products = [product(other), product(other)[:-1] + "7", product(shop), BOTH, None]
        calls: list[tuple[str, dict[str, Any]]] = [
            *(("search_shop_policies_and_faqs", {"query": text}) for text in asked),
            *(("search", {"query": text}) for text in asked),
            *(("get_product", {"product_id": id}) for id in products if id),
            *(("ask", {"query": text, "product_id": id}) for text in asked for id in products),
            *(("fetch", {"id": f"faq-{of}.md"}) for of in SHOPS),
        ]
        assert {tool for tool, _ in calls} == TOOLS
        answers = []
        async with Client(server) as client:
            for tool, arguments in calls:
                answers.append(str(await client.call_tool(tool, arguments)))
                assert not foreign(answers[-1], other, json.dumps(arguments)), (tool, arguments)
        assert canary(shop, "answer") in str(answers)

    for shop, other in zip(SHOPS, reversed(SHOPS), strict=True):
        found = served.shops.get(shop)
        assert found is not None
        asyncio.run(conversation(make_server(found), shop, other))


def test_a_shop_s_index_counts_its_own(served: Served) -> None:
    for shop in SHOPS:
        headers = {"Authorization": f"Bearer {served.keys[shop]}"}
        told = served.client.get("/v1/index", headers=headers).json()
        variants = 1 + SHOPS.index(shop)  # of what both sell
        assert (told["documents"], told["products"]) == (5 + variants, 3)
        explained = {"question": "lamp", "explain": True}
        found = served.client.post("/v1/search", json=explained, headers=headers).json()
        assert found["explanation"]["passages"] == told["chunks"]
