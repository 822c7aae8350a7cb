import os
import socket
from pathlib import Path

import pytest

from rag.index import Index
from rag.types import Kind, Scope
from tests.conftest import NetworkBlockedError


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "shop.example"])
def test_nothing_outside_this_machine_is_reachable(host: str) -> None:
    with pytest.raises(NetworkBlockedError):
        socket.create_connection((host, 80), timeout=0.1)


def test_a_datagram_does_not_leave_either() -> None:
    family, kind = socket.AF_INET, socket.SOCK_DGRAM
    with socket.socket(family, kind) as sock, pytest.raises(NetworkBlockedError):
        sock.sendto(b"x", ("192.0.2.1", 53))


def test_loopback_is_reachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()


def test_hugging_face_is_offline() -> None:
    from huggingface_hub.constants import is_offline_mode

    assert is_offline_mode()
    assert os.environ["TRANSFORMERS_OFFLINE"] == "1"


def test_the_small_shop_has_every_kind_and_both_products(small_index: Path) -> None:
    index = Index.open(small_index)
    documents = [index.passages.document(each) for each in index.passages.document_ids()]
    assert {document.kind for document in documents} == set(Kind)
    assert set(index.passages.catalogue().names) == {"KT12", "KT17"}
    assert len(index.passages.rows(Scope())) == index.manifest.chunks - 1, "the old policy is out"
    index.close()
