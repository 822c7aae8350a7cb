"""The library: from a question to a cited answer."""
