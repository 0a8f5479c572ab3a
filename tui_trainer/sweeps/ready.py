"""Whether the trials of a sweep can train at all, found out once and before any folder is made: data there, layers and batches that fit it."""

from collections.abc import Callable, Iterable

from tui_trainer.catalogue import KNOWN, data_facts, data_root, find_parts, need_parts, prepare_set
from tui_trainer.catalogue.facts import Facts
from tui_trainer.config import Config, ConfigError, Data
from tui_trainer.network import summarise

Progress = Callable[[str, int, int], None]
"""Told the name of what is fetched, bytes so far, and bytes in all."""


def check_trials(trials: Iterable[tuple[str, Config]], fetching: Progress | None = None) -> None:
    """Raises ConfigError that names the first trial (label, config) whose data is not there or does not fit it.

    A known set that is nowhere is fetched, as a run would.
    """
    facts: dict[str, Facts] = {}
    fit: set[tuple[str, str]] = set()
    for label, config in trials:
        data, network = config.data.model_dump_json(), config.network.model_dump_json()
        if data not in facts:
            facts[data] = _read(config.data, fetching)
        if config.network.kind == "layers" and (data, network) not in fit:
            try:
                summarise(config.network, facts[data].shape, len(facts[data].classes))
            except ConfigError as error:
                raise ConfigError(f"{label}: {error}") from None
            fit.add((data, network))
        _check_batches(label, config, facts[data].train_images)


def _read(data: Data, fetching: Progress | None) -> Facts:
    known = KNOWN.get(data.dataset)
    if known and not known.bundled:
        root = data_root(data.directory)
        if data.directory is None and len(find_parts(known, root)) < len(known.parts):
            try:
                prepare_set(known.name, progress=fetching)
            except ConfigError as error:
                raise ConfigError(f"{error}; or say where it lies with --data-dir") from None
        need_parts(known, root)
    return data_facts(data)


def _check_batches(label: str, config: Config, images: int) -> None:
    sizes = [config.training.batch_size, *(stage.model_dump().get("batch_size") or 1 for stage in config.training.stages)]
    if max(sizes) > images:
        raise ConfigError(f"{label}: training.batch_size: a batch of {max(sizes)} is larger than the {images} training images; allowed is 1 to {images}")
