"""One module per format, each with a `load(path)`; the table is in `indexer/load.py`."""
