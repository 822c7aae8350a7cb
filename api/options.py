"""The options every command shares, and how they become settings, scopes and exit codes."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.shops import ONLY
from rag.config import Settings
from rag.errors import (
    ConfigError,
    FilterError,
    IndexMismatchError,
    IndexMissingError,
    InputError,
    ModelNotFoundError,
    ShelftalkError,
)
from rag.filters import parse
from rag.types import Kind, Scope

Index = Annotated[Path | None, typer.Option("--index", help="Folder of the index.")]
Embedder = Annotated[
    str | None,
    typer.Option("--embedder", help="minilm, a folder, or a Hugging Face id; plain:… not as int8."),
]
Generator = Annotated[
    str | None,
    typer.Option(
        "--generator",
        help="smollm2, extractive, a folder, a GGUF file, a Hugging Face id, or "
        "openai:<model>@<base url>.",
    ),
]
Keep = Annotated[
    int | None, typer.Option("--keep", min=1, help="How many published generations stay on disk.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Product = Annotated[
    str | None, typer.Option("--product", help="Only this product's and the shop's documents.")
]
Variant = Annotated[str | None, typer.Option("--variant", help="Leave other variants out.")]
Kinds = Annotated[
    list[Kind] | None, typer.Option("--kind", help="Only documents of this kind; repeatable.")
]
Locale = Annotated[
    str | None, typer.Option("--locale", help="Only this language, and documents without one.")
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="Documents in force on this day."),
]
Shop = Annotated[
    str | None, typer.Option("--shop", help="Where one index serves several: only this one.")
]
Where = Annotated[
    str | None,
    typer.Option("--filter", help='JSON, such as {"type": "gte", "key": "rating", "value": 4}.'),
]

_BAD_INPUT = (InputError, IndexMissingError, IndexMismatchError, ModelNotFoundError)


def scope(
    product: str | None,
    variant: str | None,
    kinds: list[Kind] | None,
    locale: str | None,
    as_of: datetime | None,
    shop: str | None,
    where: str | None,
) -> Scope:
    """The scope the options describe.

    Raises:
        FilterError: the filter is not JSON, or not of the grammar.
    """
    try:
        body = json.loads(where) if where is not None else None
    except (ValueError, RecursionError) as error:
        raise FilterError(f"The filter is not JSON: {error}.") from error
    return Scope(
        product_id=product,
        variant_id=variant,
        kinds=frozenset(kinds or ()),
        locale=locale,
        as_of=as_of.date() if as_of else None,
        shop=shop,
        where=None if where is None else parse(body),
    )


def one_shop(settings: Settings, id: str | None) -> str:
    """The shop that is meant; where there is but one, none need be named.

    Raises:
        ConfigError: there is none of this id, or several.
    """
    known = list(settings.shops) or [ONLY]
    if id is None and len(known) == 1:
        return known[0]
    if id not in known:
        raise ConfigError(f"--shop must be one of {', '.join(known)}, not {id!r}.")
    return id


def print_json(body: object) -> None:
    """What `--json` prints: one object on a line of stdout."""
    sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")


@contextmanager
def errors_as_exit_codes() -> Iterator[None]:
    """One clear line on stderr; exit 2 for bad input, 1 when the thing asked failed."""
    try:
        yield
    except ShelftalkError as error:
        _say(error)
        raise typer.Exit(2 if isinstance(error, _BAD_INPUT) else 1) from error
    except KeyboardInterrupt:
        sys.stderr.write("shelftalk: interrupted; what was published before is untouched.\n")
        raise typer.Exit(130) from None


@contextmanager
def errors_as_lines() -> Iterator[None]:
    """One clear line on stderr, and on we go."""
    try:
        yield
    except ShelftalkError as error:
        _say(error)


def _say(error: ShelftalkError) -> None:
    sys.stderr.write(f"shelftalk: {error}\n")
