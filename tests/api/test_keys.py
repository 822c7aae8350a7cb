import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.keys import KeyFile, Role
from api.tokens import Token, signed, verified
from rag.errors import ConfigError

SECRET = b"s" * 32


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


def test_a_key_is_found_by_its_text_and_by_nothing_near_it(file: KeyFile) -> None:
    text, key = file.create(Role.SERVER, "tea", "shop floor")
    other, _ = file.create(Role.ADMIN, "tea")
    keys = file.read()
    assert keys is not None
    assert keys.find(text) == key
    swapped = "_".join([*text.split("_")[:2], other.split("_")[2]])
    for wrong in ("", text[:-1], text + "0", text.upper(), swapped, f"admin_{key.id}_", "é" + text):
        assert keys.find(wrong) is None


def test_a_key_has_256_bits_and_only_its_hash_is_kept(file: KeyFile) -> None:
    texts = {file.create(Role.SERVER, "tea")[0] for _ in range(3)}
    kept = file.path.read_text()
    assert len(texts) == 3
    for text in texts:
        secret = text.split("_")[2]
        assert len(bytes.fromhex(secret)) == 32
        assert secret not in kept
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_a_revoked_key_is_found_no_longer_also_by_others_who_read_the_file(file: KeyFile) -> None:
    text, key = file.create(Role.ADMIN, "tea")
    running = KeyFile(file.path)
    keys = running.read()
    assert keys is not None and keys.find(text)
    revoked = file.revoke(key.id)
    assert revoked.revoked
    assert file.revoke(key.id).revoked == revoked.revoked
    keys = running.read()
    assert keys is not None and keys.find(text) is None


def test_no_file_no_keys_but_a_file_that_vanishes_locks(file: KeyFile) -> None:
    assert file.read() is None
    text, _ = file.create(Role.SERVER, "tea")
    assert file.read() is not None
    file.path.unlink()
    keys = file.read()
    assert keys is not None and keys.find(text) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "keys": [1]}'])
def test_what_is_no_file_of_keys_is_said(file: KeyFile, content: str) -> None:
    file.path.write_text(content)
    with pytest.raises(ConfigError, match="is not a file of keys"):
        file.read()


def test_a_file_that_cannot_be_reached_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    below_a_file = KeyFile(tmp_path / "file" / "keys.json")
    with pytest.raises(ConfigError, match="cannot be read: Not a directory"):
        below_a_file.read()
    with pytest.raises(ConfigError, match="cannot be written"):
        below_a_file.create(Role.SERVER, "tea")


def test_a_lock_that_cannot_be_had_is_said(file: KeyFile) -> None:
    file.path.with_name("keys.json.lock").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        file.create(Role.SERVER, "tea")
    with pytest.raises(ConfigError, match="cannot be written"):
        file.revoke("any")


def test_revoking_an_unknown_key_says_where_to_look(file: KeyFile) -> None:
    with pytest.raises(ConfigError, match="keys list"):
        file.revoke("nope")


def test_keys_made_at_once_are_all_kept(file: KeyFile) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: KeyFile(file.path).create(Role.SERVER, "tea")[1], range(16)))
    rows = json.loads(file.path.read_text())["keys"]
    assert {row["id"] for row in rows} == {key.id for key in made}
    assert not [name for name in os.listdir(file.path.parent) if name.startswith(".keys-")]


def test_a_token_is_what_was_signed_until_its_time_is_over() -> None:
    token = Token("tea", "https://tea.example", 4e9)
    text = signed(token, SECRET)
    assert verified(text, SECRET) == token
    assert verified(signed(Token("tea", "https://tea.example", 1e9), SECRET), SECRET) is None


@pytest.mark.parametrize("place", range(0, 120, 7))
def test_a_token_changed_anywhere_is_none(place: int) -> None:
    text = signed(Token("tea", "https://tea.example", 4e9), SECRET)
    place %= len(text)
    changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
    assert verified(changed, SECRET) is None
    assert verified(text, b"t" * 32) is None
    assert verified(text.split(".")[0], SECRET) is None
    assert verified("é" + text + "é", SECRET) is None
