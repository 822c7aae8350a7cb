"""A table with an attribute a row → one document per product.

Such a table has a column of ids, one of attributes' names and one of their values; other columns
count where they say the same in all rows of a product.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from indexer.draft import Draft, clean
from indexer.loaders.names import by_plain_name, plain_name
from indexer.loaders.rows import ABOUT, BELONGS, PRODUCT_ID, PROSE, TEXT, TITLE, draft_of
from rag.errors import DocumentError

_SUBJECTS = ("product_id", "sku", "item_id", "id", "item_group_id", "product", "article_number")
_ATTRIBUTES = (
    "attribute_name", "attribute", "property", "parameter", "characteristic", "specification",
    "spec", "feature", "merkmal", "eigenschaft", "key", "name",
)  # fmt: skip
_VALUES = ("attribute_value", "value", "wert")
_UNITS = ("unit", "units", "uom", "einheit")
_APART = ("variant_id", "sku", "locale", "lang", "language", "shop")
"""Columns by which the rows of one product are told apart."""
_FIELDS_OF_A_PRODUCT = frozenset((*TITLE, *PROSE, *BELONGS, *ABOUT))

Line = tuple[str, Mapping[str, str]]
"""Where a row stands, such as "row 7", and its cells by column."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column, by its plain name, says what."""

    subject: str
    attribute: str
    value: str
    unit: str | None


def columns_of(header: Sequence[str]) -> Columns | None:
    """The columns of a table of attributes; None if it is none."""
    names = {plain_name(name) for name in header}
    if not names.isdisjoint(TEXT):
        return None  # a document a row
    subject, attribute, value, unit = (
        next((name for name in wanted if name in names), None)
        for wanted in (_SUBJECTS, _ATTRIBUTES, _VALUES, _UNITS)
    )
    if subject is None or attribute is None or value is None:
        return None
    return Columns(subject, attribute, value, unit)


def is_long(lines: Sequence[Line | DocumentError], columns: Columns) -> bool:
    """Whether the rows are attributes. Those of a column `name` are if a product has several."""
    rows = (_plain(line) for line in lines if not isinstance(line, DocumentError))
    counts = Counter(row[columns.subject] for row in rows)
    return columns.attribute not in ("name", "key") or max(counts.values(), default=0) > 1


def gathered(
    lines: Sequence[Line | DocumentError], columns: Columns
) -> Iterator[Draft | DocumentError]:
    """Yield a draft per product, in the order of their first rows, and what is wrong with rows."""
    products: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for line in lines:
        if isinstance(line, DocumentError):
            yield line
            continue
        row = _plain(line)
        if not clean(row[columns.subject]):
            yield DocumentError(f"{line[0]} does not say whose it is; fill in {columns.subject}")
            continue
        key = (row[columns.subject], *(row.get(name, "") for name in _APART))
        products.setdefault(key, []).append(row)
    times = Counter(key[0] for key in products)
    for key, rows in products.items():
        try:
            draft = draft_of(_product(rows, columns), f"product {key[0]}", set())
        except DocumentError as error:
            yield error
        else:
            alone = times[key[0]] == 1
            yield replace(
                draft, row=key[0] if alone else "-".join(dict.fromkeys(filter(None, key)))
            )


def _plain(line: Line) -> dict[str, str]:
    cells = line[1]
    return {plain: cells[name].strip() for plain, name in by_plain_name(cells).items()}


def _product(rows: Sequence[Mapping[str, str]], columns: Columns) -> dict[str, object]:
    """One row of a product, made of many."""
    told_apart = {columns.attribute, columns.value, columns.unit}
    product: dict[str, object] = {
        name: cell
        for name, cell in rows[0].items()
        if name not in told_apart and all(row[name] == cell for row in rows)
    }
    if columns.subject not in PRODUCT_ID:
        product["product_id"] = product.pop(columns.subject)
    attributes = []
    for row in rows:
        name, value = row[columns.attribute], row[columns.value]
        unit = row.get(columns.unit or "", "")
        if plain_name(name) in _FIELDS_OF_A_PRODUCT:
            product.setdefault(plain_name(name), value)
        elif name and value:
            attributes.append({"name": name, "value": f"{value} {unit}".strip()})
    return {**product, "attributes": attributes}
