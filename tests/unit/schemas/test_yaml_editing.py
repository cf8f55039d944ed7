"""Values changed in the text of a file: what people wrote around them stays as it is."""

from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.workspace import DEFAULT_WORKSPACE
from schemas.yaml_editing import NotEditable, set_key

FILE = """\
# Where revenue comes from.

- id: mrr   # the balance
  label: {en: MRR, fr: "MRR"}
  target: {value: 50000, by: 2026-12-31} # agreed in March
  # red is agreed too
  red: 40000

- id: churn
  definition: >
    Customers lost ÷
    customers at start.

# The end.
- {id: cash, unit: money}
"""


def test_a_value_is_replaced_and_nothing_else_moves():
    """The comment behind it stays."""
    after = set_key(FILE, "target", {"value": 60000, "by": date(2027, 6, 30)}, "mrr")
    assert after == FILE.replace("50000, by: 2026-12-31", "60000, by: 2027-06-30")


def test_a_key_that_was_not_there_comes_after_the_last_of_its_entry():
    """Before the comments that belong to what follows."""
    after = set_key(FILE, "target", {"value": 0.03}, "churn")
    assert after == FILE.replace("customers at start.\n", "customers at start.\n  target: {value: 0.03}\n")


def test_an_entry_on_one_line_stays_on_it():
    """Flow style is kept."""
    assert set_key(FILE, "target", 5, "cash").endswith("- {id: cash, unit: money, target: 5}\n")
    assert set_key(FILE, "unit", "count", "cash").endswith("- {id: cash, unit: count}\n")


def test_a_mapping_of_lists_is_written_as_a_tree():
    """One line a branch; an absent key comes at the end, with the file's own line breaks."""
    text = "name: Northwind\r\ntree:\r\n  revenue: [mrr] # all of it\r\n\r\nnorth_star: arr"
    tree = {"activation": ["aha_rate", {"ttfv": ["setup"]}], "revenue": ["mrr", "arpu"]}
    after = set_key(text, "tree", tree)
    shown = "tree:\r\n  activation: [aha_rate, {ttfv: [setup]}]\r\n  revenue: [mrr, arpu] # all of it\r\n"
    assert after == f"name: Northwind\r\n{shown}\r\nnorth_star: arr"
    assert set_key(after, "opening_board", "mine").endswith("north_star: arr\r\nopening_board: mine\r\n")


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "a: [", "a: 1\n---\nb: 2\n", "- id: other\n"])
def test_what_cannot_be_changed_in_place_is_refused(text):
    """The author's file is never guessed at."""
    with pytest.raises(NotEditable):
        set_key(text, "target", 1, "mrr")


def test_a_value_that_others_refer_to_is_not_taken_away():
    """An anchor inside the value is used elsewhere."""
    with pytest.raises(NotEditable, match="by hand"):
        set_key("target: &aim {value: 1}\nother: *aim\n", "target", 2)


@given(st.text("ab: '\"#é{},[]\n", max_size=12) | st.integers() | st.dates() | st.floats(allow_nan=False))
def test_any_value_comes_back_as_it_was_set(value):
    """Quotes, signs and line breaks of a text do not end it."""
    after = set_key(FILE, "note", {"text": value}, "mrr")
    assert yaml.safe_load(after)[0]["note"] == {"text": value}


def test_every_metric_of_the_default_workspace_can_get_a_target():
    """In whatever style its file is written; the check is that all else says what it said."""
    for path in sorted((DEFAULT_WORKSPACE / "metrics").glob("*.yaml")):
        text = path.read_text("utf-8")
        for metric in yaml.safe_load(text)[:3]:
            text = set_key(text, "target", {"value": 12, "by": date(2027, 1, 1)}, metric["id"])
        assert text.count("\n#") == path.read_text("utf-8").count("\n#")
