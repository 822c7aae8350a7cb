"""PDFs as a careless tool or a hostile hand would leave them."""

import random
import re
import zlib
from pathlib import Path

from tests.samples import write_pdf

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)


def seeds(folder: Path) -> list[bytes]:
    """A few small whole PDFs, compressed and not."""
    found = []
    for number, lines in enumerate((3, 40)):
        path = folder / f"seed{number}.pdf"
        pages = [[(f"Line {n} of a manual – it weighs {n} kg.", 10) for n in range(lines)]] * 2
        write_pdf(path, pages, "A manual")
        found.append(path.read_bytes())
    return found + [_unpacked(data) for data in found]


def _unpacked(data: bytes) -> bytes:
    """With streams in the open, where a changed byte changes an operator."""

    def opened(match: re.Match[bytes]) -> bytes:
        try:
            return b"stream\n" + zlib.decompress(match[1]) + b"\nendstream"
        except zlib.error:
            return match[0]

    return _STREAM.sub(opened, data).replace(b"/FlateDecode", b"")


def _flip(data: bytearray, at: int, rng: random.Random) -> None:
    data[at] ^= 1 << rng.randrange(8)


def _cut(data: bytearray, at: int, rng: random.Random) -> None:
    del data[at : at + rng.randrange(1, 200)]


def _repeat(data: bytearray, at: int, rng: random.Random) -> None:
    data[at:at] = data[at : at + rng.randrange(1, 200)] * rng.choice((1, 3, 500))


def _renumber(data: bytearray, at: int, rng: random.Random) -> None:
    if number := re.compile(rb"\d+").search(data, at):
        huge = rng.choice((b"0", b"-1", b"2147483648", b"99999999999999999999"))
        data[number.start() : number.end()] = huge


def _redirect(data: bytearray, at: int, rng: random.Random) -> None:
    """A reference to another object: some lead round in circles."""
    names = list(re.finditer(rb"\d+ 0 R", data))
    if names:
        one, other = rng.choice(names), rng.choice(names)
        data[one.start() : one.end()] = other[0]


def _truncate(data: bytearray, at: int, rng: random.Random) -> None:
    del data[max(at, 16) :]


_WOUNDS = (_flip, _cut, _repeat, _renumber, _redirect, _truncate)


def mutant(seed: bytes, rng: random.Random) -> bytes:
    """A PDF with a few wounds."""
    data = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        if data:
            rng.choice(_WOUNDS)(data, rng.randrange(len(data)), rng)
    return bytes(data)
