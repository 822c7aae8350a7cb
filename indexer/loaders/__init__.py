"""One small module per format, each with `load(path) -> Iterator[Draft]`; the table is in load.py."""
