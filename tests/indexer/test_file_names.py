"""Which product a file is named after."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.file_names import KnownProducts


@pytest.mark.parametrize(
    ("file", "product"),
    [
        ("manual-BR-KT17.pdf", "BR-KT17"),
        ("manuals/br-kt17 quick start.md.gz", "BR-KT17"),
        ("BR-KT17x.md", None),
        ("br.kt17.md", None),
        ("br-kt17-xl_care.md", "BR-KT17-XL"),
        ("product_info_3.md", "3"),
        ("Item No 0010.html", "10"),
        ("sku10.md", "10"),
        ("10_returns.md", None),
        ("chapter_3.md", None),
    ],
)
def test_the_product_a_file_is_named_after(file: str, product: str | None) -> None:
    known = KnownProducts(["3", "10", "BR-KT17", "BR-KT17-XL"])
    assert known.named_by(file) == product


def by_patterns(file: str, known: Sequence[str]) -> str | None:
    """The rule as it is meant: a pattern for each product, the longest id first."""
    stem = PurePosixPath(file.removesuffix(".gz")).stem.casefold()
    for product in sorted(known, key=len, reverse=True):
        own = re.escape(product.casefold())
        if product.isdigit():
            pattern = rf"(?:product|item|article|sku)(?:[ _-]?(?:info|number|no|id))?[ _-]?0*{own}$"
        else:
            pattern = rf"(?:^|[ _.-]){own}(?:$|[ _.-])"
        if re.search(pattern, stem):
            return product
    return None


PIECES = st.sampled_from(
    [*"product item article sku info number no id PRODUCT a A b ß SS é ² 0 00 1 12 3".split(),
     *"_-./+ \n"]
)  # fmt: skip
NAMES = st.lists(PIECES, max_size=8).map("".join)
IDS = st.lists(PIECES, min_size=1, max_size=4).map("".join)


@given(
    file=st.tuples(NAMES, st.sampled_from(["", ".md", ".md.gz"])).map("".join),
    known=st.lists(IDS, max_size=8),
)
@example("item²item3.md", ["3"])
@example("producté3.md", ["É3", "3"])
@example("a-\n.md", ["a"])
def test_ids_are_looked_up_as_their_patterns_would_find_them(file: str, known: list[str]) -> None:
    assert KnownProducts(known).named_by(file) == by_patterns(file, known)
