"""Settings: a table with help. From options, then `SHELFTALK_…`, then `shelftalk.toml`."""

import os
import re
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from rag.errors import ConfigError
from rag.types import Kind

PREFIX = "SHELFTALK_"
FILE = "shelftalk.toml"


class Rule(BaseModel):
    """What the path of a file tells of its documents."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(
        min_length=1,
        description="Such as `manuals/{product_id}/*.pdf`: `*` stands for anything within a name, "
        "`**` for folders too, a key in braces for its value.",
    )
    kind: Kind | None = None
    title: str | None = None
    product_id: str | None = None
    variant_id: str | None = None
    locale: str | None = None
    url: str | None = None
    effective_from: date | None = None
    effective_until: date | None = None
    version: str | None = None

    @model_validator(mode="after")
    def _known_keys(self) -> Self:
        keys = re.findall(r"\{([^{}]*)\}", self.path)
        allowed = type(self).model_fields.keys() - {"path"}
        if not set(keys) <= allowed or len(set(keys)) < len(keys):
            raise ValueError(f"in braces may stand, each once: {', '.join(sorted(allowed))}")
        return self

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = re.split(r"(\*\*/?|\*|\?|\{\w+\})", self.path)
        regex = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
        return re.compile(
            "".join(
                regex.get(part)
                or (f"(?P<{part[1:-1]}>[^/]+?)" if part[:1] == "{" else re.escape(part))
                for part in parts
            )
        )

    def about(self, path: str) -> Mapping[str, str] | None:
        """What the rule says of a file, or None where its path does not fit."""
        match = self._pattern.fullmatch(path)
        if match is None:
            return None
        fixed = self.model_dump(mode="json", exclude={"path"}, exclude_none=True)
        return {**fixed, **match.groupdict()}


class Indexing(BaseModel):
    """How documents become passages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chunk_tokens: int = Field(
        default=120,
        ge=32,
        le=8192,
        description="Longest passage, title and headings included, in the embedder's tokens.",
    )
    keep: int = Field(default=2, ge=1, description="How many published generations stay on disk.")
    read_seconds: float = Field(
        default=10, gt=0, description="Longest time a file may keep its reader silent."
    )
    read_megabytes: int = Field(
        default=512, ge=256, description="Most memory the reader of a file may take."
    )
    rules: tuple[Rule, ...] = Field(
        default=(),
        description="What paths tell of files; see Documents. The first that fits counts.",
    )


class Answering(BaseModel):
    """How a question becomes an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    passages: int = Field(
        default=10, ge=1, le=100, description="Passages retrieved for a question."
    )
    evidence: int = Field(
        default=4, ge=1, le=20, description="Sentences of them shown to the generator."
    )
    threshold: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="Least probability that the best sentence answers; below it, silence. Where "
        "it is not set, what `eval --calibrate` fitted comes before the default.",
    )
    prompt_tokens: int = Field(
        default=500, ge=64, description="Budget of the prompt in the generator's tokens."
    )
    answer_tokens: int = Field(
        default=48, ge=8, description="Longest draft in the generator's tokens."
    )
    temperature: float = Field(
        default=0.0,
        ge=0,
        le=2,
        description="How freely a draft is worded; at 0 the same question gets the same answer.",
    )
    seed: int = Field(default=0, description="Which of the wordings, at a higher temperature.")
    seconds: float = Field(
        default=20.0,
        gt=0,
        description="Longest time a draft may take; then what was verified stands, or a quotation.",
    )
    retries: int = Field(
        default=2, ge=0, le=10, description="How often a server that fails is asked again."
    )
    cache: int = Field(
        default=1000,
        ge=0,
        description="Answers kept in memory for when the same is asked again; 0 keeps none.",
    )


Origin = Annotated[str, Field(pattern=r"^https?://[^/\s]+$")]
"""Where a page comes from, as browsers say it: scheme, host, and a port that is not the usual."""


ShopId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


class Shop(BaseModel):
    """One of several shops in one server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: Path = Field(description="Folder of its index.")
    origins: tuple[Origin, ...] = Field(default=(), description="Sites that may show its box.")
    contact: str = Field(default="", description="Whom its shoppers may ask instead.")


class Serving(BaseModel):
    """Who may ask the service, how often, and what it keeps."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: Path = Field(
        default=Path("keys.json"),
        description="File of the keys; `shelftalk keys new` makes it. Without it all is open.",
    )
    origins: tuple[Origin, ...] = Field(
        default=(),
        description="Sites that may show the box, such as `https://shop.example`.",
    )
    token_minutes: int = Field(
        default=10, ge=1, le=60, description="How long a token of the box is good."
    )
    credential_per_minute: int = Field(
        default=1200, ge=1, description="Requests a minute with one key or token."
    )
    address_per_minute: int = Field(
        default=120, ge=1, description="Requests a minute of boxes at one address."
    )
    database: str = Field(
        default="sqlite:///shelftalk.sqlite",
        description="SQLAlchemy URL of where feedback and unanswered questions are kept.",
    )
    question_days: int = Field(
        default=30,
        ge=0,
        description="Days that the text of an unanswered question is kept; 0 keeps none.",
    )
    feedback_days: int = Field(default=365, ge=1, description="Days that feedback is kept.")


class Settings(BaseSettings):
    """Everything that can be set, with its default."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, toml_file=FILE
    )

    index: Path = Field(default=Path("index"), description="Folder of the index.")
    embedder: str = Field(
        default="minilm",
        description="`minilm`, a folder, or a Hugging Face id; `plain:…` keeps from int8.",
    )
    reranker: str = Field(
        default="",
        description="A cross-encoder that reads the best passages again: a folder, or a Hugging "
        "Face id. None by default.",
    )
    entailment: str = Field(
        default="",
        description="A cross-encoder for natural language inference that must agree with what is "
        "drafted: a folder, or a Hugging Face id. None by default.",
    )
    generator: str = Field(
        default="smollm2",
        description="`smollm2`, `extractive`, a folder, a GGUF file, a Hugging Face id, "
        "`openai:<model>@<base url>`, or `langchain:<provider>:<model>`.",
    )
    contact: str = Field(
        default="",
        description="Whom to ask when the documents don't say, such as an e-mail address.",
    )
    indexing: Indexing = Field(default=Indexing(), description="How documents become passages.")
    answering: Answering = Field(
        default=Answering(), description="How a question becomes an answer."
    )
    serving: Serving = Field(
        default=Serving(), description="Who may ask the service, how often, and what it keeps."
    )
    shops: dict[ShopId, Shop] = Field(
        default={},
        description="Several shops in one server, by id; see Operating. Else `index` is the one.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**options: Any) -> Settings:  # noqa: ANN401  (pydantic checks them)
    """Read the effective settings; options that are None are left out.

    Raises:
        ConfigError: a key is unknown or a value is out of range.
    """
    known = _keys(Settings)
    for name in os.environ:
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            raise ConfigError(
                f"{name} in the environment is not a setting. `shelftalk config` lists them all."
            )
    try:
        return Settings(**{key: value for key, value in options.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise ConfigError(
                f"{key!r} in {FILE} is not a setting. `shelftalk config` lists them all."
            ) from error
        raise ConfigError(
            f"Setting {key!r} cannot be {first['input']!r}: {first['msg']}. "
            "`shelftalk config` lists all settings."
        ) from error
    except SettingsError as error:  # a section in the environment that is not JSON
        raise ConfigError(f"The environment cannot be read: {error}; set single keys.") from error
    except (ValueError, OSError) as error:
        raise ConfigError(f"{FILE} cannot be read: {error}") from error


def describe() -> list[tuple[str, str, str]]:
    """Every setting as (key, default, help), nested keys with a dot."""
    return list(_describe(Settings, ""))


def _describe(model: type[BaseModel], prefix: str) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            rows += _describe(info.annotation, f"{prefix}{name}.")
        else:
            shown = "" if info.default in ((), {}) else str(info.default)
            rows.append((f"{prefix}{name}", shown, info.description or ""))
    return rows


def _keys(model: type[BaseModel]) -> set[str]:
    sections = {PREFIX + name.upper() for name in model.model_fields}
    return sections | {
        PREFIX + key.replace(".", "__").upper() for key, _, _ in _describe(model, "")
    }
