"""The user's own module: ``path/to/file.py:callable``. Its code runs only when a person allows it.

The callable is called as ``callable(input_shape=(C, H, W), classes=N, **arguments)``. ``trusted`` allows it and
remembers that (:mod:`tui_trainer.models.trust`), so the same content runs without asking afterwards. The bytes that were
checked are the bytes that run: the file is read once. Its folder is not put on the import path, for what lies there was not checked.
"""

import contextlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from tui_trainer.config import ConfigError
from tui_trainer.config.errors import nearest
from tui_trainer.config.network import Network
from tui_trainer.config.paths import given_path
from tui_trainer.models.probe import probe
from tui_trainer.models.trust import approve_content, digest, is_trusted_content


def own_source(network: Network) -> tuple[Path, str]:
    """The file and the callable's name that ``network.source`` gives. Raises ConfigError."""
    path, _, name = (network.source or "").rpartition(":")
    if not path or not name.isidentifier():
        raise ConfigError(f"network.source: {network.source!r} does not name a callable in a file: write path/to/file.py:callable")
    return given_path(path), name


def build_own(network: Network, input_shape: tuple[int, int, int], classes: int, *, trusted: bool) -> nn.Module:
    """The module that the user's callable returns, tried on two black images in both modes. Raises ConfigError."""
    path, name = own_source(network)
    make = _callable(path, name, trusted=trusted)
    try:
        model = make(input_shape=tuple(input_shape), classes=classes, **network.arguments)
    except (Exception, SystemExit) as error:
        raise ConfigError(f"network.source: {name} of {path} failed{_where(error, path)}: {_reason(error)}") from error
    if not isinstance(model, nn.Module):
        raise ConfigError(f"network.source: {name} of {path} returned {_kind(model)}, not a torch.nn.Module")
    for training in (True, False):
        mode = "training" if training else "evaluation"
        try:
            output = probe(model, input_shape, training=training)
        except (Exception, SystemExit) as error:
            raise ConfigError(
                f"network.source: the module of {path}:{name} failed on a batch of shape {(2, *input_shape)} in {mode} mode{_where(error, path)}: {_reason(error)}"
            ) from error
        if not isinstance(output, Tensor):
            raise ConfigError(f"network.source: the module of {path}:{name} returned {_kind(output)} in {mode} mode, not a tensor of logits of shape (batch, {classes})")
        if tuple(output.shape) != (2, classes) or not output.is_floating_point():
            raise ConfigError(
                f"network.source: the module of {path}:{name} returned {_kind(output)} for a batch of shape {(2, *input_shape)}, "
                f"but {classes} classes need float logits of shape {(2, classes)}"
            )
    return model.train()


def _callable(path: Path, name: str, *, trusted: bool) -> Callable[..., Any]:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(f"network.source: there is no file {path} (relative paths start at {Path.cwd()})") from error
    except OSError as error:
        raise ConfigError(f"network.source: {path} cannot be read: {error.strerror or error}") from error
    if trusted:
        with contextlib.suppress(ConfigError):  # where it cannot be remembered, it is allowed this once
            approve_content(content, path)
    elif not is_trusted_content(content):
        raise ConfigError(
            f"network.source: this would run the code in {path}, which you have not allowed yet: "
            "look at it, then add --trust (once is enough while the file stays as it is)"
        )
    module = ModuleType(f"tui_trainer_own_{digest(content)[:16]}")
    module.__file__ = str(path.resolve())
    sys.modules[module.__name__] = module  # dataclasses and pickling look a class's module up here
    try:
        exec(compile(content, str(path), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        raise ConfigError(f"network.source: {path} cannot be imported{_where(error, path)}: {_reason(error)}") from error
    found = getattr(module, name, None)
    if found is None:
        offered = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise ConfigError(f"network.source: {path} has no {name}{nearest(name, offered)}")
    if not callable(found):
        raise ConfigError(f"network.source: {name} in {path} is {_kind(found)}, not callable")
    return found  # type: ignore[no-any-return]


def _where(error: BaseException, path: Path) -> str:
    """`` in line 7``: the last line of the user's file on the way to the error, where there is one."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f" (line {error.lineno})"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f" (line {lines[-1]})" if lines else ""


def _reason(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    text = " ".join(text.split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


def _kind(value: object) -> str:
    if isinstance(value, Tensor):
        return f"a {str(value.dtype).removeprefix('torch.')} tensor of shape {tuple(value.shape)}"
    return f"a value of type {type(value).__name__}"
