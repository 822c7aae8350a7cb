"""Plain yes and no of sources."""

import pytest

from rag.polarity import Outright, outright
from rag.quotes import Row


@pytest.mark.parametrize(
    ("quote", "heading", "row", "expected"),
    [
        ("Yes. Plug it in.", "Can I charge both?", None, Outright(True, "Can I charge both?")),
        ("No, not the lid.", "Is it safe?", None, Outright(False, "Is it safe?")),
        ("Nein.", "Darf es nass werden?", None, Outright(False, "Darf es nass werden?")),
        ("不可以。", "可以寄到中国吗？", None, Outright(False, "可以寄到中国吗？")),
        ("Wi-Fi: No", "", Row("Wi-Fi", "No"), Outright(False, "Wi-Fi")),
        ("Wi-Fi: Yes, 2.4 GHz", "", Row("Wi-Fi", "Yes, 2.4 GHz"), Outright(True, "Wi-Fi")),
        ("Wi-Fi: 2.4 GHz", "", Row("Wi-Fi", "2.4 GHz"), None),
        ("It may be washed.", "Can I wash it?", None, None),
        ("Yes. It is fun.", "Our promise", None, None),
        ("Is it fun? Yes. It is.", "Our promise", None, Outright(True, "Is it fun?")),
        ("能洗吗？不可以。", "", None, Outright(False, "能洗吗？")),
        ("Why is it fun? It is.", "Our promise", None, None),
        ("Yes.", "Can't I wash it?", None, None),
        ("No longer than 3 m.", "How long may it be?", None, None),
        ("Noise is low.", "Is it loud?", None, None),
        ("不锈钢", "", Row("材质", "不锈钢"), None),
    ],
)
def test_only_what_is_said_outright_counts(
    quote: str, heading: str, row: Row | None, expected: Outright | None
) -> None:
    assert outright(quote, heading, row) == expected
