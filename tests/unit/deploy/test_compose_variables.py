"""The tests' reading of variables against the Compose specification's own examples."""

import pytest
from deployment.compose_file import VariableMissing, interpolate

VARIABLES = {"SET": "value", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$SET and ${SET}", "value and value"),
        ("$$SET", "$SET"),
        ("${UNSET}", ""),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY-other}", ""),
        ("${UNSET-other}", "other"),
        ("${UNSET:-${SET}}", "value"),
        ("${SET:?sentence}", "value"),
        ("${EMPTY?sentence}", ""),
        ("${SET:+there}", "there"),
        ("${EMPTY:+there}", ""),
        ("${EMPTY+there}", "there"),
        ("[${SET:-a:b}]:1", "[value]:1"),
    ],
)
def test_variables_are_put_in_as_the_specification_says(text: str, expected: str) -> None:
    """Defaults, requirements and replacements look at unset and empty as the operator says."""
    assert interpolate(text, VARIABLES) == expected


@pytest.mark.parametrize("text", ["${UNSET:?say so}", "${EMPTY:?say so}", "${UNSET?say so}"])
def test_a_missing_required_variable_gives_its_sentence(text: str) -> None:
    """The sentence after the question mark is what the user reads."""
    with pytest.raises(VariableMissing, match="say so"):
        interpolate(text, VARIABLES)
