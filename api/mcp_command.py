"""`shelftalk mcp`: on stdin and stdout for one assistant, or on HTTP for many."""

from api import logs, options, terminal
from api.access import Access
from api.addresses import listening
from api.keys import KeyFile
from api.rates import Rates
from api.shops import Shops
from rag.config import Settings
from rag.engine import Engine, require_usable
from rag.errors import ConfigError


def run(settings: Settings, shop_id: str | None, address: tuple[str, int] | None) -> None:
    """Serve until the assistant leaves, or the process is told to end.

    Args:
        settings: the effective settings.
        shop_id: whose documents, where there are several shops.
        address: host and port to listen on; None for stdin and stdout.

    Raises:
        ConfigError: the extra is missing, or the shop is unknown.
    """
    try:
        from api.mcp import NeedsKey, make_server
    except ImportError as error:
        raise ConfigError("This needs the extra: pip install 'shelftalk[mcp]'.") from error
    id = options.one_shop(settings, shop_id)
    if settings.shops:  # the others need not be loaded
        settings = settings.model_copy(update={"shops": {id: settings.shops[id]}})
    shops = Shops(settings, lambda each: Engine.open(each, terminal.say), every=1.0)
    shop = shops.only()
    require_usable(shop.settings)
    logs.to_stderr()
    server = make_server(shop)
    if address is None:
        shops.load()
        shops.start()
        server.run("stdio")
        return
    import uvicorn

    serving = settings.serving
    keys = KeyFile(serving.keys)
    if keys.read() is None:
        terminal.say(f"No keys in {keys.path}: whoever reaches this service may use it.")
    access = Access(shops, keys, 60 * serving.token_minutes, address[0])
    rates = Rates(serving.credential_per_minute, serving.address_per_minute)
    with listening(*address) as listener:
        shops.start()
        app = NeedsKey(server.streamable_http_app(host=address[0]), access, rates, shop)
        config = uvicorn.Config(app, log_config=None, access_log=False)
        uvicorn.Server(config).run(sockets=[listener])
