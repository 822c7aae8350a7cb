"""The contract of every `Embedder`: kept by the double always, by the real model when it loads."""

from pathlib import Path

import numpy as np
import pytest

from rag.embedding import PLAIN, Embedder, open_embedder
from rag.errors import ModelError
from tests.doubles import HashingEmbedder

TEXTS = [
    "The kettle holds 1.7 litres of water.",
    "Returns are free within 30 days.",
    "Weight: 0.98 kg",
    "Das Kabel ist 75 cm lang.",
    "这个水壶的容量是1.7升。",
    "word " * 40,
    "x",
]


REAL = ("minilm", PLAIN + "minilm")


@pytest.fixture(
    scope="module",
    params=[
        "hashing",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("minilm", PLAIN + "minilm")),
    ],
)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return HashingEmbedder() if request.param == "hashing" else open_embedder(request.param)


@pytest.mark.parametrize("verb", ["encode_queries", "encode_documents"])
def test_rows_are_float32_of_unit_length(embedder: Embedder, verb: str) -> None:
    vectors = getattr(embedder, verb)(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dim)
    assert vectors.dtype == np.float32
    assert vectors.flags.c_contiguous
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("verb", ["encode_queries", "encode_documents"])
def test_no_texts_give_no_rows(embedder: Embedder, verb: str) -> None:
    vectors = getattr(embedder, verb)([])
    assert vectors.shape == (0, embedder.dim)
    assert vectors.dtype == np.float32


def test_a_text_without_words_has_a_unit_vector_too(embedder: Embedder) -> None:
    vectors = embedder.encode_queries(["", " ", "?!"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_the_batch_does_not_matter(embedder: Embedder) -> None:
    together = embedder.encode_documents(TEXTS * 10)
    alone = np.concatenate([embedder.encode_documents([text]) for text in TEXTS])
    np.testing.assert_allclose(together, np.tile(alone, (10, 1)), atol=1e-5)


def test_rows_keep_the_order_of_the_texts(embedder: Embedder) -> None:
    forward = embedder.encode_documents(TEXTS)
    backward = embedder.encode_documents(TEXTS[::-1])
    np.testing.assert_allclose(forward, backward[::-1], atol=1e-5)
    similar = forward @ forward.T
    assert (similar.argmax(axis=1) == np.arange(len(TEXTS))).all()


def test_the_same_text_twice_gives_the_same_vector(embedder: Embedder) -> None:
    first, second = embedder.encode_queries(["How heavy is it?"] * 2)
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_like_texts_are_nearer_than_unlike_ones(embedder: Embedder) -> None:
    query = embedder.encode_queries(["How many litres of water does the kettle hold?"])
    near, far = embedder.encode_documents(TEXTS[:2]) @ query[0]
    assert near > far + 0.1


def test_a_longer_text_never_counts_fewer_tokens(embedder: Embedder) -> None:
    counts = embedder.count_tokens(["", "kettle", "kettle lid", "kettle lid " * 50])
    assert counts == sorted(counts)
    assert len(set(counts)) == len(counts)


def test_tokens_beyond_the_limit_are_counted(embedder: Embedder) -> None:
    too_long = "kettle " * (2 * embedder.max_tokens)
    assert embedder.count_tokens([too_long])[0] >= 2 * embedder.max_tokens


def test_what_is_counted_as_fitting_is_read_to_its_end(embedder: Embedder) -> None:
    filler = "kettle"
    while embedder.count_tokens([f"{filler} kettle returns"])[0] <= embedder.max_tokens:
        filler += " kettle"
    assert embedder.count_tokens([f"{filler} returns"])[0] <= embedder.max_tokens
    with_end, without = embedder.encode_documents([f"{filler} returns", filler])
    assert np.abs(with_end - without).max() > 1e-4


def test_it_says_who_it_is(embedder: Embedder) -> None:
    assert embedder.name
    assert len(embedder.sha256) == 64


@pytest.mark.slow
def test_a_folder_that_only_looks_like_a_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"not a tensor")
    with pytest.raises(ModelError, match="does not load"):
        open_embedder(str(tmp_path))
