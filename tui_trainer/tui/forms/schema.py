"""What the schema says of a field, in the terms of a form."""

import inspect
import tomllib
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import tomli_w
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tui_trainer.config.base import Settings, conditions, unit

Kind = Literal["choice", "switch", "number", "text", "list", "table", "group", "items"]
MISSING = object()
"""No value: the default applies."""


@dataclass(frozen=True, slots=True)
class Field:
    """One setting as a form shows it."""

    name: str
    label: str
    help: str
    unit: str
    kind: Kind
    default: Any
    """MISSING where it has to be given."""
    choices: tuple[Any, ...] = ()
    """Of a choice; None stands for "not given"."""
    model: type[Settings] | None = None
    """Of a group."""
    limits: str = ""
    """What is allowed, in words; empty where anything of its kind is."""
    when: tuple[tuple[str, tuple[Any, ...]], ...] = ()


@cache
def fields(model: type[Settings]) -> tuple[Field, ...]:
    """The fields of a settings model in the schema's order, but for the tag of a union; a layer's own come before those that it shares."""
    tagged = "type" in model.model_fields
    own = inspect.get_annotations(model) if tagged else {}
    names = sorted(model.model_fields, key=lambda name: name not in own) if tagged else list(model.model_fields)
    return tuple(_field(model, name, model.model_fields[name]) for name in names if not (name == "type" and _is_tag(model.model_fields[name])))


def _is_tag(info: FieldInfo) -> bool:
    return get_origin(info.annotation) is Literal


def _field(model: type[Settings], name: str, info: FieldInfo) -> Field:
    default = MISSING if info.default is PydanticUndefined else info.default
    kind, choices, group = _kind(info.annotation)
    when = tuple((sibling, tuple(values)) for sibling, values in conditions(model, name).items())
    return Field(name, info.title or name, info.description or "", unit(model, name), kind, default, choices, group, _limits(info), when)


def label_of(model: type[Settings], key: str) -> str:
    """The label of the field at a dotted key of ``model``; what the key says where the schema has none."""
    for name in key.split("."):
        field = next((each for each in fields(model) if each.name == name), None)
        if field is None or field.kind != "group" or field.model is None:
            break
        model = field.model
    return field.label if field is not None and field.name == key.rpartition(".")[2] else key.rpartition(".")[2].replace("_", " ")


BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def _limits(info: FieldInfo) -> str:
    """``more than 0 and at most 20``, also of the numbers in a list and beside a word."""
    found = dict.fromkeys(f"{word} {getattr(bound, name):.10g}" for bound in _bounds(info.annotation, info.metadata) for name, word in BOUNDS.items() if hasattr(bound, name))
    words = [str(each) for member in _members(info.annotation) if get_origin(member) is Literal for each in get_args(member)]
    return ", or ".join([" and ".join(found), *words]) if found else ", ".join(words)


def _bounds(annotation: Any, metadata: Sequence[Any]) -> list[Any]:
    found = [each for bound in metadata for each in (bound.metadata if isinstance(bound, FieldInfo) else [bound])]
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return found + _bounds(inner, more)
    return found + [each for part in get_args(annotation) if get_origin(annotation) is not Literal for each in _bounds(part, ())]


def _members(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [member for part in get_args(annotation) for member in _members(part)]
    return [annotation]


def _kind(annotation: Any) -> tuple[Kind, tuple[Any, ...], type[Settings] | None]:
    members = _members(annotation)
    optional = type(None) in members
    real = [member for member in members if member is not type(None)]
    if len(real) == 1:
        only = real[0]
        if get_origin(only) is Literal:
            return "choice", ((None,) if optional else ()) + get_args(only), None
        if only is bool:
            return "switch", (), None
        if isinstance(only, type) and issubclass(only, Settings):
            return "group", (), only
        if only is str:
            return "text", (), None
        if get_origin(only) is dict:
            return "table", (), None
        if get_origin(only) is tuple:
            inner = [member for part in get_args(only) for member in _members(part) if isinstance(member, type)]
            return ("items" if any(issubclass(member, Settings) for member in inner) else "list"), (), None
    if any(get_origin(member) is tuple for member in real):
        return "list", (), None
    return "number", (), None


def applies(field: Field, values: Mapping[str, Any], model: type[Settings]) -> bool:
    """Whether a field has an effect, given its siblings' ``values`` (the schema's default where there is none)."""
    defaults = {each.name: each.default for each in fields(model)}
    return all(values.get(sibling, defaults.get(sibling)) in wanted for sibling, wanted in field.when)


def parse(field: Field, text: str) -> Any:
    """What was typed, as the value that stands in a preset. What makes no sense stays text, and the schema says what is wrong.

    An empty text is MISSING: the default.
    """
    text = text.strip()
    if not text:
        return MISSING
    if field.kind == "text":
        return text
    if field.kind == "table":
        return _toml(text if text.startswith("{") else "{" + text + "}", text)
    if field.kind in ("list", "number") and ("," in text or text.startswith("[")):
        return _toml(text if text.startswith("[") else f"[{text}]", text)
    return _number(text)


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _toml(text: str, otherwise: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return otherwise


def show(value: Any) -> str:
    """A value as one types it: the inverse of :func:`parse`."""
    if value is MISSING or value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, Mapping):
        return ", ".join(tomli_w.dumps({str(key): each}).strip() for key, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(show(each) if not isinstance(each, Sequence | Mapping) or isinstance(each, str) else str(each) for each in value)
    return str(value)
