"""The examples of the read API's documentation: each has the shape that it stands for."""

import pytest

from dashboard import backtest_shapes, board_shapes, catalogue_shapes, report_shapes, shapes
from dashboard.shapes import Shape

EXAMPLES = {
    f"{module.__name__}.{name}": shape
    for module in (shapes, catalogue_shapes, board_shapes, report_shapes, backtest_shapes)
    for name, shape in vars(module).items()
    if isinstance(shape, type) and issubclass(shape, Shape) and shape.model_config.get("json_schema_extra")
}


@pytest.mark.parametrize("shape", EXAMPLES.values(), ids=EXAMPLES)
def test_an_example_has_the_shape_that_it_shows(shape):
    """Or people would build on keys that there are not."""
    shape.model_validate(shape.model_config["json_schema_extra"]["example"])
