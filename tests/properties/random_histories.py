"""Random histories of accepted messages: small, but with everything that makes counting hard.

Does not count: see `recount`.
"""

import random

from properties import recount
from properties.stream_harness import DEFINITIONS, PAID, PRICING, PROJECT, SIGNUP, TASK, Message

T0 = 20_700 * recount.DAY
FUNNELS = [(f.id, f.window_seconds * 1000, [s.event for s in f.steps]) for f in DEFINITIONS.funnels]


def random_history(seed: int, size: int) -> list[Message]:
    """Several devices, shared devices, late by up to five weeks, copies, equal times, midnights, aliases."""
    chance = random.Random(seed)
    users = ["ann", "bob", "cid", "é", "zoe", "0", "null", ""]
    devices = ["d1", "d2", "d3", "d4", "-", ""]
    sent: list[Message] = []
    now = T0
    for number in range(size):
        now += chance.choice([0, 1, 60_000, 3_600_000, recount.DAY // 2, recount.DAY])
        late = chance.choice([0, 0, 0, 1, recount.DAY, 12 * recount.DAY, 34 * recount.DAY])
        retried = [old for old in sent[-20:] if now - old.received_ms < 3 * recount.DAY]
        if retried and chance.random() < 0.15:
            old = chance.choice(retried)
            sent.append(
                Message(
                    **{
                        **vars(old),
                        "occurred_ms": old.occurred_ms + chance.choice([0, -recount.DAY, recount.DAY, 5]),
                        "received_ms": now,
                    }
                )
            )
            continue
        user, device = chance.choice(users), chance.choice(devices)
        kind = chance.choices(["track", "page", "identify", "alias"], [8, 2, 1, 1])[0]
        if recount.junk(user) and recount.junk(device):
            device = "d1"
        if kind == "alias" and recount.junk(user):
            user = "bob"
        at = max(now - late, T0 - 3 * recount.DAY)
        if chance.random() < 0.2:
            at -= at % recount.DAY
        sent.append(
            Message(
                f"m{number}",
                kind,
                at,
                now,
                chance.choice([SIGNUP, PROJECT, TASK, TASK, PRICING, PAID, "Other"]) if kind == "track" else "",
                user,
                "" if kind == "alias" else device,
                chance.choice(["ann", "bob", "cid", "é", "zoe", "d1", "d2"]) if kind == "alias" else "",
                chance.random() < 0.6,
            )
        )
    return sent
