"""What products are called."""

import pytest

from rag.naming import common_name


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
