"""The offline application: files become a published index."""
