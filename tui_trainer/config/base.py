"""What every settings model shares: strictness, field facts for forms and help, and when a field applies."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """A group of settings: immutable, no unknown keys, no silent conversion (``"3"`` is not 3), no NaN."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def setting(
    default: Any,
    label: str,
    help: str,
    *,
    unit: str = "",
    when: Mapping[str, tuple[Any, ...]] | None = None,
    **limits: Any,
) -> Any:
    """A field with its label, help, unit and limits.

    ``when`` maps sibling field names to the values under which this field has an effect; forms hide the
    field otherwise, and a command line that sets it then is told so.
    """
    extra: dict[str, Any] = {"unit": unit, "when": {name: list(values) for name, values in (when or {}).items()}}
    return Field(default, title=label, description=help, json_schema_extra=extra, **limits)


def conditions(model: type[Settings], name: str) -> dict[str, list[Any]]:
    """The sibling values under which field ``name`` of ``model`` has an effect (empty: always)."""
    extra = model.model_fields[name].json_schema_extra
    return dict(extra.get("when", {})) if isinstance(extra, dict) else {}  # type: ignore[arg-type]


def unit(model: type[Settings], name: str) -> str:
    """The unit of field ``name`` of ``model``, or an empty string."""
    extra = model.model_fields[name].json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def applies(settings: Settings, name: str) -> bool:
    """Whether field ``name`` has an effect, given the other values in ``settings``."""
    wanted = conditions(type(settings), name) if name in type(settings).model_fields else {}
    return all(getattr(settings, sibling) in values for sibling, values in wanted.items())


def idle(settings: Settings, key: str) -> bool:
    """Whether the setting at the dotted ``key`` (numbers count list items) has no effect in ``settings``."""
    node: Any = settings
    for part in key.split("."):
        if isinstance(node, Settings):
            if not applies(node, part):
                return True
            node = getattr(node, part, None)
        elif isinstance(node, tuple) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            return False
    return False
