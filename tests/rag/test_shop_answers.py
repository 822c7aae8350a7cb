"""Answers of shops that are made for one test each: of documents that differ, and of ids."""

import gc
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rag.config import Answering, Settings
from rag.engine import Engine
from rag.errors import ScopeError
from rag.extractive import ExtractiveChat
from rag.index import Index
from rag.retrieval import Retriever
from rag.types import Block, BlockKind, Document, Kind, Question, Scope, Status
from tests.doubles import HashingEmbedder, ScriptedChat
from tests.rag.generations import a_document, whole, write_generation

Ask = Callable[..., Engine]


class SpellingEmbedder(HashingEmbedder):
    """Has no word whole."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [2 + len(text) for text in texts]


@pytest.fixture
def shop(tmp_path: Path) -> Ask:
    """Makes an engine on documents; every quote is good enough for an answer."""

    def opened(
        documents: Sequence[Document], *drafts: str, kind: type[HashingEmbedder] = HashingEmbedder
    ) -> Engine:
        embedder = kind()
        embedder.sha256 = "0" * 64  # as generations made without files say
        texts = [whole(document).embedding_text for document in documents]
        write_generation(tmp_path, documents, embedder.encode_documents(texts))
        scripted = ScriptedChat()
        for draft in drafts:
            scripted.enqueue(draft)
        chat = scripted if drafts else ExtractiveChat()
        retriever = Retriever(Index.open(tmp_path), embedder)
        return Engine(retriever, chat, Settings(answering=Answering(threshold=0.0)))

    return opened


def row(product: str, text: str, title: str = "Kettle", id: str | None = None) -> Document:
    return a_document(
        id or f"{product}.csv",
        text,
        kind=Kind.SPEC,
        title=title,
        product_ids=(product,),
        blocks=(Block(BlockKind.ROW, 0, len(text)),),
    )


def lamp(kind: Kind, text: str, owners: Sequence[str] = ("L1",)) -> Document:
    return a_document(kind.value, text, kind=kind, title="Lamp", product_ids=tuple(owners))


OTHERS = [
    a_document(f"o{at}", text, kind=Kind.FAQ, title="Other", product_ids=("L1",))
    for at, text in enumerate(["The lamp has a green shade.", "Wipe the stand with a dry cloth."])
]
HOURS = Question("How many hours lasts the battery on a charge?", Scope("L1"))


@pytest.mark.parametrize("drafts", [(), ("The battery lasts 8 hours.",)])
def test_of_two_that_differ_the_answer_begins_with_the_one_that_counts(
    shop: Ask, drafts: Sequence[str]
) -> None:
    counts = lamp(Kind.FAQ, "On a charge the battery lasts 10 hours, says the maker.")
    loses = lamp(Kind.PAGE, "The battery lasts 8 hours on a charge.")
    assert counts.kind.precedence < loses.kind.precedence
    answer = shop([counts, loses, *OTHERS], *drafts).ask(HOURS)
    assert len(answer.conflicts) == 1
    assert answer.citations[0].document_id == counts.id
    assert "10 hours" in answer.statements[0].text
    assert loses.id in {citation.document_id for citation in answer.citations}


def test_a_model_number_is_the_product_s_own_on_and_off_its_page(shop: Ask) -> None:
    engine = shop([row("AB1234", "Weight: 1.2 kg"), row("CD5678", "Weight: 2.4 kg", "Toaster")])
    for scope in (Scope(), Scope("AB1234")):
        by_number = engine.ask(Question("How heavy is the AB1234?", scope))
        by_name = engine.ask(Question("How heavy is the Kettle?", scope))
        assert by_number.statements[0].text == "1.2 kg (Weight)"
        assert by_number.confidence >= by_name.confidence * 0.9
    foreign = engine.ask(Question("How heavy is the CD5678?", Scope("AB1234")))
    assert foreign.confidence < by_number.confidence / 2


@pytest.mark.parametrize("titles", [("Kettle", "Toaster"), ("Kettle", "Kettle")])
def test_products_are_compared_by_number_whatever_they_are_called(
    shop: Ask, titles: tuple[str, str]
) -> None:
    one, other = (
        row("AB1234", "Weight: 1.2 kg", titles[0]),
        row("CD5678", "Weight: 2.4 kg", titles[1]),
    )
    answer = shop([one, other]).ask(Question("Which is heavier, AB1234 or CD5678?"))
    assert [citation.document_id for citation in answer.citations] == [one.id, other.id]
    assert len({statement.text for statement in answer.statements}) == 2


def review(id: str, owners: Sequence[str], variants: Sequence[str] = ()) -> Document:
    return a_document(
        id,
        f"Far too loud for me and my {id} friends of reviewers.",
        kind=Kind.REVIEW,
        title="Loud",
        product_ids=tuple(owners),
        variant_ids=tuple(variants),
        effective_from=date(2025, 1, 1),
    )


@pytest.mark.parametrize(
    ("scope", "counted"), [(Scope("B2", "B2-RED"), 3), (Scope("B2"), 3), (Scope("A1"), 2)]
)
def test_reviews_are_counted_of_the_page_s_product(shop: Ask, scope: Scope, counted: int) -> None:
    documents = [
        review("r1", ("A1", "B2")),
        review("r2", ("A1",)),
        review("r3", ("B2",)),
        review("r4", ("B2",), ("B2-RED",)),
        review("r5", ()),
        row("A1", "Weight: 1 kg"),
        row("B2", "Weight: 2 kg"),
    ]
    answer = shop(documents).ask(Question("What do reviewers say, is it loud?", scope))
    assert f" of {counted} reviews" in answer.text


def test_a_variant_alone_tells_the_product(shop: Ask) -> None:
    kettle = replace(row("AB1234", "Weight: 1.2 kg"), variant_ids=("AB1234-RED",))
    toaster = row("CD5678", "Weight: 2.4 kg", "Toaster")
    both = a_document("m.md", "For two.", product_ids=("X1", "X2"), variant_ids=("X-RED",))
    engine = shop([kettle, toaster, both])
    for _ in range(2):
        answer = engine.ask(Question("How heavy is it?", Scope(variant_id="AB1234-RED")))
        assert [citation.document_id for citation in answer.citations] == [kettle.id]
    with pytest.raises(ScopeError, match="'X-RED' is one of the products X1, X2"):
        engine.ask(Question("How heavy is it?", Scope(variant_id="X-RED")))


SERIES = [
    row("KT12", "Weight: 1.2 kg", "Rill Kettle 1.2 L"),
    row("KT17", "Weight: 1.7 kg", "Rill Kettle 1.7 L"),
    row("LP01", "Weight: 3 kg", "Folio Lamp"),
    a_document(
        "faq.md", "It needs no charger but the Folio Lamp.", kind=Kind.FAQ, product_ids=("KT17",)
    ),
]


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("How heavy is the Rill Kettle 1.2 L?", ["KT12"]),
        ("How heavy is the KT12?", ["KT12"]),
        ("How heavy is the smaller one?", ["KT12"]),
        ("How heavy is the Rill Kettle 1.7 L?", []),
        ("Is this one heavier than the Rill Kettle 1.2 L?", []),
        ("Rill Kettle 1.7 L or Rill Kettle 1.2 L, how heavy?", []),
        ("Which charger, the Folio Lamp?", []),
        ("How many cups fit into the Folio Lamp?", []),
        ("How much power does the Rill Kettle 1.2 L have, and weight?", ["KT12"]),
        ("What is the difference to the Rill Kettle 1.2 L?", []),
    ],
)
def test_on_a_page_another_product_that_is_meant_is_asked_back(
    shop: Ask, question: str, meant: list[str]
) -> None:
    answer = shop(SERIES).ask(Question(question, Scope("KT17")))
    assert list(answer.choices) == meant
    assert (answer.status is Status.ANSWERED) == (not meant)
    assert not any("1.2 kg" in statement.text for statement in answer.statements)


@pytest.mark.parametrize("asked", [("KT17", ()), (None, ("Is the Rill Kettle 1.7 L loud?",))])
def test_the_larger_one_of_the_largest_is_met_with_silence(
    shop: Ask, asked: tuple[str | None, tuple[str, ...]]
) -> None:
    page, history = asked
    engine = shop(SERIES)
    question = Question("How heavy is the larger one?", Scope(page), history)
    answer = engine.ask(question)
    assert answer.status is Status.ABSTAINED and answer.confidence == 0 and not answer.citations
    plain = engine.ask(replace(question, text="How heavy is it?"))
    assert plain.statements[0].text == "1.7 kg (Weight)"


def test_a_larger_size_may_be_a_variant(shop: Ask) -> None:
    sizes = [
        replace(row("BG60", f"Weight: {kilos} kg", "Bag", id=size), variant_ids=(f"BG60-{size}",))
        for size, kilos in (("M", 1), ("L", 2))
    ]
    engine = shop(sizes)
    for text in ("How heavy is the larger size?", "How heavy is the larger one?"):
        assert "2 kg" in engine.ask(Question(text, Scope("BG60"))).text


def test_a_price_without_a_currency_is_the_product_s_own(shop: Ask) -> None:
    text = "Price: €119"
    service = a_document(
        "s.csv#1", text, title="Service", blocks=(Block(BlockKind.ROW, 0, len(text)),)
    )
    lock = a_document(
        "501",
        "Price: 79.90\nColour: black",
        kind=Kind.SPEC,
        title="Lock",
        product_ids=("501",),
        blocks=(Block(BlockKind.ROW, 0, 12), Block(BlockKind.ROW, 13, 26)),
    )
    engine = shop([service, lock, *SERIES])
    for text in ("price?", "What does it cost?", "How much is it?"):
        answer = engine.ask(Question(text, Scope("501")))
        assert answer.statements[0].text == "79.90 (Price)"


def of_size(size: str, *rows: str) -> Document:
    text, blocks = "", []
    for line in rows:
        blocks.append(Block(BlockKind.ROW, len(text), len(text) + len(line)))
        text += f"{line}\n"
    return a_document(
        f"BK-{size}",
        text,
        kind=Kind.SPEC,
        title=f"Bike – {size}",
        product_ids=("BK",),
        variant_ids=(f"BK-{size}",),
        blocks=tuple(blocks),
    )


def test_of_variants_that_differ_each_value_says_whose_it_is(shop: Ask) -> None:
    sizes = [
        of_size("M", "Frame size: M", "Weight: 13.9 kg", "Availability: in stock"),
        of_size("L", "Frame size: L", "Weight: 14.2 kg", "Availability: out of stock"),
    ]
    engine = shop([*sizes, a_document("help.md", "We are open from nine to five.")])
    heavy = engine.ask(Question("What is the weight?", Scope("BK")))
    assert {statement.text for statement in heavy.statements} == {
        "13.9 kg (Weight, Bike – M)",
        "14.2 kg (Weight, Bike – L)",
    }
    one = engine.ask(Question("What is the weight?", Scope("BK", "BK-L")))
    assert [statement.text for statement in one.statements] == ["14.2 kg (Weight)"]
    stock = engine.ask(Question("Frame size L, availability?", Scope("BK")))
    owners = {citation.document_id for citation in stock.citations}
    assert len(owners) == 1 or len({c.quote.partition(":")[0] for c in stock.citations}) == 1


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("total weght?", "total weight?"),
        ("How heavvy is it?", "How heavy is it?"),
        ("WIEGHT", "weight"),
    ],
)
def test_a_typing_error_is_no_reason_for_silence(shop: Ask, typed: str, meant: str) -> None:
    engine = shop(SERIES, kind=SpellingEmbedder)
    answer, right = (engine.ask(Question(text, Scope("KT17"))) for text in (typed, meant))
    assert answer.statements[0].text == right.statements[0].text == "1.7 kg (Weight)"
    assert answer.confidence > 0.7 * right.confidence


def test_a_word_that_the_embedder_has_whole_is_no_typing_error(shop: Ask) -> None:
    """Else "plaid" would be asked about as "plain"."""
    plan, _ = shop(SERIES).planned(Question("total weght?", Scope("KT17")), 5)
    assert plan.question.text == "total weght?"


def test_a_generation_ends_with_its_engine(shop: Ask) -> None:
    """Without the garbage collector, which passes over what it was told is there for good."""
    engine = shop(SERIES)
    engine.ask(Question("How heavy is the Rill Kettle?", Scope("KT17")))
    engine.ask(Question("How heavy is the Rill Kettle 1.2 L or the Folio Lamp?"))
    held = weakref.ref(engine.retriever.index), weakref.ref(engine.retriever.index.passages)
    gc.disable()
    try:
        del engine
        assert [one() for one in held] == [None, None]
    finally:
        gc.enable()
