from pathlib import Path

import pytest

from rag.config import FILE, describe, load_settings
from rag.errors import ConfigError


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings file is read from the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / FILE


def test_defaults() -> None:
    settings = load_settings()
    assert settings.embedder == "minilm"
    assert settings.index == Path("index")
    assert settings.indexing.keep == 2


def test_an_option_wins_over_the_environment_and_that_over_the_file(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_folder.write_text(
        'embedder = "file"\ngenerator = "file"\ncontact = "file"\n[indexing]\nkeep = 3\n'
    )
    monkeypatch.setenv("SHELFTALK_EMBEDDER", "env")
    monkeypatch.setenv("SHELFTALK_GENERATOR", "env")
    settings = load_settings(embedder="option")
    found = (settings.embedder, settings.generator, settings.contact, settings.indexing.keep)
    assert found == ("option", "env", "file", 3)


def test_one_key_of_a_section_leaves_the_others(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_folder.write_text("[indexing]\nkeep = 3\nchunk_tokens = 64\n")
    monkeypatch.setenv("SHELFTALK_INDEXING__KEEP", "5")
    settings = load_settings()
    assert (settings.indexing.keep, settings.indexing.chunk_tokens) == (5, 64)


def test_an_option_that_is_none_was_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFTALK_EMBEDDER", "env")
    assert load_settings(embedder=None).embedder == "env"


@pytest.mark.parametrize(
    "name",
    ["SHELFTALK_EMBEDER", "SHELFTALK_INDEXING__KEPT", "SHELFTALK_KEEP", "shelftalk_nonsense"],
)
def test_an_unknown_key_in_the_environment_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(ConfigError, match=f"{name} in the environment is not a setting"):
        load_settings()


@pytest.mark.parametrize(
    ("content", "key"), [("embeder = 'x'", "embeder"), ("[indexing]\nkept = 1", "indexing.kept")]
)
def test_an_unknown_key_in_the_file_is_refused(own_folder: Path, content: str, key: str) -> None:
    own_folder.write_text(content)
    with pytest.raises(ConfigError, match=f"'{key}'"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("SHELFTALK_INDEXING__KEEP", "0", "indexing.keep"),
        ("SHELFTALK_INDEXING__CHUNK_TOKENS", "31", "indexing.chunk_tokens"),
        ("SHELFTALK_ANSWERING__THRESHOLD", "1.01", "answering.threshold"),
        ("SHELFTALK_ANSWERING__PASSAGES", "many", "answering.passages"),
    ],
)
def test_a_value_out_of_range_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, key: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"'{key}' cannot be '{value}'"):
        load_settings()


@pytest.mark.parametrize("content", [b"embedder = ", b"\xff\xfe"])
def test_a_file_that_is_not_toml_is_named(own_folder: Path, content: bytes) -> None:
    own_folder.write_bytes(content)
    with pytest.raises(ConfigError, match=f"{FILE} cannot be read"):
        load_settings()


def test_a_section_that_is_not_json_is_blamed_on_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHELFTALK_INDEXING", "{")
    with pytest.raises(ConfigError, match="environment cannot be read"):
        load_settings()


def test_every_setting_is_described_with_its_default() -> None:
    rows = {key: (default, text) for key, default, text in describe()}
    assert rows["indexing.keep"][0] == "2"
    assert rows["embedder"][0] == "minilm"
    assert all(text.endswith(".") for _, text in rows.values())


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(load_settings(), "embedder", "x")  # noqa: B010


def test_rules_are_read_from_the_file(own_folder: Path) -> None:
    own_folder.write_text(
        '[[indexing.rules]]\npath = "{product_id}/*"\nkind = "manual"\n'
        '[[indexing.rules]]\npath = "**"\nlocale = "de"\n'
    )
    first, second = load_settings().indexing.rules
    assert first.about("KT-1/a.pdf") == {"kind": "manual", "product_id": "KT-1"}
    assert second.about("any/where.md") == {"locale": "de"}
    assert first.about("a.pdf") is None


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('path = "{sku}/*"', "in braces may stand, each once: effective_from"),
        ('path = "{product_id}/{product_id}"', "in braces may stand, each once"),
        ('path = ""', "at least 1 character"),
        ('path = "*"\nkind = "novel"', "'spec'"),
        ('path = "*"\ncolour = "red"', "indexing.rules.0.colour"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(own_folder: Path, rule: str, said: str) -> None:
    own_folder.write_text(f"[[indexing.rules]]\n{rule}\n")
    with pytest.raises(ConfigError) as refused:
        load_settings()
    assert said in str(refused.value)
