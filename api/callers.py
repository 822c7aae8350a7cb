"""What routes ask for: a caller of at least some role."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.access import Caller
from api.keys import Role
from api.problems import RefusedError
from api.service import service_of

_bearer = HTTPBearer(
    auto_error=False, description="A key made by `shelftalk keys new`, or a token of the box."
)


def needs(role: Role) -> Callable[..., Awaitable[Caller]]:
    """A route's dependency: the caller, who must be of this role or a higher one."""

    async def caller(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> Caller:
        presented = credentials.credentials if credentials else None
        found = service_of(request).access.admit(presented, request.headers.get("origin"))
        if found.role < role:
            raise RefusedError(
                HTTPStatus.FORBIDDEN, f"This needs the key of {role.text} or higher."
            )
        return found

    return caller


ByWidget = Annotated[Caller, Depends(needs(Role.WIDGET))]
ByServer = Annotated[Caller, Depends(needs(Role.SERVER))]
ByAdmin = Annotated[Caller, Depends(needs(Role.ADMIN))]
