"""Names for the places of one receiver (addresses, services): the same after a restart, and they tell nothing.

Does not keep them: see `alerting.outbox`.
"""

import hashlib


def place(text: str) -> str:
    """Short on purpose: many texts share a name, so nobody finds a secret by trying; the few of a receiver do not."""
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
