"""A shop of two sibling kettles, small enough to read whole: a file of each format."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import docx
from openpyxl import Workbook
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

FILES = {
    ".shelftalkignore": "qa.jsonl\n",
    "qa.jsonl": '{"question": "How heavy is the KT12?", "product_id": "KT12"}\n',
    "specs/kettles.csv": (
        "id,item_group_id,name,Colour,Capacity,Power,Weight\n"
        "KT12-RED,KT12,Brook Kettle 1.2 L – Red,Red,1.2 L,1800 W,0.98 kg\n"
        "KT12-SAGE,KT12,Brook Kettle 1.2 L – Sage,Sage,1.2 L,1800 W,0.98 kg\n"
        "KT17-RED,KT17,Brook Kettle 1.7 L – Red,Red,1.7 L,2200 W,1.15 kg\n"
    ),
    "feed/products.jsonl": (
        '{"id": "KT12-RED", "item_group_id": "KT12", "title": "Brook Kettle 1.2 L – Red",'
        ' "description": "A small kettle for one or two people.", "price": "45.00 GBP",'
        ' "link": "https://shop.example/p/kt12"}\n'
        '{"id": "KT17-RED", "item_group_id": "KT17", "title": "Brook Kettle 1.7 L – Red",'
        ' "description": "A large kettle for a family.", "price": "59.00 GBP",'
        ' "link": "https://shop.example/p/kt17"}\n'
    ),
    "products/KT12/faq.md": (
        "---\ntitle: Questions about the Brook 1.2 kettle\n---\n\n"
        "## Can I boil milk in it?\nNo. Milk burns onto the element and voids the warranty.\n\n"
        "## How long is the cord?\nThe cord of the Brook 1.2 is 75 cm long.\n"
    ),
    "products/KT17/faq.md": (
        "---\ntitle: Questions about the Brook 1.7 kettle\n---\n\n"
        "## How long is the cord?\nThe cord of the Brook 1.7 is 90 cm long.\n\n"
        "## Does it keep water warm?\nYes, at 80 °C for 30 minutes.\n"
    ),
    "policies/returns.md": (
        "---\neffective_from: 2024-01-01\nversion: 2\n---\n\n# Returns\n\n"
        "You can return unused goods within 30 days of delivery. We refund within 5 days.\n"
    ),
    "policies/returns-2023.md": (
        "---\neffective_from: 2022-01-01\neffective_until: 2023-12-31\nversion: 1\n---\n\n"
        "# Returns\n\nYou can return unused goods within 14 days of delivery.\n"
    ),
    "de/rueckgabe.md": (
        "---\nkind: policy\nlocale: de\n---\n\n# Rückgabe\n\n"
        "Sie können unbenutzte Ware innerhalb von 30 Tagen zurückgeben.\n"
    ),
    "help/contact.html": (
        '<html lang="en"><head><title>Contact us | Shop</title></head><body><nav>Home</nav>'
        "<main><h1>Contact us</h1><p>Call 020 7946 0000 on weekdays from 9 to 5.</p></main>"
        "<footer>© Shop</footer></body></html>"
    ),
    "help/descaling.txt": (
        "Descaling a kettle\n\nDescale every two months with citric acid.\n\n"
        "1. Fill to the line.\n2. Add 20 g of citric acid.\n3. Boil and rinse twice.\n"
    ),
    "reviews/reviews.jsonl": (
        '{"id": "r1", "product_id": "KT12", "title": "Quick", "rating": 5,'
        ' "text": "Boils fast and pours well."}\n'
        '{"id": "r2", "product_id": "KT17", "title": "Loud", "rating": 2,'
        ' "text": "It is far too loud for a small kitchen."}\n'
        '{"id": "r3", "product_id": "KT17", "title": "Fine", "rating": 4,'
        ' "text": "Holds enough for six cups."}\n'
    ),
}


def write_small_corpus(folder: Path) -> Path:
    """Write the shop's files below a folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    manual = [
        [("Safety", 16), ("Never put the base in water. The kettle is not dishwasher-safe.", 10)],
        [("Warranty", 16), ("The warranty of the Brook 1.7 lasts 3 years.", 10)],
    ]
    write_pdf(folder / "products/KT17/manual.pdf", manual, title="Brook Kettle 1.7 manual")
    _write_office(folder)
    return folder


def _write_office(folder: Path) -> None:
    """A Word document, an Excel workbook and a packed text."""
    policy = docx.Document()
    policy.core_properties.title = "Warranty terms"
    policy.add_heading("What we repair", 1)
    policy.add_paragraph("Every kettle has a warranty of 2 years from the day of purchase.")
    policy.save(str(folder / "help/warranty.docx"))
    book = Workbook()
    assert book.active is not None
    for row in [["name", "Postage", "Days"], ["Parcels to Norway", "12 GBP", "4"]]:
        book.active.append(row)
    book.save(folder / "help/postage.xlsx")
    packed = gzip.compress(b"Our shop is open from Monday to Friday.", mtime=0)
    (folder / "help/opening.txt.gz").write_bytes(packed)


def write_pdf(path: Path, pages: Sequence[Sequence[tuple[str, int]]], title: str) -> None:
    """Write a PDF of (line, font size) pages, a running header and a page number on each."""
    canvas = Canvas(str(path), pagesize=A4)
    canvas.setTitle(title)
    for number, lines in enumerate(pages, 1):
        canvas.setFont("Helvetica", 8)
        canvas.drawString(72, 810, title)
        canvas.drawString(290, 30, f"Page {number}")
        height = 740
        for text, size in lines:
            canvas.setFont("Helvetica", size)
            canvas.drawString(72, height, text)
            height -= 3 * size
        canvas.showPage()
    canvas.save()
