"""Whose a draft is: products, kind, locale, dates; from its source, a sidecar, a rule, its path."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path, PurePosixPath

from indexer.discover import SIDECAR, SourceFile
from indexer.draft import Draft, clean
from indexer.front_matter import read_mapping
from indexer.report import Guess
from rag.config import Rule
from rag.errors import DocumentError
from rag.locale import base_language
from rag.types import Document, Kind

_KIND_OF_WORD = {
    word: kind
    for kind, words in {
        Kind.SPEC: "spec specs specification specifications feed datasheet datasheets products",
        Kind.POLICY: "policy policies terms legal",
        Kind.FAQ: "faq faqs",
        Kind.MANUAL: "manual manuals guide guides",
        Kind.REVIEW: "review reviews",
        Kind.PAGE: "help page pages",
    }.items()
    for word in words.split()
}
_TABLES = (".csv", ".tsv", ".xlsx")
_CONSUMED = frozenset(
    "title kind locale lang language url link version effective_from effective_until product_id "
    "product_ids variant_id variant_ids item_group_id id".split()
)


def told_of(file: SourceFile, rules: Sequence[Rule] = ()) -> Mapping[str, object]:
    """What a file's sidecar tells of all its documents, or else the first rule that fits its path.

    Raises:
        DocumentError: the sidecar cannot be read, or a date or kind is malformed.
    """
    about = {**_ruled(file, rules), **_sidecar(file.path)}
    _kind(about.get("kind"), file.place, None)
    _in_force(about)
    return about


def attribute(
    draft: Draft, file: SourceFile, told: Mapping[str, object]
) -> tuple[Document, list[Guess]]:
    """Complete a draft, and say what of it was guessed.

    The source's own word wins over what is told of the file, and that over the names of folders.

    Raises:
        DocumentError: a date or kind in the metadata is malformed.
    """
    about = {
        key: value
        for one in (told, draft.metadata)
        for key, value in one.items()
        if value not in (None, "")  # an empty cell is nobody's word
    }
    products = _ids(about, "product_id") or _product_of_folder(file.place)
    kind, told_by = _kind(about.get("kind"), file.place, draft.kind)
    first, last = _in_force(about)
    document = Document(
        id=clean(draft.id or (f"{file.name}#{draft.row}" if draft.row else file.name)),
        kind=kind,
        title=draft.title or _text(about, "title") or _title_of(file.name),
        text=draft.text,
        source=file.name,
        blocks=draft.blocks,
        pages=draft.pages,
        product_ids=products,
        variant_ids=_ids(about, "variant_id"),
        locale=_locale(about),
        url=_text(about, "url") or _text(about, "link"),
        effective_from=first,
        effective_until=last,
        version=_text(about, "version"),
        metadata=_others(about),
    )
    return document, [Guess(file.name, "kind", kind.value, told_by)] if told_by else []


def _ruled(file: SourceFile, rules: Sequence[Rule]) -> Mapping[str, str]:
    found = (rule.about(file.name) or rule.about(file.place) for rule in rules)
    return next((about for about in found if about is not None), {})


def _sidecar(path: Path) -> Mapping[str, object]:
    sidecar = path.with_name(path.name + SIDECAR)
    if not sidecar.is_file():
        return {}
    if sidecar.is_symlink():
        raise DocumentError(f"has a sidecar {sidecar.name} that is a link; copy the file instead")
    try:
        return read_mapping(sidecar.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DocumentError(
            f"has a sidecar {sidecar.name} that cannot be read: {error}; correct it"
        ) from error


def _product_of_folder(name: str) -> tuple[str, ...]:
    """`products/<id>/…` belongs to that product."""
    parts = PurePosixPath(name).parts
    for folder, product in zip(parts, parts[1:-1], strict=False):
        if folder == "products":
            return (product,)
    return ()


def _kind(given: object, name: str, form: Kind | None) -> tuple[Kind, str]:
    """The kind, and what it was guessed by."""
    if given is not None and str(given).strip():
        try:
            return Kind(str(given).strip().lower()), ""
        except ValueError:
            allowed = ", ".join(Kind)
            raise DocumentError(f"has kind {given!r}; allowed are {allowed}") from None
    path = PurePosixPath(name.removesuffix(".gz"))
    suffix = path.suffix.lower()
    for part in (path.stem, *reversed(path.parts[:-1])):
        kinds = [
            _KIND_OF_WORD[word]
            for word in re.findall(r"[a-z]+", part.lower())
            if word in _KIND_OF_WORD and not (word == "products" and suffix not in _TABLES)
        ]
        if kinds:  # the last: a `review-policy` is a policy; but a `faq-page` is a FAQ
            telling = [kind for kind in kinds if kind is not Kind.PAGE] or kinds
            return telling[-1], "file name" if part == path.stem else "folder name"
    return form or Kind.PAGE, "file type"


def _in_force(about: Mapping[str, object]) -> tuple[date | None, date | None]:
    """The first and the last day."""
    first, last = _day(about, "effective_from"), _day(about, "effective_until")
    if first and last and last < first:
        raise DocumentError(f"is in force until {last} but only from {first}; correct its dates")
    return first, last


def _title_of(name: str) -> str:
    words = re.sub(r"[-_\s]+", " ", PurePosixPath(name.removesuffix(".gz")).stem).strip()
    return words[:1].upper() + words[1:]


def _ids(about: Mapping[str, object], key: str) -> tuple[str, ...]:
    given = about.get(f"{key}s") or about.get(key)
    if given is None or given == "":
        return ()
    several = given if isinstance(given, list | tuple) else [given]
    ids = (clean(str(one)) for one in several)
    return tuple(dict.fromkeys(one for one in ids if one))


def _locale(about: Mapping[str, object]) -> str | None:
    for key in ("locale", "lang", "language"):
        if value := _text(about, key):
            return base_language(value)
    return None


def _others(about: Mapping[str, object]) -> dict[str, object]:
    """What else is told; the shop as a text, as settings name it, though YAML may read a number."""
    others = {key: value for key, value in about.items() if key not in {*_CONSUMED, "shop"}}
    shop = _text(about, "shop")
    return {**others, "shop": shop} if shop else others


def _text(about: Mapping[str, object], key: str) -> str | None:
    value = about.get(key)
    return clean(str(value)).replace("\n", " ") or None if value is not None else None


def _day(about: Mapping[str, object], key: str) -> date | None:
    value = about.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        raise DocumentError(f"has {key}: {value!r}; write a date like 2026-04-01") from None
