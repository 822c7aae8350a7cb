import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.keys import KeyFile, Role
from rag.config import Settings
from tests.api.conftest import here, opener, until_ready
from tests.api.scripted import ScriptedEngine
from tests.api.test_problems import problem

ORIGIN = "https://shop.example"
ASK = {"question": "How heavy is it?"}


@pytest.fixture
def slow(settings: Settings) -> Settings:
    """Five requests a minute with a credential, three for a box at one address."""
    update = {"credential_per_minute": 5, "address_per_minute": 3, "origins": (ORIGIN,)}
    return settings.model_copy(update={"serving": settings.serving.model_copy(update=update)})


def asks(client: TestClient, credential: str, times: int) -> list[int]:
    headers = {"Authorization": f"Bearer {credential}"}
    return [client.post("/v1/ask", json=ASK, headers=headers).status_code for _ in range(times)]


def test_each_key_has_its_own_share(slow: Settings, engine: ScriptedEngine) -> None:
    file = KeyFile(slow.serving.keys)
    first, second = (file.create(Role.SERVER, "shop")[0] for _ in range(2))
    with here(create_app(slow, opener(engine))) as client:
        until_ready(client)
        assert asks(client, first, 6) == [200] * 5 + [429]
        response = client.post("/v1/ask", json=ASK, headers={"Authorization": f"Bearer {first}"})
        assert problem(response, 429).type == "urn:shelftalk:problem:rate"
        assert 1 <= int(response.headers["retry-after"]) <= 60
        assert asks(client, second, 1) == [200]


def test_boxes_at_one_address_share(slow: Settings, engine: ScriptedEngine) -> None:
    KeyFile(slow.serving.keys).create(Role.SERVER, "shop")
    with here(create_app(slow, opener(engine))) as client:
        until_ready(client)
        page = {"Origin": ORIGIN}
        tokens = [client.post("/v1/widget/token", headers=page).json()["token"] for _ in range(2)]
        assert asks(client, tokens[0], 1) == [200]
        assert asks(client, tokens[1], 1) == [429]
        problem(client.post("/v1/widget/token", headers=page), 429)


def test_who_guesses_keys_is_slowed_down(slow: Settings, engine: ScriptedEngine) -> None:
    KeyFile(slow.serving.keys).create(Role.SERVER, "shop")
    with here(create_app(slow, opener(engine))) as client:
        assert asks(client, "admin_0_0", 4) == [401] * 3 + [429]


def test_without_keys_nobody_is_counted(slow: Settings, engine: ScriptedEngine) -> None:
    with here(create_app(slow, opener(engine))) as client:
        until_ready(client)
        assert set(asks(client, "anything", 9)) == {200}
