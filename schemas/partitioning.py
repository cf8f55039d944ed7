"""Which partition a person lives in: a function of the id alone, fixed by golden vectors.

Does not look anything up: a cache here would credit one message twice after a restart.
"""

from zlib import crc32

_USER = crc32(b"u:")
_DEVICE = crc32(b"d:")


def user_partition(user_id: str, partitions: int) -> int:
    """Partition of a user: CRC-32 of `u:` + UTF-8 of the id, modulo the number of partitions."""
    return crc32(user_id.encode(), _USER) % partitions


def device_partition(anonymous_id: str, partitions: int) -> int:
    """Partition of a device: CRC-32 of `d:` + UTF-8 of the id, modulo the number of partitions."""
    return crc32(anonymous_id.encode(), _DEVICE) % partitions


def person_partition(person_id: str, partitions: int) -> int:
    """Partition of a person id (`u:…` or `d:…`)."""
    return crc32(person_id.encode()) % partitions
