"""The processes that train one run together: who this one is among them, and what they tell each other.

PyTorch's launcher (``torchrun``, or our own start of it) says so in the environment: RANK, WORLD_SIZE, LOCAL_RANK,
LOCAL_WORLD_SIZE. Gradients go through DistributedDataParallel; everything else that must be the same in all processes
goes through :class:`World`, between steps only. The first process (rank 0) alone writes the run folder.
"""

import os
import time
import warnings
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

from tui_trainer.config import ConfigError
from tui_trainer.training.device import cores, pick_device

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

T = TypeVar("T")
PATIENCE = timedelta(minutes=30)
"""How long a process waits for the others: one may still be loading data, or writing a checkpoint."""


@dataclass(slots=True)
class World:
    """One of ``size`` processes on one run; by default the only one."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    """Processes of the run on this machine."""
    restarts: int = 0
    """How often the launcher has started all processes again."""
    restarts_left: int = 0
    keeper: int = 0
    """Process that starts, watches and restarts this one; 0: nobody does."""
    store: "Store | None" = None
    """The launcher's table of notes, where a process that fails leaves its reason."""

    @property
    def first(self) -> bool:
        """Whether this process writes the run folder."""
        return self.rank == 0

    @property
    def alone(self) -> bool:
        """Whether there is nobody to agree with."""
        return self.size == 1

    @property
    def orphaned(self) -> bool:
        """Whether the process that watched over this one is gone."""
        return bool(self.keeper) and os.getppid() != self.keeper

    def share(self, images: int) -> tuple[int, int]:
        """Where in a batch of so many images this process's part begins, and how many it has: none in a batch smaller than the number of processes."""
        each, more = divmod(images, self.size)
        return self.rank * each + min(self.rank, more), each + (self.rank < more)

    def agree(self, value: T | None) -> T:
        """The first process's value, in all of them."""
        if not self.alone:
            import torch.distributed as dist

            box: list[Any] = [value]
            dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
            value = box[0]
        return value  # type: ignore[return-value]

    def all(self, value: T) -> list[T]:
        """Every process's value, by rank."""
        if self.alone:
            return [value]
        import torch.distributed as dist

        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def sum(self, tensor: Tensor) -> Tensor:
        """``tensor``, in place, as the sum over all processes."""
        if not self.alone:
            import torch.distributed as dist

            dist.all_reduce(tensor)
        return tensor

    def wrap(self, model: nn.Module, device: torch.device, *, fixed_graph: bool) -> nn.Module:
        """The network whose gradients are averaged over all processes while they are computed.

        ``fixed_graph``: every step runs the same layers, and all buffers are kept equal by the layers themselves.
        """
        if self.alone:
            return model
        from torch.nn.parallel import DistributedDataParallel

        warnings.filterwarnings("ignore", "Grad strides do not match")  # of weights with one channel, whose strides mean nothing
        return DistributedDataParallel(
            model,
            device_ids=[device.index] if device.type == "cuda" else None,
            gradient_as_bucket_view=True,
            static_graph=fixed_graph,
            find_unused_parameters=not fixed_graph,
            forward_sync_buffers=not fixed_graph,
        )

    def same_buffers(self, model: nn.Module) -> None:
        """The first process's buffers, in all of them."""
        if not self.alone:
            import torch.distributed as dist

            for buffer in model.buffers():
                dist.broadcast(buffer, src=0)

    # -- failures -------------------------------------------------------------------------------------------------

    def leave_reason(self, reason: str) -> None:
        """Tell the others why this process ends."""
        if self.store is not None:
            try:
                if not self.store.check(["failed"]):  # the first word is the cause, what follows from it is not
                    self.store.set("failed", reason if self.first else f"process {self.rank} of {self.size}: {reason}")
            except RuntimeError:  # the launcher is gone, and its table with it
                return

    def reason(self, wait: float) -> str:
        """Why another process ended, waiting for its word for up to ``wait`` seconds; empty: it was lost without one."""
        return self._note("failed", wait)

    def note_recorded(self) -> None:
        """Tell the others that the end stands in the run folder."""
        if self.store is not None:
            self.store.set("recorded", "yes")

    def await_record(self, wait: float) -> None:
        """Give the first process time to record the end: the launcher ends it as soon as another one has gone."""
        self._note("recorded", wait)

    def _note(self, name: str, wait: float) -> str:
        until = time.monotonic() + wait
        try:
            while self.store is not None:
                if self.store.check([name]):
                    return self.store.get(name).decode()
                if time.monotonic() > until:
                    break
                time.sleep(0.05)
        except RuntimeError:
            return ""
        return ""


ALONE = World()


def started_by_launcher() -> bool:
    """Whether a launcher started this process as one of several (or as the only one of a world)."""
    return "WORLD_SIZE" in os.environ and "RANK" in os.environ


def join(device: str) -> World:
    """Meet the other processes that the environment names. Raises ConfigError where they cannot be met or lack a device."""
    if not started_by_launcher():
        return ALONE
    number = {name: _number(name, default) for name, default in (("RANK", 0), ("WORLD_SIZE", 1), ("LOCAL_RANK", 0), ("LOCAL_WORLD_SIZE", 1))}
    world = World(number["RANK"], number["WORLD_SIZE"], number["LOCAL_RANK"], number["LOCAL_WORLD_SIZE"])
    if "TORCHELASTIC_RUN_ID" in os.environ:
        world.restarts = _number("TORCHELASTIC_RESTART_COUNT", 0)
        world.restarts_left = max(0, _number("TORCHELASTIC_MAX_RESTARTS", 0) - world.restarts)
        world.keeper = os.getppid()
    if world.alone:
        return world
    import torch.distributed as dist
    from torch._C._distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    try:
        store, rank, size = next(rendezvous("env://"))
        world.store = PrefixStore(f"start-{world.restarts}", store)  # the launcher's table outlives those who wrote into it
        backend = "cpu:gloo,cuda:nccl" if local_device(device, world).type == "cuda" else "gloo"
        dist.init_process_group(backend, store=world.store, rank=rank, world_size=size, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise ConfigError(f"the processes of this run cannot meet: {' '.join(str(error).split())[:300]}") from None
    return world


def leave(world: World) -> None:
    """Part from the others in peace."""
    if not world.alone:
        import torch.distributed as dist

        dist.destroy_process_group()


def local_device(wanted: str, world: World) -> torch.device:
    """The device of ``training.device`` for this process: each has a GPU of its own. Raises ConfigError."""
    device = pick_device(wanted)
    if world.alone or device.type == "cpu":
        return device
    if device.type != "cuda":
        if wanted == "auto":
            return torch.device("cpu")
        raise ConfigError(f"training.device: {wanted} cannot be shared by {world.local_size} processes; allowed with training.processes above 1 is auto, cpu, cuda")
    if world.local_size > torch.cuda.device_count():
        raise ConfigError(f"training.processes: {world.local_size} processes on this machine need as many GPUs, but it has {torch.cuda.device_count()}")
    torch.cuda.set_device(world.local_rank)
    return torch.device("cuda", world.local_rank)


def local_cores(world: World) -> int:
    """Processor cores for each process on this machine."""
    return max(1, cores() // world.local_size)


def lost_another(error: RuntimeError) -> bool:
    """Whether what went wrong is that another process no longer answers."""
    from torch.distributed import DistError

    text = str(error).lower()
    return isinstance(error, DistError) or "gloo" in text or "connection closed by peer" in text or "connection reset" in text


def _number(name: str, default: int) -> int:
    try:
        return int(os.environ.get(name, default))
    except ValueError:
        raise ConfigError(f"{name}: {os.environ[name]} is not a whole number") from None
