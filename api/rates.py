"""How often someone may call: by credential, and by address for those who share a page's."""

import math
import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from api.problems import TooManyError


class Rates:
    """Counts calls in the last minute. Each process counts for itself."""

    def __init__(self, per_credential: int, per_address: int) -> None:
        self._credential = RateLimitItemPerMinute(per_credential)
        self._address = RateLimitItemPerMinute(per_address)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def credential(self, name: str) -> None:
        """Count a call of a credential.

        Raises:
            TooManyError: it called too often.
        """
        self._count(self._credential, "credential", name)

    def address(self, name: str) -> None:
        """Count a call from an address.

        Raises:
            TooManyError: it called too often.
        """
        self._count(self._address, "address", name)

    def _count(self, item: RateLimitItem, *names: str) -> None:
        if not self._limiter.hit(item, *names):
            reset = self._limiter.get_window_stats(item, *names).reset_time
            raise TooManyError(item.amount, max(1, math.ceil(reset - time.time())))
