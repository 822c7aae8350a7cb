"""`shelftalk keys`: make, list and revoke the keys of a service."""

from typing import Annotated

import typer

from api import options
from api.keys import KeyFile, Role
from rag.config import Settings, load_settings
from rag.errors import ConfigError

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Make, list and revoke keys of the service."
)


@app.command(epilog="Example: shelftalk keys new server --note 'the shop back end'")
def new(
    role: Annotated[str, typer.Argument(help="server: ask and look up; admin: all.")],
    shop: Annotated[str | None, typer.Option(help="Which shop's, where there are several.")] = None,
    note: Annotated[str, typer.Option(help="What it is for.")] = "",
    json_: options.Json = False,
) -> None:
    """Make a key. It is shown now and never again: only its hash is kept."""
    with options.errors_as_exit_codes():
        settings = load_settings()
        text, key = _file(settings).create(_role(role), options.one_shop(settings, shop), note)
        if json_:
            options.print_json({"id": key.id, "key": text})
        else:
            typer.echo(text)
            typer.echo(
                f"Key {key.id} of shop {key.shop}. Keep it now: it is not shown again.", err=True
            )


@app.command("list", epilog="Example: shelftalk keys list")
def list_(json_: options.Json = False) -> None:
    """Show all keys, but not their secrets."""
    with options.errors_as_exit_codes():
        keys = _file(load_settings()).read()
        rows = [
            {
                "id": key.id,
                "role": key.role.text,
                "shop": key.shop,
                "created": key.created,
                "revoked": key.revoked,
                "note": key.note,
            }
            for key in (keys.by_id.values() if keys else ())
        ]
        if json_:
            options.print_json({"keys": rows})
            return
        for row in rows:
            state = f"revoked {row['revoked']}" if row["revoked"] else "good"
            typer.echo(
                f"{row['id']}  {row['role']:<6}  {row['shop']}  {row['created']}  {state}  "
                f"{row['note']}"
            )


@app.command(epilog="Example: shelftalk keys revoke 3f9a1c07")
def revoke(
    id: Annotated[str, typer.Argument(help="The key's id, as `keys list` shows it.")],
) -> None:
    """Let a key be good no longer, also where a service runs already."""
    with options.errors_as_exit_codes():
        key = _file(load_settings()).revoke(id)
        typer.echo(f"Key {key.id} of shop {key.shop} is revoked.")


def _file(settings: Settings) -> KeyFile:
    return KeyFile(settings.serving.keys)


def _role(name: str) -> Role:
    allowed = {role.text: role for role in (Role.SERVER, Role.ADMIN)}
    if name not in allowed:
        raise ConfigError(
            f"There are no keys of {name!r}; choose {' or '.join(allowed)}. A page needs no key "
            "but its origin among `serving.origins`."
        )
    return allowed[name]
