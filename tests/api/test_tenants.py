"""Two shops in one server: nothing of one is ever seen with the credentials of the other."""

import json
import logging
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.keys import KeyFile, Role
from indexer.build import build
from rag.config import Serving, Settings, Shop
from rag.engine import Engine
from rag.extractive import ExtractiveChat
from rag.index import Index
from rag.retrieval import Retriever
from tests.api.conftest import here, until_ready
from tests.doubles import HashingEmbedder, Silent

SHOPS = ("north", "south")
ORDER = 20261125
STEPS = 400


def canary(shop: str, what: str) -> str:
    """A word that only this shop's documents, or its shoppers, say."""
    return f"canary{shop}{what}"


def write(shop: str, folder: Path) -> None:
    (folder / "products").mkdir(parents=True)
    (folder / "feed.jsonl").write_text(
        json.dumps(
            {"id": f"P-{shop}-1", "title": f"Lamp {canary(shop, 'title')}", "weight": "2 kg"}
        )
        + "\n"
    )
    (folder / "faq.md").write_text(
        f"# Questions\n\n## How long is the cord?\n\nIt is 90 cm, {canary(shop, 'answer')}.\n"
    )
    (folder / "returns.md").write_text(f"# Returns\n\n30 days, {canary(shop, 'policy')}.\n")


class Served(NamedTuple):
    client: TestClient
    keys: dict[str, str]
    settings: Settings
    folder: Path


@pytest.fixture
def served(tmp_path: Path, hashing_embedder: HashingEmbedder) -> Iterator[Served]:
    shops = {shop: Shop(index=tmp_path / shop / "index") for shop in SHOPS}
    serving = Serving(
        keys=tmp_path / "keys.json",
        database=f"sqlite:///{tmp_path / 'said.sqlite'}",
        credential_per_minute=10_000,
        address_per_minute=10_000,
    )
    settings = Settings(generator="extractive", shops=shops, serving=serving)
    for shop in SHOPS:
        write(shop, tmp_path / shop / "corpus")
        own = settings.model_copy(update={"index": shops[shop].index})
        build([tmp_path / shop / "corpus"], own, hashing_embedder, Silent())

    def open_engine(of_shop: Settings) -> Engine:
        return Engine(
            Retriever(Index.open(of_shop.index), hashing_embedder), ExtractiveChat(), of_shop
        )

    file = KeyFile(serving.keys)
    keys = {shop: file.create(Role.ADMIN, shop)[0] for shop in SHOPS}
    with here(create_app(settings, open_engine, watch=0.05)) as client:
        until_ready(client)
        yield Served(client, keys, settings, tmp_path)


def operation(served: Served, shop: str, rng: random.Random) -> httpx2.Response:
    """One random call of a shop, as likely with words of the other shop as with its own."""
    subject = rng.choice(SHOPS)
    text = rng.choice(
        ["How long is the cord?", "returns?", "How heavy is it?", canary(subject, "title")]
    )
    product = rng.choice([None, None, f"P-{subject}-1"])
    asked = {"question": text, **({"product_id": product} if product else {})}
    said = {**asked, "helpful": rng.random() < 0.5, "text": canary(shop, "opinion")}
    method, path, body = rng.choice(
        [
            ("POST", "/v1/ask", asked),
            ("POST", "/v1/ask", asked),
            ("POST", "/v1/search", asked),
            ("POST", "/v1/feedback", said),
            ("GET", "/v1/feedback", None),
            ("GET", "/v1/unanswered", None),
            ("GET", f"/v1/suggestions?product_id={product or 'none'}", None),
            ("GET", f"/v1/documents/feed.jsonl%23P-{subject}-1", None),
            ("GET", "/v1/documents/faq.md", None),
            ("GET", "/v1/index", None),
            ("POST", "/v1/index/reload", None),
            ("GET", "/demo", None),
        ]
    )
    headers = {"Authorization": f"Bearer {served.keys[shop]}"}
    if method == "POST" and body and path == "/v1/ask" and rng.random() < 0.3:
        headers["Accept"] = "text/event-stream"
    return served.client.request(method, path, json=body, headers=headers)


def sent(response: httpx2.Response) -> str:
    """What the shop's own clients sent: errors and lists of questions may repeat it to them."""
    request = response.request
    lists = ("/v1/unanswered", "/v1/feedback")
    words = " ".join(canary(shop, "title") for shop in SHOPS) if request.url.path in lists else ""
    return words + request.content.decode() + str(request.url)


def test_no_canary_of_another_shop_is_ever_seen(
    served: Served, hashing_embedder: HashingEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rng = random.Random(ORDER)
    seen = dict.fromkeys(SHOPS, 0)
    for step in range(STEPS):
        shop = rng.choice(SHOPS)
        other = SHOPS[1 - SHOPS.index(shop)]
        if step % 100 == 50:  # the other shop publishes meanwhile
            write_again = served.folder / other / "corpus" / "returns.md"
            write_again.write_text(f"# Returns\n\n{step} days, {canary(other, 'policy')}.\n")
            own = served.settings.model_copy(update={"index": served.settings.shops[other].index})
            build([served.folder / other / "corpus"], own, hashing_embedder, Silent())
        response = operation(served, shop, rng)
        assert response.status_code < 500, response.text
        text = response.text + json.dumps(dict(response.headers))
        foreign = [
            canary(other, what)
            for what in ("title", "answer", "policy", "opinion")
            if canary(other, what) in text and canary(other, what) not in sent(response)
        ]
        assert not foreign, (shop, response.request.url, foreign)
        seen[shop] += canary(shop, "answer") in text
    assert min(seen.values()) > 10, "each shop sees its own"
    assert not any(canary(shop, "") in caplog.text for shop in SHOPS)
