"""What a product is called: what most titles of its spec documents begin with.

"Kettle 1.7 L – Sage" and "Kettle 1.7 L – Cream" make "Kettle 1.7 L". Files beside a feed's rows are
not asked: "Brisa data sheet" is called after the brand.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import accumulate

from rag.schema import OF_SHOP
from rag.types import Kind

_TITLES = f"""
SELECT p.product_id, d.title, d.id = d.source
FROM products p JOIN documents d ON d.id = p.document_id
WHERE d.kind = :kind AND (SELECT count(*) FROM products o WHERE o.document_id = d.id) = 1
  AND {OF_SHOP}
ORDER BY d.id
"""


def product_names(db: sqlite3.Connection, shop: str | None = None) -> dict[str, str]:
    """Names by product, of what a shop may see; products without a spec document have none.

    Raises:
        sqlite3.Error: the database cannot be read.
    """
    of_rows: dict[str, list[str]] = defaultdict(list)
    of_files: dict[str, list[str]] = defaultdict(list)
    for product, title, is_file in db.execute(_TITLES, {"kind": Kind.SPEC.value, "shop": shop}):
        (of_files if is_file else of_rows)[product].append(title)
    titles = of_files | of_rows
    found = ((product, common_name(own)) for product, own in titles.items())
    return {product: name for product, name in found if name}


def common_name(titles: Sequence[str]) -> str:
    """What most titles of a product begin with; "" of titles all unlike."""
    return " ".join(_beginning(titles).split()).rstrip(" –—-|,:(/")


def _beginning(titles: Sequence[str]) -> str:
    """The first words that most titles share, as many as these share."""
    if len(titles) == 1:
        return titles[0]
    each = (accumulate(title.split(), "{} {}".format) for title in titles)
    shared = Counter(beginning for beginnings in each for beginning in beginnings)
    best = max(shared, key=lambda beginning: (shared[beginning], len(beginning)), default="")
    return best if shared[best] > 1 else ""
