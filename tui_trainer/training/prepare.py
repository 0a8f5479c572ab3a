"""Everything that can go wrong before the first step: device, data, network, loss."""

from collections.abc import Callable
from dataclasses import dataclass, field

import psutil
import torch
from torch import nn

from tui_trainer.catalogue import data_facts
from tui_trainer.config import Config, ConfigError
from tui_trainer.config.network import Conv2d
from tui_trainer.data import DataSet, load_dataset
from tui_trainer.models import build, wants_channels_last
from tui_trainer.network import NetworkSummary, show, size_of, summarise
from tui_trainer.network.summary import weighted_layers
from tui_trainer.training.allocator import keep_freed_memory
from tui_trainer.training.batchnorm import share_batch_norm
from tui_trainer.training.device import pick_threads
from tui_trainer.training.losses import make_loss
from tui_trainer.training.plan import PlannedStage, plan_stages
from tui_trainer.training.world import ALONE, World, local_cores, local_device

Progress = Callable[[str], None]


@dataclass(slots=True)
class Prepared:
    """A run that is ready for its first step."""

    config: Config
    device: torch.device
    threads: int
    data: DataSet
    model: nn.Module
    stages: tuple[PlannedStage, ...]
    channels_last: bool
    values: int
    """Values that one image's forward pass makes."""
    trusted: bool
    world: World = field(default_factory=World)
    """The processes that train it."""

    @property
    def parameters(self) -> int:
        """Number of learnt values."""
        return sum(parameter.numel() for parameter in self.model.parameters())


def prepare(
    config: Config, *, trusted: bool = False, progress: Progress | None = None, data: DataSet | None = None, world: World = ALONE
) -> Prepared:
    """Load the data, build the network with the seed's weights, and check that they fit each other and the machine.

    ``trusted`` lets a user's own module run; ``data`` is the set that ``config.data`` asks for, where it is loaded already;
    ``world`` is the processes that train it together. Raises ConfigError.
    """
    tell = progress or (lambda _: None)
    training = config.training
    device = local_device(training.device, world)
    _refuse_processes(config, world)
    if device.type == "cpu":
        keep_freed_memory()
    tell("data")
    _refuse_large_images(config)
    images_in = config.network.kind != "layers" or any(isinstance(layer, Conv2d) for layer in weighted_layers(config.network.layers))
    data = data or load_dataset(config.data, device, channels_last=images_in, progress=lambda what, done, total: tell(f"data: {what}, {done} of {total}"))
    tell("network")
    summary = summarise(config.network, data.shape, len(data.classes)) if config.network.kind == "layers" else None
    _refuse_large_batches(config, data)
    if summary:
        _refuse_hopeless(config, device, summary, summary.parameters, data.shape)
    torch.manual_seed(training.seed)
    model = build(config.network, data.shape, len(data.classes), trusted=trusted)
    weights = sum(parameter.numel() for parameter in model.parameters())
    if not weights:
        raise ConfigError("network: it has nothing to learn: no layer has weights")
    if not summary:
        _refuse_hopeless(config, device, None, weights, data.shape)
    threads = pick_threads(training.threads, (summary.multiply_adds if summary else weights) * training.batch_size // world.size, local_cores(world))
    torch.set_num_threads(threads)
    channels_last = wants_channels_last(model)
    model = model.to(device)
    share_batch_norm(model, device, world)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
    batch_norm = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())
    stages = plan_stages(training, len(data.train), batch_norm)
    for stage in stages:
        make_loss(stage.recipe, data.class_counts, device)
    values = summary.values if summary else 64 * size_of(data.shape)
    return Prepared(config, device, threads, data, model, stages, channels_last, values, trusted, world)


def _refuse_processes(config: Config, world: World) -> None:
    """What several processes cannot do."""
    if world.alone:
        return
    if config.training.gradients == "manual":
        raise ConfigError(f"training.gradients: manual ones are computed in one process only, and there are {world.size}; allowed with several is autograd")
    if config.training.compile:
        raise ConfigError(f"training.compile: the compiled step works in one process only, and there are {world.size}; allowed with several is false")
    sizes = [config.training.batch_size, *(stage.model_dump().get("batch_size") or config.training.batch_size for stage in config.training.stages)]
    if min(sizes) < world.size:
        raise ConfigError(f"training.batch_size: a batch of {min(sizes)} has no image for some of {world.size} processes; allowed is {world.size} or more")


def _refuse_large_images(config: Config) -> None:
    """Resizing makes images of any size: say so where they cannot fit, before the machine is brought to its knees."""
    if config.data.image_size is None or config.data.dataset == "folder":
        return
    facts = data_facts(config.data)
    needed = size_of(facts.shape) * (facts.found_images + facts.test_images)
    room = psutil.virtual_memory().available
    if needed > 0.8 * room:
        raise ConfigError(
            f"data.image_size: images of {show(facts.shape)} need {needed / 2**30:.1f} GiB of memory, but {room / 2**30:.1f} GiB are free: use smaller ones"
        )


def _refuse_large_batches(config: Config, data: DataSet) -> None:
    sizes = {"training.batch_size": config.training.batch_size}
    sizes |= {f"training.stages.{number}.batch_size": stage.model_dump().get("batch_size") or 1 for number, stage in enumerate(config.training.stages)}
    for key, size in sizes.items():
        if size > len(data.train):
            raise ConfigError(f"{key}: a batch of {size} is larger than the {len(data.train)} training images; allowed is 1 to {len(data.train)}")


def _refuse_hopeless(config: Config, device: torch.device, summary: NetworkSummary | None, weights: int, shape: tuple[int, ...]) -> None:
    """Say before it starts that a network or batch cannot fit into memory, rather than be killed for it."""
    per_image = summary.values if summary else size_of(shape)
    needed = 4 * (4 * weights + 2 * per_image * config.training.batch_size)
    room = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available
    if needed > room:
        what = "training.batch_size: smaller" if per_image * config.training.batch_size > weights else "network: fewer or smaller layers"
        raise ConfigError(f"network: training it needs about {needed / 2**30:.1f} GiB of memory, but {room / 2**30:.1f} GiB are free; what helps is {what}")


