"""Route × credential. A route that is not in the table fails."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx2
import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from api.access import Access
from api.addresses import names
from api.app import create_app
from api.keys import KeyFile, Role
from api.tokens import Token, signed
from api.web.widget import widget
from rag.config import Settings
from rag.engine import Engine
from rag.errors import ConfigError
from tests.api.conftest import Serve, here, opener, until_ready
from tests.api.scripted import ScriptedEngine
from tests.api.test_problems import problem

ORIGIN = "https://shop.example"
ASK = {"question": "How long is the cord?"}
DOCUMENT = "policies/returns.md"

EVERYONE = None
ROUTES: dict[tuple[str, str], tuple[Role | None, str, Any]] = {
    ("POST", "/v1/ask"): (Role.WIDGET, "/v1/ask", ASK),
    ("POST", "/v1/feedback"): (Role.WIDGET, "/v1/feedback", {**ASK, "helpful": True}),
    ("GET", "/v1/suggestions"): (Role.WIDGET, "/v1/suggestions?product_id=KT12", None),
    ("POST", "/v1/chat/completions"): (
        Role.SERVER,
        "/v1/chat/completions",
        {"model": "shelftalk", "messages": [{"role": "user", "content": ASK["question"]}]},
    ),
    ("GET", "/v1/models"): (Role.SERVER, "/v1/models", None),
    ("GET", "/v1/models/{id}"): (Role.SERVER, "/v1/models/shelftalk", None),
    ("POST", "/v1/search"): (Role.SERVER, "/v1/search", ASK),
    ("GET", "/v1/index"): (Role.SERVER, "/v1/index", None),
    ("GET", "/v1/documents/{id:path}"): (Role.SERVER, f"/v1/documents/{DOCUMENT}", None),
    ("POST", "/v1/index/reload"): (Role.ADMIN, "/v1/index/reload", None),
    ("GET", "/v1/feedback"): (Role.ADMIN, "/v1/feedback", None),
    ("GET", "/v1/unanswered"): (Role.ADMIN, "/v1/unanswered", None),
    ("GET", "/metrics"): (Role.ADMIN, "/metrics", None),
    ("POST", "/v1/widget/token"): (EVERYONE, "/v1/widget/token", {}),
    ("GET", "/widget/"): (EVERYONE, "/widget/", None),
    ("GET", "/widget/{version}/shelf-talk.js"): (EVERYONE, widget().path, None),
    ("GET", "/web/{name}"): (EVERYONE, "/web/lookup.js", None),
    ("GET", "/lookup"): (EVERYONE, "/lookup", None),
    ("GET", "/demo"): (Role.WIDGET, "/demo", None),
    ("GET", "/demo/{product_id:path}"): (Role.WIDGET, "/demo/KT12", None),
    ("GET", "/openapi.json"): (EVERYONE, "/openapi.json", None),
    ("HEAD", "/openapi.json"): (EVERYONE, "/openapi.json", None),
    ("GET", "/healthz"): (EVERYONE, "/healthz", None),
    ("HEAD", "/healthz"): (EVERYONE, "/healthz", None),
    ("GET", "/readyz"): (EVERYONE, "/readyz", None),
    ("HEAD", "/readyz"): (EVERYONE, "/readyz", None),
}
"""Who may call it at least, and a call of it that succeeds."""


class Shown(NamedTuple):
    """A credential, and what it is good for."""

    text: str | None
    role: Role | None
    origin: str | None = None


def made(access: Access, file: KeyFile, settings: Settings) -> dict[str, Shown]:
    keys = file.read()
    assert keys is not None
    revoked, key = file.create(Role.ADMIN, "shop")
    file.revoke(key.id)
    token, _ = access.token(ORIGIN, None)
    return {
        "none": Shown(None, None),
        "garbage": Shown("admin_00000000_" + "0" * 64, None),
        "revoked": Shown(revoked, None),
        "another shop's": Shown(file.create(Role.ADMIN, "elsewhere")[0], None),
        "expired": Shown(signed(Token("shop", ORIGIN, 1e9), keys.signing), None),
        "forged": Shown(signed(Token("shop", ORIGIN, 4e9), b"guess"), None),
        "unlisted": Shown(signed(Token("shop", "https://x.example", 4e9), keys.signing), None),
        "stolen": Shown(token, None, "https://thief.example"),
        "token": Shown(token, Role.WIDGET, ORIGIN),
        "server": Shown(file.create(Role.SERVER, "shop")[0], Role.SERVER),
        "admin": Shown(file.create(Role.ADMIN, "shop")[0], Role.ADMIN),
    }


@pytest.fixture
def closed(settings: Settings) -> Settings:
    """Settings of a service that has keys and lists one site."""
    serving = settings.serving.model_copy(
        update={"origins": (ORIGIN,), "address_per_minute": 10_000}
    )
    KeyFile(serving.keys).create(Role.ADMIN, "shop", "the first")
    return settings.model_copy(update={"serving": serving})


Call = Callable[[str, str, Any, Shown], httpx2.Response]


def call(client: TestClient, method: str, path: str, body: Any, shown: Shown) -> httpx2.Response:
    headers = {"Origin": shown.origin} if shown.origin else {}
    if shown.text is not None:
        headers["Authorization"] = f"Bearer {shown.text}"
    if path == "/v1/widget/token":
        headers["Origin"] = ORIGIN
    return client.request(method, path, json=body, headers=headers)


def test_every_route_with_every_credential(closed: Settings, small_engine: Engine) -> None:
    app = create_app(closed, opener(small_engine))
    with here(app) as client:
        until_ready(client)
        access = client.app_state["service"].access
        credentials = made(access, KeyFile(closed.serving.keys), closed)
        for (route, (needed, path, body)), (name, shown) in itertools.product(
            ROUTES.items(), credentials.items()
        ):
            response = call(client, route[0], path, body, shown)
            where = (route, name, response.text)
            if needed is EVERYONE or (shown.role is not None and shown.role >= needed):
                assert response.status_code in (200, 204), where
            else:
                status = 401 if shown.role is None else 403
                assert response.status_code == status, where
                if "error" in response.json():  # as OpenAI's clients read it
                    assert response.json()["error"]["code"] == "credential", where
                else:
                    assert problem(response, status).type.endswith(":credential"), where
                assert ("www-authenticate" in response.headers) is (status == 401)
            assert shown.text is None or shown.text not in response.text


def test_every_route_is_in_the_table(settings: Settings) -> None:
    app = create_app(settings, opener(ScriptedEngine()))
    found = {
        (method, route.path)
        for route in iter_route_contexts(app.routes)
        for method in route.methods or {"ANY"}
    }
    assert found == ROUTES.keys()


@pytest.mark.parametrize("origin", [None, "https://x.example", "null", "http://shop.example"])
def test_unlisted_pages_get_no_token(
    closed: Settings, engine: ScriptedEngine, origin: str | None
) -> None:
    with here(create_app(closed, opener(engine))) as client:
        headers = {"Origin": origin} if origin else {}
        problem(client.post("/v1/widget/token", headers=headers), 403)


def test_a_token_s_page_may_ask_across_origins_and_others_may_not(
    closed: Settings, engine: ScriptedEngine
) -> None:
    with here(create_app(closed, opener(engine))) as client:
        for origin, allowed in ((ORIGIN, True), ("https://x.example", False)):
            asked = {
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,content-type",
            }
            response = client.options("/v1/ask", headers=asked)
            assert (response.status_code == 200) is allowed
            assert (response.headers.get("access-control-allow-origin") == origin) is allowed
            response = client.post("/v1/ask", json=ASK, headers={"Origin": origin})
            assert ("access-control-allow-origin" in response.headers) is allowed


def test_without_keys_everyone_may_what_anonymous_may(serve: Serve, small_engine: Engine) -> None:
    client = serve(small_engine, host="0.0.0.0")
    assert client.post("/v1/search", json=ASK).status_code == 200
    assert client.post("/v1/widget/token").status_code == 200
    problem(client.get("/v1/feedback"), 403)
    # OpenAI's client cannot be without a key.
    headers = {"Authorization": "Bearer whatever"}
    assert client.post("/v1/search", json=ASK, headers=headers).status_code == 200


def test_without_keys_a_foreign_name_leads_to_nothing(small_shop: TestClient) -> None:
    """A page can make its own name lead to this machine (DNS rebinding)."""
    for (method, _), (needed, path, body) in ROUTES.items():
        for name, known in (("evil.example", False), ("evil.example:8000", False),
                            ("localhost:8000", True), ("[::1]:8000", True)):  # fmt: skip
            response = small_shop.request(method, path, json=body, headers={"Host": name})
            refused = needed is not None and not known
            assert (response.status_code == 403) is refused, (path, name, response.text)


def test_without_keys_a_foreign_page_does_nothing_of_an_admin_s(small_shop: TestClient) -> None:
    for (method, _), (needed, path, body) in ROUTES.items():
        for origin in ("https://evil.example", "null", "http://127.0.0.1:9", "http://127.0.0.1"):
            response = small_shop.request(method, path, json=body, headers={"Origin": origin})
            refused = needed is Role.ADMIN and origin != "http://127.0.0.1"
            assert (response.status_code == 403) is refused, (path, origin, response.text)


def test_with_keys_the_name_does_not_matter(closed: Settings, engine: ScriptedEngine) -> None:
    key, _ = KeyFile(closed.serving.keys).create(Role.SERVER, "shop")
    headers = {"Authorization": f"Bearer {key}", "Host": "answers.example"}
    with here(create_app(closed, opener(engine))) as client:
        until_ready(client)
        assert client.post("/v1/ask", json=ASK, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("named", "host", "fits"),
    [
        ("localhost", "127.0.0.1", True),
        ("LOCALHOST:8000", "127.0.0.1", True),
        ("127.0.0.1:8000", "localhost", True),
        ("127.1.2.3", "127.0.0.1", True),
        ("[::1]", "::1", True),
        ("192.168.1.5:8000", "192.168.1.5", True),
        ("Shelf.example:8000", "shelf.Example", True),
        ("anything.example", "0.0.0.0", True),
        ("anything.example", "::", True),
        ("anything.example", "127.0.0.1", False),
        ("192.168.1.6", "192.168.1.5", False),
        ("localhost.evil.example", "127.0.0.1", False),
        ("evil.example@localhost.evil.example", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("[", "127.0.0.1", False),
        ("[::1", "::1", False),
    ],
)
def test_which_names_are_a_service_s_own(named: str, host: str, fits: bool) -> None:
    assert names(named, host) is fits


def test_a_file_of_keys_that_is_damaged_lets_nobody_in(
    closed: Settings, engine: ScriptedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(closed, opener(engine))
    with here(app) as client:
        closed.serving.keys.write_text("{}")
        assert problem(client.post("/v1/ask", json=ASK), 503).type.endswith(":keys")
        assert str(closed.serving.keys) in caplog.text
    with pytest.raises(ConfigError), here(app):
        pass
