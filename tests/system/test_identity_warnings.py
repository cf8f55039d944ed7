"""What an operator should know about ids is stored and readable: with the person, with the message, in SQL."""

from pathlib import Path
from typing import Any

from system.installation import running


def warnings_of(person: dict[str, Any]) -> list[tuple[str, str, str]]:
    return sorted((one["kind"], one["subject"], one["message_id"]) for one in person["warnings"])


def test_warnings_stand_with_the_person_and_the_message(tmp_path: Path) -> None:
    """A device of another user is not re-linked; an alias with a write key unites no users."""
    with running(tmp_path / "data") as product:
        product.send(
            {"type": "identify", "anonymousId": "phone", "userId": "ada", "messageId": "first link"},
            {"type": "identify", "anonymousId": "phone", "userId": "bob", "messageId": "second link"},
            {"type": "track", "event": "Task Completed", "userId": "carl", "messageId": "carl works"},
            {"type": "alias", "previousId": "carl", "userId": "ada", "messageId": "carl is ada?"},
        )
        product.settle()
        ada = product.get("/api/persons/ada")
        assert ada["ids"] == {"user_ids": ["ada"], "anonymous_ids": ["carl", "phone"]}
        assert warnings_of(ada) == [
            ("alias_with_write_key", "d:carl", "carl is ada?"),
            ("device_of_another_user", "d:phone", "second link"),
        ]
        assert product.get("/api/persons/carl")["person_id"] == "u:carl"
        [warning] = product.get("/api/events/second link")["warnings"]
        assert (warning["kind"], warning["subject"]) == ("device_of_another_user", "d:phone")
        rows = product.rows("SELECT kind FROM northstream.identity_warnings ORDER BY kind")
        assert [row["kind"] for row in rows] == ["alias_with_write_key", "device_of_another_user"]
