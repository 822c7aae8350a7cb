"""The keys of servers and admins: made once, shown once, kept as hashes in one file."""

import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

from filelock import FileLock

from rag.errors import ConfigError

_FORMAT = 1
_SECRET_BYTES = 32
"""256 bits: too many to guess, so a plain fast hash keeps them."""


class Role(IntEnum):
    """What a credential may do; a higher one may do all that a lower one may."""

    WIDGET = 1
    """Ask and give feedback, from a page of the shop."""
    SERVER = 2
    """Search, and read documents, too."""
    ADMIN = 3
    """Reload the index and read what shoppers said, too."""

    @property
    def text(self) -> str:
        """The role's name, as keys begin with it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the file has it."""

    id: str
    role: Role
    shop: str
    note: str
    sha256: str
    created: str
    revoked: str | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys of a server, and the secret that signs the box's tokens."""

    signing: bytes = field(repr=False)
    by_id: Mapping[str, Key]

    def find(self, presented: str) -> Key | None:
        """The key that was presented, if it is one of these and not revoked."""
        role, _, rest = presented.partition("_")
        id, _, secret = rest.partition("_")
        key = self.by_id.get(id)
        # An unknown id takes as long as a wrong secret.
        right = hmac.compare_digest(_hash(secret), key.sha256 if key else _hash(""))
        if key is None or not right or key.revoked is not None or role != key.role.text:
            return None
        return key


class KeyFile:
    """The file. What changes in it counts from the next request on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: Keys | None = None

    def read(self) -> Keys | None:
        """The keys, or None where there is no file.

        Raises:
            ConfigError: it is not a file of keys, or cannot be reached.
        """
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            # Once there were keys, a file that is gone must not open everything.
            return None if self._keys is None else replace(self._keys, by_id={})
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be read: {error.strerror}.") from error
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if self._keys is None or stamp != self._seen:
            self._keys, self._seen = _parsed(self.path), stamp
        return self._keys

    def create(self, role: Role, shop: str, note: str = "") -> tuple[str, Key]:
        """Make a key: the secret text, which is kept nowhere, and what is kept of it.

        Raises:
            ConfigError: the file cannot be read or written.
        """
        secret = secrets.token_hex(_SECRET_BYTES)
        key = Key(secrets.token_hex(4), role, shop, note, _hash(secret), _now())
        with self._locked():
            keys = self.read() or Keys(secrets.token_bytes(_SECRET_BYTES), {})
            self._write(Keys(keys.signing, {**keys.by_id, key.id: key}))
        return f"{role.text}_{key.id}_{secret}", key

    def revoke(self, id: str) -> Key:
        """Let a key be good no longer.

        Raises:
            ConfigError: there is none of this id, or the file cannot be read or written.
        """
        with self._locked():
            keys = self.read()
            if keys is None or id not in keys.by_id:
                raise ConfigError(
                    f"{self.path} has no key {id!r}; `shelftalk keys list` shows them all."
                )
            key = replace(keys.by_id[id], revoked=keys.by_id[id].revoked or _now())
            self._write(Keys(keys.signing, {**keys.by_id, id: key}))
        return key

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with ExitStack() as held:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                held.enter_context(FileLock(self.path.with_name(self.path.name + ".lock")))
            except OSError as error:
                raise ConfigError(f"{self.path} cannot be written: {error.strerror}.") from error
            yield

    def _write(self, keys: Keys) -> None:
        rows = [{**asdict(key), "role": key.role.text} for key in keys.by_id.values()]
        body = {"format": _FORMAT, "signing": keys.signing.hex(), "keys": rows}
        try:  # a temporary file is readable by its owner alone, and stays so
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".keys-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(body, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be written: {error.strerror}.") from error


def _parsed(path: Path) -> Keys:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        if body["format"] != _FORMAT:
            raise ValueError(f"format {body['format']!r}")
        keys = [Key(**{**row, "role": Role[row["role"].upper()]}) for row in body["keys"]]
        return Keys(bytes.fromhex(body["signing"]), {key.id: key for key in keys})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path} is not a file of keys ({type(error).__name__}). "
            "Restore it, or remove it and make new keys with: shelftalk keys new"
        ) from error


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
