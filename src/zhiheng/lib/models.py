"""Turn YAML documents into strict models, and every mistake into a sentence with file and line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from .suggest import did_you_mean, nearest
from .yaml import Document, Location

UNKNOWN_KEYS = "unknown_keys"


@dataclass(frozen=True)
class Problem:
    """One mistake in a file: where it is and what to do about it."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class Spec(BaseModel):
    """A part of a YAML file: no unknown keys, no silent conversions, never changed after reading."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        known = _keys(cls)
        unknown = [str(key) for key in data if key not in known]
        if unknown:
            raise PydanticCustomError(UNKNOWN_KEYS, "unknown keys", {"unknown": unknown, "known": known})
        return data


SpecType = TypeVar("SpecType", bound=Spec)


def read(document: Document, model: type[SpecType]) -> tuple[SpecType | None, list[Problem]]:
    """Return the model, or None and everything that is wrong with the document."""
    try:
        return model.model_validate({} if document.data is None else document.data), []
    except ValidationError as invalid:
        found = (problem for error in invalid.errors(include_url=False) for problem in _problems(document, error))
        return None, sorted(dict.fromkeys(found), key=lambda problem: problem.line)


def _problems(document: Document, error: ErrorDetails) -> Iterator[Problem]:
    # A step like "<item>" is the name of a variant of the model, no place in the file.
    location: Location = tuple(step for step in error["loc"] if not str(step).startswith("<"))
    context = error.get("ctx", {})
    if error["type"] == UNKNOWN_KEYS:
        for key in context["unknown"]:
            message = f'unknown key "{key}".{did_you_mean(key, context["known"], kind="Keys here")}'
            yield _problem(document, (*location, key), message)
        return
    yield _problem(document, location, _sentence(error, location, context))


def _problem(document: Document, location: Location, message: str) -> Problem:
    subject = _subject(document.data, location)
    return Problem(document.file, document.line(location), f"{subject}{message}")


def _sentence(error: ErrorDetails, location: Location, context: Mapping[str, Any]) -> str:
    kind, found = error["type"], error["input"]
    name = next((str(step) for step in reversed(location) if isinstance(step, str)), "")
    if kind == "missing":
        return f'"{name}" is missing. Add it.'
    if kind == "string_type":
        remedy = " Write it in quotes." if isinstance(found, int | float) else ""
        return f'"{name}" must be text, found {_shown(found)}.{remedy}'
    if kind in ("literal_error", "enum"):
        return f'"{name}" is {_shown(found)}; it must be {context["expected"]}.{_near_choice(found, context)}'
    if kind in ("value_error", "assertion_error"):
        # A sentence about a whole item needs no other subject.
        about_a_part = bool(location) and isinstance(location[-1], str)
        return f'"{name}": {context["error"]}' if about_a_part else str(context["error"])
    wanted = {
        "int_type": "a whole number",
        "float_type": "a number",
        "bool_type": "true or false",
        "list_type": "a list",
        "tuple_type": "a list",
        "dict_type": "a mapping (key: value)",
        "model_type": "a mapping (key: value)",
        "model_attributes_type": "a mapping (key: value)",
    }.get(kind)
    if wanted:
        return f'"{name or "file"}" must be {wanted}, found {_shown(found)}.'
    return f'"{name}": {error["msg"]}, found {_shown(found)}.'


def _near_choice(found: object, context: Mapping[str, Any]) -> str:
    choices = [choice.strip(" '") for choice in str(context["expected"]).replace(" or ", ",").split(",")]
    near = nearest(str(found), choices)
    return f' Did you mean "{near}"?' if near else ""


def _subject(data: Any, location: Location) -> str:
    """Return 'item "x": ' when the place lies inside something that has a name of its own."""
    subject = ""
    for step in location:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(data, Mapping):
            for key in ("item", "use", "check", "indicator", "id", "section"):
                if isinstance(data.get(key), str):
                    subject = f'{key if key != "use" else "item"} "{data[key]}": '
                    break
    return subject


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _shown(found: object) -> str:
    text = repr(found) if isinstance(found, str) else str(found)
    return text if len(text) <= 60 else text[:57] + "..."
