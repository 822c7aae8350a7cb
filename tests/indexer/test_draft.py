from hypothesis import given
from hypothesis import strategies as st

from indexer.draft import Outline, clean
from rag.types import BlockKind, Page

BLOCKS = st.lists(st.tuples(st.sampled_from(BlockKind), st.text(max_size=30)), max_size=12)


@given(BLOCKS)
def test_blocks_are_the_cleaned_texts_in_order(blocks: list[tuple[BlockKind, str]]) -> None:
    outline = Outline()
    for kind, text in blocks:
        outline.add(kind, text)
    draft = outline.finish()
    found = [(block.kind, draft.text[block.start : block.end]) for block in draft.blocks]
    assert found == [(kind, clean(text)) for kind, text in blocks if clean(text)]


@given(st.lists(st.lists(st.text(max_size=10), max_size=3), max_size=5))
def test_pages_cover_the_text_without_gaps(pages: list[list[str]]) -> None:
    outline = Outline()
    for number, texts in enumerate(pages, 1):
        outline.begin_page(number)
        for text in texts:
            outline.add(BlockKind.PARAGRAPH, text)
    draft = outline.finish()
    assert [page.number for page in draft.pages] == list(range(1, len(pages) + 1))
    ends = [0, *(page.end for page in draft.pages)]
    assert [page.start for page in draft.pages] == ends[:-1]
    assert ends[-1] == len(draft.text)


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet="a \n\t\r\u00a0\u2003\u200b\ud800\x00b"))
def test_cleaned_lines_are_trimmed_and_single_spaced(text: str) -> None:
    cleaned = clean(text)
    assert set(cleaned) <= set("ab \n")
    assert "  " not in cleaned
    assert all(line and line == line.strip() for line in cleaned.split("\n") if cleaned)


def test_a_page_without_text_is_empty() -> None:
    outline = Outline()
    outline.begin_page(1)
    outline.begin_page(2)
    outline.add(BlockKind.PARAGRAPH, "x")
    assert outline.finish().pages == (Page(1, 0, 0), Page(2, 0, 1))
