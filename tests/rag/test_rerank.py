"""A cross-encoder of the real library's class, tiny and untrained."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.errors import ModelError, ModelNotFoundError
from rag.index import Index
from rag.rerank import open_reranker
from rag.retrieval import RERANKED, Retriever
from rag.types import Question, Scope
from rag.vectors import Scores
from tests.doubles import HashingEmbedder
from tests.tiny_models import write_cross_encoder


@pytest.mark.slow
def test_a_cross_encoder_in_a_folder_scores_from_0_to_1(tmp_path: Path) -> None:
    rerank = open_reranker(str(write_cross_encoder(tmp_path / "tiny", 1)))
    texts = ["the cord", "a kettle " * 90, "", "水壶"]
    scores = rerank("How long is the cord?", texts)
    assert scores.dtype == np.float32 and scores.shape == (4,)
    assert ((scores >= 0) & (scores <= 1)).all() and len(set(scores.tolist())) > 1
    np.testing.assert_allclose(rerank("How long is the cord?", texts[:1]), scores[:1], atol=1e-4)
    assert len(rerank("How long?", [])) == 0


@pytest.mark.slow
def test_a_model_of_several_labels_is_no_reranker(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="gives 3 scores"):
        open_reranker(str(write_cross_encoder(tmp_path / "tiny", 3)))


@pytest.mark.slow
def test_a_failure_of_the_model_is_a_model_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of memory")

    rerank = open_reranker(str(write_cross_encoder(tmp_path / "tiny", 1)))
    monkeypatch.setattr("sentence_transformers.CrossEncoder.predict", out_of_memory)
    with pytest.raises(ModelError, match=r"failed on 2 texts: out of memory"):
        rerank("How long?", ["the cord", "a kettle"])


def test_a_missing_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="holds no model"):
        open_reranker(str(tmp_path))


def by_length(question: str, texts: Sequence[str]) -> Scores:
    return np.array([1 / (1 + len(text)) for text in texts], np.float32)


def test_passages_come_in_the_reranker_s_order(
    small_index: Path, hashing_embedder: HashingEmbedder
) -> None:
    index = Index.open(small_index)
    question = Question("How long is the cord?", Scope("KT17"))
    plain = Retriever(index, hashing_embedder)
    reranked = Retriever(index, hashing_embedder, by_length)
    everything = reranked.retrieve(question, RERANKED)
    assert {p.chunk.id for p in everything} == {
        p.chunk.id for p in plain.retrieve(question, RERANKED)
    }
    scores = [passage.score for passage in everything]
    assert scores == sorted(scores, reverse=True)
    assert [passage.rank for passage in everything] == list(range(1, len(everything) + 1))
    judged = [passage for passage in everything if "rerank" in passage.scores]
    by_judge = [p.scores["rerank"] + p.scores["precedence"] for p in judged]
    assert by_judge == sorted(by_judge, reverse=True) and len(judged) > 5
    own = [passage for passage in plain.retrieve(question, RERANKED) if passage.score]
    assert len(judged) == len(own), "all is read but what only repeats"
    assert reranked.retrieve(question, 3) == everything[:3]
    index.close()
