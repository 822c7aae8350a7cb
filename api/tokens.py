"""The box's credential: a signed note of minutes, so that a page need hold no secret."""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass

_PREFIX = "widget_"


@dataclass(frozen=True, slots=True)
class Token:
    """What is signed: for which shop, on whose pages, until when (seconds since 1970)."""

    shop: str
    origin: str
    until: float


def signed(token: Token, secret: bytes) -> str:
    """The token as text."""
    body = json.dumps([token.shop, token.origin, token.until]).encode()
    encoded = urlsafe_b64encode(body).decode().rstrip("=")
    return f"{_PREFIX}{encoded}.{_signature(encoded, secret)}"


def verified(text: str, secret: bytes) -> Token | None:
    """The token, if it was signed with this secret and its time is not over."""
    encoded, _, signature = text.removeprefix(_PREFIX).partition(".")
    if not text.startswith(_PREFIX) or not signature.isascii():
        return None
    if not hmac.compare_digest(signature, _signature(encoded, secret)):
        return None
    try:  # what we signed ourselves; only an older version may have signed another shape
        token = Token(*json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))))
    except (ValueError, TypeError, Base64Error):
        return None
    return token if token.until > time.time() else None


def _signature(encoded: str, secret: bytes) -> str:
    return hmac.new(secret, encoded.encode(), hashlib.sha256).hexdigest()
