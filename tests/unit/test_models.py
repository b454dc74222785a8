"""Mistakes in YAML files become sentences with file and line."""

from typing import Literal

import pytest
from pydantic import Field

from zhiheng.lib import yaml
from zhiheng.lib.models import Spec, read


class Thing(Spec):
    item: str
    type_: Literal["text", "number"] = Field("text", alias="type")
    size: int | None = None
    required: bool = False
    codes: list[str] = Field(default_factory=list)


class Things(Spec):
    things: list[Thing]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("things: []", []),
        ("{}", ['f.yaml:1: "things" is missing. Add it.']),
        ("things: 3", ['f.yaml:1: "things" must be a list, found 3.']),
        ("things:\n- 3", ['f.yaml:2: "things" must be a mapping (key: value), found 3.']),
        (
            "things:\n- item: x\n  requird: true",
            [
                'f.yaml:3: item "x": unknown key "requird". Did you mean "required"? '
                "Keys here: item, type, size, required, codes."
            ],
        ),
        (
            "things:\n- item: x\n  a1: 1\n  b2: 2",
            [
                'f.yaml:3: item "x": unknown key "a1". Keys here: item, type, size, required, codes.',
                'f.yaml:4: item "x": unknown key "b2". Keys here: item, type, size, required, codes.',
            ],
        ),
        (
            "things:\n- item: x\n  type: nmber",
            ["f.yaml:3: item \"x\": \"type\" is 'nmber'; it must be 'text' or 'number'. Did you mean \"number\"?"],
        ),
        (
            "things:\n- item: x\n  codes: [36.1]",
            ['f.yaml:3: item "x": "codes" must be text, found 36.1. Write it in quotes.'],
        ),
        ("things:\n- item: x\n  size: '3'", ['f.yaml:3: item "x": "size" must be a whole number, found \'3\'.']),
        ("things:\n- item: x\n  required: y", ['f.yaml:3: item "x": "required" must be true or false, found \'y\'.']),
        ("things:\n- required: true", ['f.yaml:2: "item" is missing. Add it.']),
        (
            "things:\n- item: x\n  size: z\n- item: y\n  required: 1",
            [
                'f.yaml:3: item "x": "size" must be a whole number, found \'z\'.',
                'f.yaml:5: item "y": "required" must be true or false, found 1.',
            ],
        ),
    ],
)
def test_every_mistake_is_reported_with_its_line_and_the_remedy(text, problems):
    model, found = read(yaml.loads(text, name="f.yaml"), Things)
    assert [str(problem) for problem in found] == problems
    assert (model is None) == bool(problems)


def test_a_model_never_changes_after_reading():
    model, _ = read(yaml.loads("things: []", name="f.yaml"), Things)
    with pytest.raises(ValueError, match="frozen"):
        model.things = []
