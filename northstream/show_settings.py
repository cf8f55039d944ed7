"""`northstream settings`: each setting with its value, where it came from and what it means.

Shows no secret: only whether one is set.
"""

from collections.abc import Mapping
from dataclasses import fields

from northstream.failures import UserError
from northstream.keys import KEYS_NAME, read_keys
from northstream.settings import PREFIX, Resolved, Settings, unknown_variables


def show_settings(resolved: Resolved, environ: Mapping[str, str]) -> None:
    """Print a block per setting, in the order of their declaration."""
    kept = _kept_keys(resolved.settings)
    for item in fields(Settings):
        value, source = getattr(resolved.settings, item.name), resolved.sources[item.name]
        if not value and item.name in kept:
            value, source = kept[item.name], str(resolved.settings.data_dir / KEYS_NAME)
        shown = _masked(str(value)) if item.metadata["secret"] else str(value)
        print(f"{PREFIX}{item.name.upper()} = {shown if value not in ('', None) else '(unset)'}")
        print(f"    from {source}; {item.metadata['meaning']}")
    for sentence in unknown_variables(environ):
        print(f"warning: {sentence}")


def _kept_keys(settings: Settings) -> Mapping[str, str]:
    try:
        return read_keys(settings.data_dir / KEYS_NAME)
    except UserError:
        return {}


def _masked(secret: str) -> str:
    """The first characters tell keys apart; a short secret shows nothing."""
    return f"{secret[:5]}…" if len(secret) >= 20 else "…"
