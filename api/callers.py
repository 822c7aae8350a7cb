"""What routes ask for: a caller of at least some role."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.access import Caller
from api.keys import Role
from api.problems import RefusedError
from api.service import Shared

_bearer = HTTPBearer(
    auto_error=False, description="A key made by `shelftalk keys new`, or a token of the box."
)


def address_of(request: Request) -> str:
    """The client's address; behind a proxy, the one it tells uvicorn."""
    return request.client.host if request.client else ""


def needs(role: Role) -> Callable[..., Awaitable[Caller]]:
    """A route's dependency: the caller, who must be of this role or a higher one."""

    async def caller(
        request: Request,
        service: Shared,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> Caller:
        presented = credentials.credentials if credentials else None
        address = address_of(request)
        try:
            found = service.access.admit(presented, request.headers.get("origin"))
        except RefusedError:
            service.rates.address(address)  # who guesses is slowed down
            raise
        request.state.caller = {"shop": found.shop.id, "role": found.role.text}
        if found.credential is not None:
            service.rates.credential(found.credential)
            if found.role is Role.WIDGET:
                service.rates.address(address)
        if found.role < role:
            raise RefusedError(
                HTTPStatus.FORBIDDEN, f"This needs the key of {role.text} or higher."
            )
        return found

    return caller


ByWidget = Annotated[Caller, Depends(needs(Role.WIDGET))]
ByServer = Annotated[Caller, Depends(needs(Role.SERVER))]
ByAdmin = Annotated[Caller, Depends(needs(Role.ADMIN))]
