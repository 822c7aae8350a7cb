"""Functions with a memory, held against those without one."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.remembered import RememberedVectors
from tests.doubles import HashingEmbedder

texts = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8)


@given(calls=st.lists(texts, max_size=12), most=st.integers(1, 9))
def test_it_gives_what_the_encoder_gives(calls: list[list[str]], most: int) -> None:
    embedder = HashingEmbedder()
    encode = RememberedVectors(embedder.encode_queries, most)
    for call in calls:
        assert np.array_equal(encode(call), HashingEmbedder().encode_queries(call))


def test_what_was_asked_for_last_is_kept() -> None:
    embedder = HashingEmbedder()
    encode = RememberedVectors(embedder.encode_documents, 2)
    for call in (["a", "b"], ["a"], ["c"], ["a", "c"], ["b"]):
        encode(call)
    assert embedder.encoded == ["a", "b", "c", "b"]


def test_a_kept_vector_keeps_no_batch() -> None:
    encode = RememberedVectors(HashingEmbedder().encode_queries, 99)
    encode([str(n) for n in range(16)])
    assert all(row.base is None for row in encode._each._kept.values())


def test_many_threads_at_once() -> None:
    encode = RememberedVectors(HashingEmbedder().encode_queries, 3)
    calls = [[chr(97 + (at * step) % 9) for step in range(1, 4)] for at in range(200)]
    plain = [HashingEmbedder().encode_queries(call) for call in calls]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(encode, calls))
    assert all(np.array_equal(one, other) for one, other in zip(found, plain, strict=True))


def test_an_encoder_that_fails_leaves_nothing_behind() -> None:
    def fails(texts: object) -> np.ndarray:
        raise OSError

    encode = RememberedVectors(fails, 3)
    for _ in range(2):
        with pytest.raises(OSError):
            encode(["a"])
