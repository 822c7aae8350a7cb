"""Which lines are attributes, in every format that has lines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.loaders.attributes import are_attributes
from tests.indexer.reading import pieces, read

SPEC = ["Weight: 1 kg", "Dimensions (H x W x D): 20 x 10 x 5 cm", "Max. load: 3 kg"]
FORMATS: dict[str, Callable[[list[str]], str]] = {
    "lines.md": "\n".join,
    "broken.md": "  \n".join,
    "list.md": lambda lines: "".join(f"- {line}\n" for line in lines),
    "loose.md": lambda lines: "".join(f"* {line}\n\n" for line in lines),
    "lines.txt": "\n".join,
    "list.txt": lambda lines: "".join(f"• {line}\n" for line in lines),
    "lines.html": lambda lines: f"<p>{'<br>'.join(lines)}</p>",
    "list.html": lambda lines: "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>",
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_list_of_attributes_is_a_row_each(tmp_path: Path, name: str) -> None:
    found = pieces(read(tmp_path, name, FORMATS[name](SPEC)))
    assert found == [("row", line) for line in SPEC]


@pytest.mark.parametrize("name", FORMATS)
def test_one_line_that_is_none_makes_prose_of_all(tmp_path: Path, name: str) -> None:
    found = pieces(read(tmp_path, name, FORMATS[name]([*SPEC, "It fits into any drawer."])))
    assert "row" not in {kind for kind, _ in found}


@pytest.mark.parametrize(
    "lines",
    [
        ["Weight: 1 kg", "Colour: red"],
        ["容量：1.7 升", "重量: 1 kg"],
        ["Poids : 1 kg", "Couleur : rouge"],
        ["USB 3.0 ports: 2", "12 V input: yes"],
        ["Website: https://shop.example", "Opens: 9:00"],
        ["Port: USB-A", "port: USB-C", "Weight: 1 kg"],
        ["In the box: " + "a cable, " * 15, "Weight: 1 kg"],
        ["Insulation: Keeps you warm.", "Weight: 1 kg"],
    ],
)
def test_attributes(lines: list[str]) -> None:
    assert are_attributes(lines)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Weight: 1 kg"],
        ["Weight: 1 kg", ""],
        ["Weight: 1 kg", "Colour:"],
        ["Weight: 1 kg", ": red"],
        ["Step 1: Fill it", "Step 2: Boil it"],
        ["Q: How heavy is it?", "A: 1 kg"],
        ["Weight: 1 kg", "9:30"],
        ["Weight: 1 kg", "12: 30"],
        ["Weight: 1 kg", "see https://shop.example"],
        ["Weight: 1 kg", "Do not immerse. Then: dry it"],
        ["Weight: 1 kg", "Is it heavy? No: 1 kg"],
        ["Weight: 1 kg", "a label with far more words than a label ever has: 1 kg"],
        ["Weight: 1 kg", "[R-1] Returns: 30 days"],
        ["Weight: 1 kg", "Storage: " + "Keep it in a dry place, away from the sun. " * 3],
    ],
)
def test_no_attributes(lines: list[str]) -> None:
    assert not are_attributes(lines)
