import re
import time
from collections.abc import Sequence
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.catalogue import KnownProducts, common_name


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


def test_many_products_cost_a_file_no_time() -> None:
    known = KnownProducts(f"SKU-{number:06}" for number in range(20_000))
    started = time.perf_counter()
    found = [known.named_by(f"policies/shipping-{number}.md") for number in range(100)]
    assert found == [None] * 100
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("titles", "name"),
    [
        (["Kettle 1.7 L – Sage", "Kettle 1.7 L – Cream"], "Kettle 1.7 L"),
        (["Kettle 1.7 L – Sage", "Kettle 1.7 L – Cream", "Great deals"], "Kettle 1.7 L"),
        (["Free", "Kettle 1.7 L", "Kettle 1.7 L – Cream", "Best"], "Kettle 1.7 L"),
        (["Kettle 1.7 L"], "Kettle 1.7 L"),
        (["Kettle", "Great deals"], ""),
        ([], ""),
    ],
)
def test_a_product_is_named_after_what_most_titles_begin_with(titles: list[str], name: str) -> None:
    assert common_name(titles) == name
