"""What routes ask for: a caller of at least some role."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from api.access import Access, Caller
from api.keys import Role
from api.problems import RefusedError
from api.rates import Rates
from api.service import Shared

_bearer = HTTPBearer(
    auto_error=False, description="A key made by `shelftalk keys new`, or a token of the box."
)


def address_of(asking: HTTPConnection) -> str:
    """The client's address; behind a proxy, the one it tells uvicorn."""
    return asking.client.host if asking.client else ""


def admitted(access: Access, rates: Rates, presented: str | None, asking: HTTPConnection) -> Caller:
    """Who it is that presents this credential; it is counted.

    Raises:
        RefusedError: nobody who may ask.
        TooManyError: it asks too often, or guesses.
    """
    headers, address = asking.headers, address_of(asking)
    try:
        found = access.admit(presented, headers.get("origin"), headers.get("host", ""))
    except RefusedError:
        rates.address(address)  # who guesses is slowed down
        raise
    asking.state.caller = {"shop": found.shop.id, "role": found.role.text}
    if found.credential is not None:
        rates.credential(found.credential)
        if found.role is Role.WIDGET:
            rates.address(address)
    return found


def needs(role: Role) -> Callable[..., Awaitable[Caller]]:
    """A route's dependency: the caller, who must be of this role or a higher one."""

    async def caller(
        request: Request,
        service: Shared,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> Caller:
        presented = credentials.credentials if credentials else None
        found = admitted(service.access, service.rates, presented, request)
        if found.role < role:
            raise RefusedError(
                HTTPStatus.FORBIDDEN, f"This needs the key of {role.text} or higher."
            )
        return found

    return caller


ByWidget = Annotated[Caller, Depends(needs(Role.WIDGET))]
ByServer = Annotated[Caller, Depends(needs(Role.SERVER))]
ByAdmin = Annotated[Caller, Depends(needs(Role.ADMIN))]
