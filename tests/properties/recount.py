"""The numbers of a set of accepted messages, counted from scratch: slow, plain, and written from the definitions alone.

Does not use anything of the stream's core.
"""

from collections import defaultdict

DAY = 86_400_000
JUNK = ("", "null", "none", "nil", "undefined", "nan", "true", "false", "anonymous", "guest", "-1", "[object object]")


def junk(identifier):
    plain = identifier.strip().lower()
    return plain in JUNK or not plain.strip("0-")


def persons(messages):
    """message id → person, by first links in order of sending and unions of users."""
    link, parent = {}, {}

    def root(user):
        while parent.get(user, user) != user:
            user = parent[user]
        return user

    for m in messages:
        user = "" if junk(m.user_id) else m.user_id
        device = "" if junk(m.anonymous_id) else m.anonymous_id
        previous = "" if junk(m.previous_id) else m.previous_id
        if m.type == "alias":
            if m.secret and user and previous:
                one, other = sorted((root(user), root(previous)), key=str.encode)
                parent[other] = one
            elif not m.secret and user and previous:
                link.setdefault(previous, user)
        elif user and device:
            link.setdefault(device, user)
    found = {}
    for m in messages:
        user = "" if junk(m.user_id) else m.user_id
        user = user or link.get(m.anonymous_id, "")
        found[m.message_id] = "u:" + root(user) if user else "d:" + m.anonymous_id
    return found


def numbers(messages, funnels, signup, core, window=7 * DAY):
    """(counter, day) → value, zeroes left out; funnels are (id, window in ms, [event names])."""
    who = persons(messages)
    earliest = {}
    for m in messages:
        if m.message_id not in earliest or m.occurred_ms < earliest[m.message_id].occurred_ms:
            earliest[m.message_id] = m
    by_person = defaultdict(list)
    for m in earliest.values():
        by_person[who[m.message_id]].append(m)
    total = defaultdict(int)
    for theirs in by_person.values():
        days = {m.occurred_ms // DAY for m in theirs if m.type in ("track", "page", "screen")}
        for metric, width in (("dau", 1), ("wau", 7), ("mau", 30)):
            for bucket in {day + ahead for day in days for ahead in range(width)}:
                total[metric, bucket] += 1
        tracks = [m for m in theirs if m.type == "track"]
        _count_activation(total, tracks, signup, core, window)
        for funnel, funnel_window, names in funnels:
            _count_funnel(total, tracks, funnel, funnel_window, names)
    return {key: value for key, value in total.items() if value}


def _count_activation(total, tracks, signup, core, window):
    signups = [m.occurred_ms for m in tracks if m.event == signup]
    if not signups:
        return
    start = min(signups)
    total["signups", start // DAY] += 1
    actions = sorted(m.occurred_ms for m in tracks if m.event in core and start <= m.occurred_ms < start + window)
    if len(actions) >= 3:
        total["activated", start // DAY] += 1
        total["activations", actions[2] // DAY] += 1


def _count_funnel(total, tracks, funnel, window, names):
    openings = sorted((m.occurred_ms, m.message_id) for m in tracks if m.event == names[0])
    seen = set()
    for entry, message in openings:
        if entry // DAY in seen:
            continue
        seen.add(entry // DAY)
        now, used = entry, {message}
        total[f"funnel:{funnel}:1", entry // DAY] += 1
        for number, name in enumerate(names[1:], 2):
            able = sorted(
                (m.occurred_ms, m.message_id)
                for m in tracks
                if m.event == name and m.occurred_ms >= now and m.message_id not in used
            )
            if not able or able[0][0] >= entry + window:
                break
            now = able[0][0]
            used.add(able[0][1])
            total[f"funnel:{funnel}:{number}", entry // DAY] += 1
