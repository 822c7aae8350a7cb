"""Locales such as `de-AT`."""


def base_language(tag: str) -> str:
    """The language of a locale: "de" of "de-AT", "DE" and "de_DE"."""
    return tag.strip().replace("_", "-").split("-")[0].lower()
