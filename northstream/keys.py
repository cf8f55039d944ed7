"""The keys that nobody has set: generated once, kept in the data folder with mode 0600.

Does not check requests: see `ingest` and `dashboard`.
"""

import fcntl
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from northstream.failures import UserError
from northstream.settings import Settings

KEYS_NAME = "keys.json"

_WATCH = b"northstream self-watch"


def with_keys(settings: Settings) -> Settings:
    """The settings with both keys; what is neither set nor kept is generated and kept.

    Raises:
        UserError: the file cannot be read or written.
    """
    if settings.write_key and settings.secret_key:
        return settings
    path = settings.data_dir / KEYS_NAME
    with _one_at_a_time(path):
        kept = read_keys(path)
        keys = dict(kept)
        if not settings.write_key:
            keys.setdefault("write_key", "wk_" + secrets.token_hex(16))
        if not settings.secret_key:
            keys.setdefault("secret_key", "sk_" + secrets.token_hex(24))
        if keys != kept:
            _write_keys(path, keys)
    return replace(
        settings,
        write_key=settings.write_key or keys["write_key"],
        secret_key=settings.secret_key or keys["secret_key"],
    )


def with_kept_keys(settings: Settings) -> Settings:
    """The settings with the keys that are kept, where none is set; none is made. May raise UserError."""
    kept = read_keys(settings.data_dir / KEYS_NAME)
    return replace(
        settings,
        write_key=settings.write_key or kept.get("write_key", ""),
        secret_key=settings.secret_key or kept.get("secret_key", ""),
    )


def watch_key(settings: Settings) -> str:
    """The key with which the product watches itself: it follows from the secret key, so that every role knows it.

    It is kept and shown nowhere, and changes with the secret key, which cannot be found from it.
    """
    return "nk_" + hmac.digest(settings.secret_key.encode(), _WATCH, "sha256").hex()


def read_keys(path: Path) -> dict[str, str]:
    """The keys kept in a data folder; none if it has no such file."""
    try:
        kept = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}); restore it, or remove it to have new keys made") from error
    if not isinstance(kept, dict):
        raise UserError(f"{path} holds no keys; restore it, or remove it to have new keys made")
    return {str(name): str(key) for name, key in kept.items()}


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Roles that start at once on one folder must come to know the same keys."""
    try:
        descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}); free or unlock the folder") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write_keys(path: Path, keys: dict[str, str]) -> None:
    """Whole or not at all: a new file takes the name only when it is on the disk."""
    temporary = path.with_suffix(".new")
    try:
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(keys, file, indent=2)
            file.flush()
            os.fsync(descriptor)
        temporary.rename(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}); free or unlock the folder") from error
