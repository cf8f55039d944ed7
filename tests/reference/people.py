"""Who each message belongs to, once everything is known.

Shares no code with the product: unions are followed from each user through all of them.
"""

from collections import defaultdict

from reference.messages import Message


class People:
    """Links and unions of a list of messages in their order of append."""

    def __init__(self, messages: list[Message]) -> None:
        self.user_of_device: dict[str, str] = {}
        self.unions: list[tuple[str, str]] = []
        self.neighbours: dict[str, set[str]] = defaultdict(set)
        self.person_by_user: dict[str, str] = {}
        for message in sorted(messages, key=lambda message: message.order):
            if message.type == "alias":
                self._alias(message)
            elif message.user is not None and message.device is not None:
                self.user_of_device.setdefault(message.device, message.user)

    def _alias(self, message: Message) -> None:
        assert message.user is not None
        assert message.previous is not None
        if message.secret:
            self.unions.append((message.previous, message.user))
            self.neighbours[message.previous].add(message.user)
            self.neighbours[message.user].add(message.previous)
        else:
            self.user_of_device.setdefault(message.previous, message.user)

    def person_of(self, message: Message) -> str:
        if message.user is not None:
            return self.person_of_user(message.user)
        assert message.device is not None
        return self.person_of_device(message.device)

    def person_of_device(self, device: str) -> str:
        if device in self.user_of_device:
            return self.person_of_user(self.user_of_device[device])
        return f"d:{device}"

    def person_of_user(self, user: str) -> str:
        if user not in self.person_by_user:
            together = self.united_with(user)
            smallest = min(together, key=lambda name: name.encode())
            self.person_by_user.update(dict.fromkeys(together, f"u:{smallest}"))
        return self.person_by_user[user]

    def united_with(self, user: str) -> set[str]:
        """The user and everyone united with it, in any number of steps."""
        together: set[str] = set()
        found = [user]
        while found:
            one = found.pop()
            if one not in together:
                together.add(one)
                found += self.neighbours.get(one, ())
        return together
