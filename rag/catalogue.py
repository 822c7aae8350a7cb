"""What products a shop has: their ids, names and variants, as the documents it may see tell them.

One index may hold the documents of several shops. What one of them sells, how it calls that and how
much there is of it is nothing to the others, not even in the words of an error.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from rag.errors import ScopeError
from rag.naming import product_names
from rag.schema import OF_SHOP
from rag.types import Scope

_EVERY = "IS NOT NULL"
_SEEN = f"IN (SELECT d.id FROM documents d WHERE {OF_SHOP})"
_NAMES = "SELECT product_id, name FROM product_names"
_PRODUCTS = "SELECT DISTINCT product_id FROM products WHERE document_id {seen}"
_VARIANTS = """
SELECT DISTINCT v.variant_id, p.product_id
FROM variants v LEFT JOIN products p ON p.document_id = v.document_id WHERE v.document_id {seen}
"""
_PASSAGES = "SELECT min(row), max(row) FROM chunks WHERE document_id {seen} GROUP BY document_id"
"""The chunks of a document are written one after the other."""


@dataclass(frozen=True, eq=False, slots=True)
class Catalogue:
    """Of one shop, or of all whose documents an index holds."""

    products: frozenset[str]
    variants: Mapping[str, frozenset[str]]
    """The products that each is a variant of."""
    names: Mapping[str, str]
    """Of the products that have a spec document, by id."""
    documents: int
    rows: NDArray[np.bool_]
    """Whether the shop may see a passage, for each of the generation."""

    @classmethod
    def read(cls, db: sqlite3.Connection, count: int, shop: str | None = None) -> "Catalogue":
        """What a shop may see; without one, everything.

        Args:
            db: passages, as `rag.schema` has them.
            count: how many they are, whosever.
            shop: as documents name it.

        Raises:
            sqlite3.Error: they cannot be read.
        """

        def found(query: str) -> sqlite3.Cursor:
            seen = _EVERY if shop is None else _SEEN
            return db.execute(query.format(seen=seen), {"shop": shop})

        variants: dict[str, set[str]] = defaultdict(set)
        for variant, product in found(_VARIANTS):
            variants[variant] |= {product} - {None}
        spans = found(_PASSAGES).fetchall()
        rows = np.zeros(count, bool)
        for first, last in spans:
            rows[first : last + 1] = True
        return cls(
            products=frozenset(product for (product,) in found(_PRODUCTS)),
            variants={variant: frozenset(products) for variant, products in variants.items()},
            names=dict(map(tuple, found(_NAMES))) if shop is None else product_names(db, shop),
            documents=len(spans),
            rows=rows,
        )

    @property
    def passages(self) -> int:
        """How many passages the shop may see."""
        return int(np.count_nonzero(self.rows))

    def name(self, product: str) -> str:
        """What a product is called; its id where no spec document says it."""
        return self.names.get(product, product)

    def called(self, products: Sequence[str]) -> dict[str, str]:
        """How to tell several products apart: by their names, with the id where names are alike."""
        names = [self.name(product) for product in products]
        return {
            product: name if names.count(name) == 1 else f"{name} ({product})"
            for product, name in zip(products, names, strict=True)
        }

    def owners(self) -> dict[str, str]:
        """Ids of products, and of variants of one alone, each with the product's."""
        alone = {one: min(of) for one, of in self.variants.items() if len(of) == 1}
        return {**alone, **{product: product for product in self.products}}

    def settled(self, scope: Scope) -> Scope:
        """The scope with the product that its variant is of.

        Raises:
            ScopeError: the shop has no such product or variant, or not the one of the other; or the
                variant is of several products, and none is given.
        """
        product, variant = scope.product_id, scope.variant_id
        _require("product", product, self.products)
        _require("variant", variant, self.variants)
        if variant is None:
            return scope
        owners = sorted(self.variants[variant])
        if product is None and len(owners) > 1:
            raise ScopeError(
                f"Variant {variant!r} is one of the products {', '.join(owners)}. "
                "Give the product that is meant, too."
            )
        if product is not None and product not in owners:
            raise ScopeError(
                f"Variant {variant!r} is not one of product {product!r} but of "
                f"{', '.join(owners) or 'none'}. Give the product it belongs to, or none."
            )
        return replace(scope, product_id=product or next(iter(owners), None))


def _require(what: str, value: str | None, known: Collection[str]) -> None:
    if value is None or value in known:
        return
    by_lower = {one.casefold(): one for one in known}
    near = get_close_matches(value.casefold(), by_lower, n=3, cutoff=0.6)
    if near:
        hint = f"Did you mean {', '.join(by_lower[one] for one in near)}?"
    elif known:
        hint = f"Give one of the {len(known)} there are, such as {min(known)}, or none."
    else:
        hint = f"There are no {what}s; ask without one."
    raise ScopeError(f"No document belongs to {what} {value!r}. {hint}")
