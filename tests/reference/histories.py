"""Random product histories, reproducible from a seed, as batches to send over HTTP.

Does not send them and counts nothing. Times lie on whole minutes or on telling edges. What depends on when a batch is
received lies seconds beside them, each batch elsewhere, so that a slow machine changes no number.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reference.messages import DAY, HOUR, SECOND, Sent

MINUTE = 60 * SECOND
JUNK_SEEN = ("null", " Undefined ", "0000-0000", "", "[object Object]", "-1", "GUEST")
CORE = ("Project Created", "Task Completed", "Teammate Invited", "Report Shared")
OTHERS = ("Invitation Accepted", "Setup Completed", "Something Unplanned", "account created")
FUNNEL = ("Pricing Viewed", "Account Created", "Project Created", "Subscription Started")


@dataclass(frozen=True)
class Batch:
    """Messages sent together. `sent_offset_ms`: sentAt minus the true time of sending; None: no sentAt.

    A message's own offset stands in it as `sentOffset` until `stamp` makes a sentAt of it. `alone`: the only
    message goes to the route of its type instead of that for batches.
    """

    messages: list[Any]
    sent_offset_ms: int | None = None
    secret: bool = False
    alone: bool = False

    @property
    def path(self) -> str:
        return f"/v1/{self.messages[0]['type']}" if self.alone else "/v1/batch"

    def stamp(self, now_ms: int) -> dict[str, Any]:
        """The body as it goes over HTTP at this time."""
        stamped = [self._stamped(message, now_ms) for message in self.messages]
        body: dict[str, Any] = dict(stamped[0]) if self.alone else {"batch": stamped}
        if self.sent_offset_ms is not None:
            body["sentAt"] = iso(now_ms + self.sent_offset_ms)
        return body

    def _stamped(self, message: Any, now_ms: int) -> Any:
        if not isinstance(message, dict) or "sentOffset" not in message:
            return message
        rest = {name: value for name, value in message.items() if name != "sentOffset"}
        return {**rest, "sentAt": iso(now_ms + message["sentOffset"])}

    def sent_at(self, now_ms: int) -> tuple[bytes, Sent]:
        """The bytes to post, and the same as the reference sees it."""
        body = json.dumps(self.stamp(now_ms)).encode()
        return body, Sent(json.loads(body), now_ms, self.secret)


def iso(instant_ms: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class History:
    """An endless company: the same people come back in every batch, with old and new devices.

    Histories with different prefixes share nobody, and may be sent at the same time.

    Everything stays within `days` before `now_ms`, bar a few page views of the year before: what is older than the
    horizon is kept exact for activity only.
    """

    seed: int
    now_ms: int
    timezone: str = "UTC"
    users: int = 24
    devices: int = 30
    days: int = 38
    prefix: str = ""
    _random: random.Random = field(init=False)
    _number: int = field(default=0, init=False)
    _asides: int = field(default=0, init=False)
    _sent: list[dict[str, Any]] = field(default_factory=list, init=False)
    _anchors: list[int] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def batches(self, count: int) -> Iterator[Batch]:
        for _ in range(count):
            yield self._random.choices(
                (self._stories, self._retries, self._aliases, self._skewed, self._refused, self._ancient),
                (10, 3, 2, 2, 1, 1),
            )[0]()

    def _stories(self) -> Batch:
        """A few people doing something; out of order."""
        messages = [message for _ in range(self._random.randint(1, 4)) for message in self._story()]
        self._random.shuffle(messages)
        self._sent += messages
        offset, secret = self._random.choice((None, 0, SECOND)), self._random.random() < 0.2
        return Batch(messages, offset, secret, alone=len(messages) == 1)

    def _story(self) -> list[dict[str, Any]]:
        ids = self._ids()
        start = self._instant()
        kind = self._random.randrange(4)
        if kind == 0:
            return [self._message(ids, start, self._random.choice(("page", "screen", "identify", "group")))]
        if kind == 1:
            return [self._track(self._sometimes_other(ids), event, time) for event, time in self._funnel_walk(start)]
        if kind == 2:
            return [self._track(self._sometimes_other(ids), event, time) for event, time in self._activation(start)]
        return [self._track(ids, self._random.choice((*CORE, *OTHERS, *FUNNEL)), start)]

    def _funnel_walk(self, start: int) -> Iterator[tuple[str, int]]:
        """Steps that mostly come in order, some at one instant, some at or beyond the window's end."""
        time = start
        for event in FUNNEL[: self._random.randint(1, len(FUNNEL))]:
            if self._random.random() < 0.9:
                yield event, time
            gap = self._random.choice((0, 0, 1, MINUTE, HOUR, 20 * HOUR, 2 * DAY, 7 * DAY - 1, 7 * DAY))
            time = max(time + gap, start) if gap < 7 * DAY - 1 else start + gap
            if self._random.random() < 0.1:
                time -= MINUTE
            if self._random.random() < 0.2:
                yield event, time

    def _activation(self, start: int) -> Iterator[tuple[str, int]]:
        """A signup, and core actions around the edges of its seven days."""
        if self._random.random() < 0.8:
            yield "Account Created", start
        for _ in range(self._random.randint(1, 5)):
            gap = self._random.choice((-1, 0, 0, MINUTE, HOUR, DAY, 3 * DAY, 7 * DAY - 1, 7 * DAY, 8 * DAY))
            yield self._random.choice(CORE), start + gap

    def _retries(self) -> Batch:
        """Copies of messages sent before, some with another corrected time, in another batch than the first."""
        if not self._sent:
            return self._stories()
        copies = self._random.choices(self._sent, k=self._random.randint(1, 4))
        kind = self._random.randrange(3)
        if kind == 0:
            return Batch(copies, 0)
        # The client kept an old sentAt: its time looks later by the age of that, or by a clock ahead: earlier.
        offset = self._random.choice((-26 * HOUR, -3 * HOUR, -70 * MINUTE, 2 * HOUR, 25 * HOUR)) + self._aside()
        return Batch([{**copy, "sentOffset": offset} for copy in copies], 0)

    def _aliases(self) -> Batch:
        """Unions with the secret key, in chains; devices with a write key."""
        secret = self._random.random() < 0.6
        messages = []
        for _ in range(self._random.randint(1, 3)):
            previous = self._user() if secret or self._random.random() < 0.3 else self._device()
            ids = {"userId": self._user(), "previousId": previous}
            messages.append(self._message(ids, self._instant(), "alias"))
        return Batch(messages, None, secret)

    def _skewed(self) -> Batch:
        """A client whose clock is wrong by minutes to days; corrected, its times lie off the grid."""
        wrong_by = self._random.choice((-30 * DAY, -DAY, -HOUR, -10 * MINUTE, 10 * MINUTE, 5 * HOUR, 3 * DAY))
        ids, aside = self._ids(), self._aside()
        messages = []
        for event in self._random.choices((*CORE, *FUNNEL, "page"), k=self._random.randint(1, 4)):
            told = self._grid() + aside + wrong_by
            messages.append(self._message(ids, told, "page") if event == "page" else self._track(ids, event, told))
        if self._random.random() < 0.5:
            return Batch([{**message, "sentOffset": wrong_by} for message in messages], 0)
        return Batch(messages, wrong_by)

    def _refused(self) -> Batch:
        """Messages that are quarantined, between two that are not."""
        ids = {"userId": self._user()}
        far = self._random.choice((self.now_ms + 25 * HOUR, self.now_ms - 401 * DAY))
        bad: list[Any] = [
            self._message(ids, self._grid(), "unheard-of"),
            self._message({"userId": "null", "anonymousId": "0"}, self._grid(), "page"),
            self._message({"userId": self._random.choice((True, 1.5, [], {}))}, self._grid(), "page"),
            self._track(ids, "Account Created", far),
            {**self._track(ids, "Subscription Started", self._grid()), "properties": {"plan": "pro"}},
            self._message({"previousId": self._user(), "anonymousId": self._device()}, self._grid(), "alias"),
            "text",
            7,
            None,
        ]
        chosen = self._random.sample(bad, 3)
        return Batch([*self._story(), *chosen, *self._story()], None)

    def _ancient(self) -> Batch:
        """Page views of long ago, and some without a time of their own."""
        ids = self._ids()
        old = [self.now_ms // DAY * DAY - self._random.randint(40, 395) * DAY for _ in range(2)]
        messages = [self._message(ids, time, "page") for time in old]
        if self._random.random() < 0.5:
            timeless = self._message(self._ids(), 0, "page")
            messages.append({**timeless, "timestamp": self._random.choice(("soon", "", "31/12/2026"))})
        return Batch(messages, 0)

    def _message(self, ids: dict[str, Any], time: int, kind: str) -> dict[str, Any]:
        self._number += 1
        message = {
            "messageId": f"{self.prefix}m{self.seed}-{self._number}",
            "type": kind,
            "timestamp": iso(time),
            **ids,
        }
        if kind == "group":
            message["groupId"] = "g1"
        return message

    def _track(self, ids: dict[str, Any], event: str, time: int) -> dict[str, Any]:
        message = self._message(ids, time, "track")
        if self._random.random() < 0.3 and event.count(" ") == 1:
            message["object"], message["verb"] = event.split(" ")
        else:
            message["event"] = event
        if event.startswith("Subscription"):
            message["properties"] = {"plan": "pro", "mrr": 20}
        return message

    def _user(self) -> str | int:
        number = int(self._random.triangular(0, self.users, 0))
        if number % 7 == 3 and not self.prefix:
            return number
        return f"{self.prefix}{'zyxé'[number % 4]}{number}"

    def _device(self) -> str:
        return f"{self.prefix}{'zyxé'[self._random.randrange(4)]}{int(self._random.triangular(0, self.devices, 0))}"

    def _ids(self) -> dict[str, Any]:
        """User alone, device alone, both (which links), and one of them junk."""
        kind = self._random.randrange(10)
        if kind < 3:
            return {"userId": self._user(), "anonymousId": None}
        if kind < 7:
            return {"anonymousId": self._device()}
        if kind < 9:
            return {"userId": self._user(), "anonymousId": self._device()}
        if self._random.random() < 0.5:
            return {"userId": self._random.choice(JUNK_SEEN), "anonymousId": self._device()}
        return {"userId": self._user(), "anonymousId": self._random.choice(JUNK_SEEN)}

    def _sometimes_other(self, ids: dict[str, Any]) -> dict[str, Any]:
        return ids if self._random.random() < 0.8 else self._ids()

    def _instant(self) -> int:
        """A minute of the last weeks, one used before, or the edge of a workspace day."""
        kind = self._random.randrange(10)
        if kind < 3 and self._anchors:
            return self._random.choice(self._anchors)
        if kind < 5:
            return self._midnight() + self._random.choice((-1, 0))
        self._anchors.append(self._grid())
        return self._anchors[-1]

    def _grid(self) -> int:
        back = self._random.choice((0.1, 1, 7, self.days)) * self._random.random() * DAY
        return int(self.now_ms - back) // MINUTE * MINUTE - 2 * MINUTE

    def _aside(self) -> int:
        """10 to 50 s, seconds away from that of the batches before and after."""
        self._asides += 1
        return 10 * SECOND + self._asides * 3_700 % (40 * SECOND)

    def _midnight(self) -> int:
        local = datetime.fromtimestamp(self.now_ms / 1000, ZoneInfo(self.timezone))
        day = local.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=self._random.randint(0, 36))
        return round(day.timestamp() * 1000)
