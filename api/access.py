"""Who calls: a credential becomes a role and a shop, or the request is sent away."""

import logging
import secrets
import time
from dataclasses import dataclass, replace
from http import HTTPStatus

from api.addresses import is_loopback, names
from api.keys import KeyFile, Keys, Role
from api.problems import RefusedError, UnavailableError
from api.requests import AskRequest
from api.shops import Shop, Shops
from api.tokens import Token, signed, verified
from rag.errors import ConfigError
from rag.types import Question

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and whose documents it may see."""

    role: Role
    shop: Shop
    credential: str | None
    """Names it without telling it; None where there are no keys."""

    def question(self, body: AskRequest) -> Question:
        """What is asked, in this caller's shop and no other.

        Raises:
            RefusedError: it names another shop.
        """
        question = body.asked()
        shop = self.shop.scope
        if shop is None:
            return question
        if question.scope.shop not in (None, shop):
            raise RefusedError(HTTPStatus.FORBIDDEN, "This credential is for another shop.")
        return replace(question, scope=replace(question.scope, shop=shop))


class Access:
    """Admits or refuses."""

    def __init__(self, shops: Shops, file: KeyFile, token_seconds: float, host: str) -> None:
        """Admit by the keys of a file.

        Args:
            shops: all there are.
            file: the keys; where there is none, everyone may do what `anonymous` may.
            token_seconds: how long a token of the box is good.
            host: the address the service listens on.
        """
        self._shops = shops
        self._file = file
        self._token_seconds = token_seconds
        self._host = host
        self._own_secret = secrets.token_bytes(32)

    @property
    def anonymous(self) -> Role:
        """What everyone may do as long as there are no keys.

        Whoever is on this machine may do all, others only ask and look up.
        """
        return Role.ADMIN if is_loopback(self._host) else Role.SERVER

    @property
    def open(self) -> bool:
        """There are no keys, and everyone is let in."""
        return self._keys() is None

    def _keys(self) -> Keys | None:
        """The keys. A file that is damaged lets nobody in."""
        try:
            return self._file.read()
        except ConfigError as error:
            _log.error("%s", error)
            raise UnavailableError(
                "keys", "The keys cannot be read; the server's log says why."
            ) from error

    def admit(self, presented: str | None, origin: str | None, host: str) -> Caller:
        """Who it is that presents this credential from a page of this origin, if any.

        Args:
            presented: a key or token.
            origin: of the page that asks, as browsers say it.
            host: the name the service is asked by, with its port.

        Raises:
            RefusedError: nobody we know; without keys, a page that may not ask.
        """
        keys = self._keys()
        if keys is None:
            return Caller(self._anyone(origin, host), self._shops.only(), None)
        if presented is None:
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED, "A key is needed. Send it as: Authorization: Bearer KEY."
            )
        caller = self._by_token(keys, presented, origin) or self._by_key(keys, presented)
        if caller is None:
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED,
                "The key or token is not known, was revoked, or its time is over.",
            )
        return caller

    def token(self, origin: str | None, shop_id: str | None) -> tuple[str, Shop]:
        """A token for the box on a page of this origin.

        Raises:
            RefusedError: the origin is on no list.
        """
        keys = self._keys()
        if keys is None:
            shop = self._shops.only()
            secret = self._own_secret
        else:
            shop = self._listed(origin, shop_id)
            secret = keys.signing
        until = time.time() + self._token_seconds
        return signed(Token(shop.id, origin or "", until), secret), shop

    def _anyone(self, origin: str | None, host: str) -> Role:
        """What may be done without a key. A browser asks for whatever page it shows."""
        if not names(host, self._host):
            raise RefusedError(
                HTTPStatus.FORBIDDEN,
                f"Without keys this service is asked as localhost or {self._host} only. Ask it so, "
                "or make a key with: shelftalk keys new",
            )
        own = origin in (None, f"http://{host}", f"https://{host}")
        return self.anonymous if own else Role.SERVER

    def _by_token(self, keys: Keys, presented: str, origin: str | None) -> Caller | None:
        token = verified(presented, keys.signing)
        shop = self._shops.get(token.shop) if token else None
        if token is None or shop is None:
            return None
        # Off the list again, a site's tokens are good no longer; nor are they on another's pages.
        if token.origin not in shop.origins or origin not in (None, token.origin):
            return None
        return Caller(Role.WIDGET, shop, presented[-16:])  # of its signature

    def _by_key(self, keys: Keys, presented: str) -> Caller | None:
        key = keys.find(presented)
        shop = self._shops.get(key.shop) if key else None
        return Caller(key.role, shop, key.id) if key and shop else None

    def _listed(self, origin: str | None, shop_id: str | None) -> Shop:
        found = [
            shop
            for shop in self._shops
            if origin in shop.origins and shop_id in (None, shop.id)
        ]  # fmt: skip
        if len(found) != 1:
            raise RefusedError(
                HTTPStatus.FORBIDDEN,
                "This page may not show the box. Its origin must be on the shop's list, `origins`; "
                "on several shops' lists, the request must name the shop.",
            )
        return found[0]
