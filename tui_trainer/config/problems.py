"""Turning what pydantic found into one clear sentence: what, where, what is allowed."""

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tui_trainer.config.errors import ConfigError, nearest

LOCATION_TAGS = {"int", "float", "str", "constrained-int", "literal"}


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def _siblings(root: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    models = [root]
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        tagged = [model for model in models if part in _tags(model)]
        models = tagged or [found for model in models if part in model.model_fields for found in _models(model.model_fields[part].annotation)]
    return [name for model in models for name in model.model_fields]


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    field = model.model_fields.get("type")
    return get_args(field.annotation) if field else ()


def _key(root: type[BaseModel], location: Sequence[int | str]) -> str:
    """The dotted key as a person would write it: without the tags that pydantic adds for unions."""
    models, parts = [root], []
    for part in location:
        if isinstance(part, int):
            parts.append(str(part))
            continue
        fields = [model.model_fields[part] for model in models if part in model.model_fields]
        if fields:
            models = [found for field in fields for found in _models(field.annotation)]
        elif any(part in _tags(model) for model in models):
            models = [model for model in models if part in _tags(model)]
            continue
        elif part in LOCATION_TAGS or "[" in part:
            continue
        parts.append(part)
    return ".".join(parts)


def allowed(error: ErrorDetails) -> str:
    """The bounds that a value broke, such as ``at least 1``; empty where it broke none."""
    context = error.get("ctx", {})
    bounds = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than", "min_length": "at least", "max_length": "at most"}
    found = [f"{word} {context[bound]}" for bound, word in bounds.items() if bound in context]
    return " and ".join(found)


def _sentence(root: type[BaseModel], error: ErrorDetails) -> str:
    kind, given = error["type"], error.get("input")
    shown = repr(given) if len(repr(given)) <= 60 else repr(given)[:57] + "..."
    if kind == "extra_forbidden":
        return f"unknown key{nearest(str(error['loc'][-1]), _siblings(root, error['loc']))}"
    if kind == "missing":
        return "missing: it has to be given"
    if kind == "union_tag_invalid":
        known = error["ctx"]["expected_tags"].replace("'", "").split(", ")
        return f"unknown type {error['ctx']['tag']!r}{nearest(str(error['ctx']['tag']), known)}; allowed is one of {', '.join(known)}"
    if kind == "union_tag_not_found":
        return "a layer needs a type, such as { type = \"dense\", units = 10 }"
    if kind == "literal_error":
        expected = error["ctx"]["expected"]
        known = [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")]
        return f"{shown} is not allowed{nearest(str(given), known)}; allowed is {expected.replace(chr(39), '')}"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "misfit":
        return error["msg"]
    if limits := allowed(error):
        return f"{shown} is out of range; allowed is {limits}"
    return f"{shown} does not fit: {error['msg'][0].lower()}{error['msg'][1:]}"


def explain(root: type[BaseModel], error: ValidationError, where: str) -> ConfigError:
    """The :class:`ConfigError` that says what pydantic found in ``where`` (a file or the command line)."""
    sentences: dict[str, list[str]] = {}
    for detail in error.errors():
        key = detail.get("ctx", {}).get("key") or _key(root, detail["loc"])  # what does not fit something elsewhere says itself whose key it is
        sentences.setdefault(key, []).append(_sentence(root, detail))
    problems = {key: "; or ".join(dict.fromkeys(found)) for key, found in sentences.items()}
    key, sentence = next(iter(problems.items()))
    more = f" (and {len(problems) - 1} more: {', '.join(list(problems)[1:4])})" if len(problems) > 1 else ""
    return ConfigError(f"{where}: {key + ': ' if key else ''}{sentence}{more}", problems)
