"""Which products of the small shop, and of a larger made-up one, a question names."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.config import Answering, Settings
from rag.engine import Engine
from rag.extractive import ExtractiveChat
from rag.index import Index
from rag.recognition import Recogniser, Recognition
from rag.retrieval import Retriever
from rag.types import Block, BlockKind, Kind, Question, Scope, Status
from tests.doubles import HashingEmbedder
from tests.rag.generations import a_document, write_generation

PRODUCTS = {
    "KT-12": "Brook Rill Kettle 1.2 L",
    "KT-17": "Brook Rill Kettle 1.7 L",
    "TN-2": "Moor Tarn 2 Tent",
    "TN-3": "Moor Tarn 3 Tent",
    "CL-20": "Brook Clear 20 Air Purifier",
    "CL-30": "Brook Clear 30 Air Purifier",
    "DL-1": "Moor Folio Desk Lamp",
}


def written(folder: Path, products: Mapping[str, str]) -> Index:
    """An index with two documents a product, each of the shop that its maker runs, and of help."""
    documents = []
    for id, name in products.items():
        maker = name.split()[0]
        about = f"{name}. This kettle, tent, lamp or purifier is made by {maker}."
        for kind in (Kind.SPEC, Kind.FAQ):
            documents.append(
                a_document(
                    f"{kind}/{id}",
                    about,
                    kind=kind,
                    title=name,
                    product_ids=(id,),
                    metadata={"shop": maker},
                )
            )
    for at in range(20):
        text = "Put a desk lamp near the tent. Moor and Brook both sell kettles with clear water."
        documents.append(a_document(f"help/{at}", f"{text} {at}"))
    write_generation(folder, documents, np.eye(len(documents), dtype=np.float32))
    return Index.open(folder)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    index = written(tmp_path_factory.mktemp("all"), PRODUCTS)
    yield index
    index.close()


@pytest.fixture(scope="module")
def recogniser(index: Index) -> Recogniser:
    return Recogniser(index.passages.catalogue(), index)


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("How heavy is the Rill Kettle 1.7?", ["KT-17"]),
        ("rill 1.7 weight", ["KT-17"]),
        ("how heavy is kt-17", ["KT-17"]),
        ("how heavy is KT17?", ["KT-17"]),
        ("Is the TARN 2 waterproof?", ["TN-2"]),
        ("room for 2 people in the Tarn 3?", ["TN-3"]),
        ("Which is lighter, the Tarn 2 or the Tarn 3?", ["TN-2", "TN-3"]),
        ("Which is lighter, the Tarn 2 or 3?", ["TN-2", "TN-3"]),
        ("Is the Tarn 3 dry and 2 kg light?", ["TN-3"]),
        ("weight of the Rill 1.2 and 5 cups", ["KT-12"]),
        ("Rill 1.7L weight", ["KT-17"]),
        ("Rill 1,7 L Gewicht", ["KT-17"]),
        ("is the tarn2 waterproof", ["TN-2"]),
        ("does the clear 20 have wifi", ["CL-20"]),
        ("is the folio dimmable", ["DL-1"]),
        ("is the follio dimmable", ["DL-1"]),
        ("is the foli dimmable", ["DL-1"]),
        ("how heavy is the rlil 1.7", ["KT-17"]),
        ("how heavy is the roll 1.7", []),
        ("Wie schwer ist der Rill 1.2?", ["KT-12"]),
        ("How much water may I fill in?", []),
        ("how do I descale a kettle", []),
        ("where do I put a desk lamp", []),
        ("is the water clear", []),
        ("Brook warranty", []),
        ("20 pounds", []),
        ("", []),
    ],
)
def test_a_named_product_is_recognised(
    recogniser: Recogniser, question: str, named: list[str]
) -> None:
    assert recogniser.recognise(question) == Recognition(named=tuple(named))


@pytest.mark.parametrize(
    ("question", "choices"),
    [
        ("How heavy is the Rill kettle?", ["KT-12", "KT-17"]),
        ("is the tarn waterproof", ["TN-2", "TN-3"]),
    ],
)
def test_what_fits_two_alike_is_a_choice(
    recogniser: Recogniser, question: str, choices: list[str]
) -> None:
    assert recogniser.recognise(question) == Recognition(choices=tuple(choices))


def test_a_follow_up_is_about_what_was_named_last(recogniser: Recogniser) -> None:
    history = ("Is the Rill 1.2 loud?", "And the Tarn 3, is it dry?")
    assert recogniser.recognise("how heavy is it?", history).named == ("TN-3",)
    assert recogniser.recognise("and the folio?", history).named == ("DL-1",)


@pytest.mark.parametrize(
    ("before", "question", "found"),
    [
        ("Is the Rill 1.2 loud?", "what about the larger one?", Recognition(named=("KT-17",))),
        ("Is the Rill 1.7 loud?", "and the smaller one?", Recognition(named=("KT-12",))),
        ("Is the Rill 1.7 loud?", "how heavy is the other model?", Recognition(named=("KT-12",))),
        ("Is the Rill 1.7 loud?", "and the larger one?", Recognition(("KT-17",), absent=True)),
        ("Is the Folio bright?", "and the larger one?", Recognition(("DL-1",), absent=True)),
        ("Is the Folio bright?", "is there a larger one?", Recognition(("DL-1",))),
        ("Is the Rill 1.2 loud?", "is a larger mug filled?", Recognition(named=("KT-12",))),
        ("Is the Tarn 2 dry?", "what about the bigger tent?", Recognition(named=("TN-3",))),
        (
            "Is the Rill 1.2 loud?",
            "a larger mug, or the larger one?",
            Recognition(named=("KT-17",)),
        ),
    ],
)
def test_the_larger_one_is_the_next_of_the_series(
    recogniser: Recogniser, before: str, question: str, found: Recognition
) -> None:
    assert recogniser.recognise(question, (before,)) == found


@pytest.mark.parametrize(
    ("before", "reply", "named"),
    [
        ("How heavy is the Rill kettle?", "1.7 L", ["KT-17"]),
        ("How heavy is the Rill kettle?", "the 1,2l one", ["KT-12"]),
        ("is the tarn waterproof", "3", ["TN-3"]),
        ("is the tarn waterproof", "the tent", []),
        ("is the tarn waterproof", "2 or 3", []),
    ],
)
def test_a_reply_tells_which_one_is_meant(
    recogniser: Recogniser, before: str, reply: str, named: list[str]
) -> None:
    found = recogniser.recognise(reply, (before,))
    assert found.named == tuple(named)
    assert bool(found.choices) is not bool(named)


@given(st.text(max_size=60))
def test_any_text_can_be_asked(recogniser: Recogniser, text: str) -> None:
    found = recogniser.recognise(text)
    assert set(found.named) | set(found.choices) <= PRODUCTS.keys()
    assert not (found.named and found.choices) and len(found.choices) != 1


@given(
    st.sampled_from(sorted(PRODUCTS)), st.sampled_from(["Is the {} good?", "{}", "the {} vs me"])
)
def test_a_whole_name_is_always_recognised(
    recogniser: Recogniser, product: str, frame: str
) -> None:
    assert recogniser.recognise(frame.format(PRODUCTS[product])).named == (product,)


@pytest.fixture(scope="module", params=["Brook", "Moor"])
def shared_and_alone(
    request: pytest.FixtureRequest, index: Index, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Recogniser, Recogniser]]:
    """A shop's recogniser in the index of both, and in an index of its own."""
    own = {id: name for id, name in PRODUCTS.items() if name.startswith(request.param)}
    alone = written(tmp_path_factory.mktemp("alone"), own)
    yield (
        Recogniser(index.passages.catalogue(request.param), index),
        Recogniser(alone.passages.catalogue(), alone),
    )
    alone.close()


@given(
    st.lists(
        st.sampled_from([*PRODUCTS, *" ".join(PRODUCTS.values()).split(), "rlil", "follio", "trn"]),
        max_size=6,
    ).map(" ".join)
)
def test_a_shop_recognises_what_it_would_alone(
    shared_and_alone: tuple[Recogniser, Recogniser], text: str
) -> None:
    shared, alone = shared_and_alone
    assert shared.recognise(text) == alone.recognise(text)


@pytest.fixture(scope="module")
def engine(small_index: Path, hashing_embedder: HashingEmbedder) -> Iterator[Engine]:
    index = Index.open(small_index)
    yield Engine(Retriever(index, hashing_embedder), ExtractiveChat())
    index.close()


def test_a_named_product_becomes_the_scope(engine: Engine) -> None:
    answer = engine.ask(Question("How long is the cord of the Brook 1.7?"))
    assert "90 cm" in answer.text
    owners = {id for passage in answer.passages for id in passage.document.product_ids}
    assert owners == {"KT17"}


def test_a_page_is_about_its_product_whatever_is_named(engine: Engine) -> None:
    answer = engine.ask(Question("Is the cord that of the Brook 1.7?", Scope("KT12")))
    owners = {id for passage in answer.passages for id in passage.document.product_ids}
    assert owners == {"KT12"}


def test_on_a_page_the_larger_one_leads_to_another(engine: Engine) -> None:
    asked = Question("And the cord of the larger one?", Scope("KT12"), ("How long is the cord?",))
    answer = engine.ask(asked)
    assert answer.status is Status.ABSTAINED and list(answer.choices) == ["KT17"]
    assert answer.text == "Do you mean Brook Kettle 1.7 L – Red?"


def test_an_open_choice_is_asked_back(engine: Engine) -> None:
    answer = engine.ask(Question("How long is the cord of the Brook kettle?"))
    assert answer.status is Status.ABSTAINED
    assert answer.choices == {"KT12": "Brook Kettle 1.2 L", "KT17": "Brook Kettle 1.7 L – Red"}
    assert answer.text == "Which one do you mean: Brook Kettle 1.2 L or Brook Kettle 1.7 L – Red?"
    one = engine.ask(Question("How long is the cord of the Brook kettle?", Scope("KT12")))
    assert "75 cm" in one.text


def test_a_choice_is_not_asked_where_the_shop_answers(engine: Engine) -> None:
    answer = engine.ask(Question("Can I return an unused Brook kettle within 30 days of delivery?"))
    assert answer.status is Status.ANSWERED and not answer.choices
    assert not answer.citations[0].document_id.startswith("products")


def test_products_of_which_only_manuals_are_known_are_compared_by_their_ids(tmp_path: Path) -> None:
    embedder = HashingEmbedder()
    documents = [
        a_document(
            f"{id}.md",
            text := f"Cord length: {id[2:]} cm",
            blocks=(Block(BlockKind.ROW, 0, len(text)),),
            product_ids=(id,),
        )
        for id in ("KT12", "KT17")
    ]
    vectors = embedder.encode_documents([document.text for document in documents])
    write_generation(tmp_path, documents, vectors)
    index = Index.open(tmp_path)
    embedder.sha256 = index.manifest.model_sha256
    settings = Settings(answering=Answering(threshold=0))
    engine = Engine(Retriever(index, embedder), ExtractiveChat(), settings)
    answer = engine.ask(Question("How long is the cord of KT12 and of KT17?"))
    assert answer.text == "KT12: 12 cm (Cord length) KT17: 17 cm (Cord length)"
    index.close()
