"""The training loop: stages of steps; between steps, when something is due, it reports, evaluates, saves and obeys."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from tui_trainer.config import Recipe
from tui_trainer.runs import commands
from tui_trainer.runs.events import (
    BoundaryDrawn,
    Continued,
    EpochEnded,
    Evaluated,
    Event,
    LearningRateChanged,
    Paused,
    Split,
    StageStarted,
    Steered,
    StepsTrained,
    UnitsMeasured,
    Warned,
)
from tui_trainer.runs.follow import Follower, damaged_lines
from tui_trainer.training.batches import Batches, Position
from tui_trainer.training.boundary import Boundary
from tui_trainer.training.clock import Clock
from tui_trainer.training.control import Control
from tui_trainer.training.device import memory_bytes
from tui_trainer.training.evaluation import Evaluation, evaluate, evaluation_batch, evaluation_sample
from tui_trainer.training.graphed import GraphedStep
from tui_trainer.training.judge import Judge
from tui_trainer.training.losses import class_weights, make_loss
from tui_trainer.training.manual import manual_step
from tui_trainer.training.optimisers import OPTIMISERS, Optimiser, make_optimiser
from tui_trainer.training.plan import PlannedStage
from tui_trainer.training.prepare import Prepared
from tui_trainer.training.schedules import is_constant, learning_rate
from tui_trainer.training.steps import Step, Stepped, autocast, compiled_step, eager_step, shared_step
from tui_trainer.training.units import DeadUnits

TICK = 0.1
"""Seconds between reports: reading the losses waits for the device, so it is not done at every step."""
WINDOW = 8192
"""Steps after which a report is due however short they are: the losses of a report are kept until then."""
FASTER = 4
"""How many times longer a span of steps between two looks may be than the one before, where it is counted in steps."""
WAIT = 0.05
"""Seconds between two looks at the commands while paused."""
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class NotFinite(Exception):
    """The loss became infinite or not a number at ``step``."""

    def __init__(self, step: int, loss: float) -> None:
        super().__init__(f"the loss is {loss} at step {step}, not a finite number: try a lower learning rate, or training.clip_norm")
        self.step = step


class Stopped(Exception):
    """Somebody asked to stop; says who or what."""


class StoppedAfterEpoch(Stopped):
    """Somebody asked to stop at the end of the epoch, and there it is."""


class StoppedEarly(Exception):
    """Early stopping."""


class Said(NamedTuple):
    """What each of several processes tells the others between steps."""

    requests: list[commands.Request]
    stop: str
    save: Literal["", "requested", "hangup"]
    due: bool
    """Whether a checkpoint is due by the clock."""
    span: int
    """Steps to the next look."""


class Loop:
    """Trains a prepared network and tells events. Knows no screen, no file and no console.

    ``tell`` takes events; ``save`` is called with the reason when a checkpoint is due; ``beat`` while nothing happens.
    Of several processes each runs this same loop on its part of every batch. They agree on all that is decided between steps,
    hence stay in step: ``signalled`` is what signals ask of this one, ``control`` what all have agreed to do.
    """

    def __init__(
        self,
        prepared: Prepared,
        control: Control,
        requests: Follower[commands.Request],
        tell: Callable[[Event], None],
        save: Callable[[str], None],
        beat: Callable[[], None],
    ) -> None:
        self.prepared, self.control, self.requests, self.tell, self.save, self.beat = prepared, control, requests, tell, save, beat
        self.signalled = control
        self.world, self.single = prepared.world, prepared.world.alone
        self.training = prepared.config.training
        self.data, self.device = prepared.data, prepared.device
        self.model = prepared.model.train()
        self.counted = not self.single or self.device.type != "cpu"
        """Whether looks are due after a count of steps: several processes must agree on it, and to a GPU steps are given long before it takes them."""
        self.tick = TICK
        self.fixed_graph = prepared.config.network.kind != "module"
        self.network = self.world.wrap(self.model, self.device, fixed_graph=self.fixed_graph)
        self.params: list[Tensor] = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.average = [parameter.detach().clone() for parameter in self.params] if self.training.average else []
        self.batches = Batches(self.data, self.training.seed, self.training.shuffle, prepared.channels_last, self.world)
        self.sample = evaluation_sample(self.data, self.training.evaluate_train_images, self.training.seed)
        self.units = DeadUnits(
            self.model, self.data, self.training.seed, evaluation_batch(prepared.values, self.device), channels_last=prepared.channels_last,
            precision=autocast(self.device, self.training.precision),
        )  # fmt: skip
        self.optimiser: Optimiser = make_optimiser(self.params, prepared.stages[0].recipe)
        self.boundary = Boundary.of(prepared)
        self.judge = Judge()
        self.clock = Clock()
        self.position = Position()
        self.step = 0
        self.stage = 0
        self.factor = 1.0
        """What people and plateaus multiplied the schedule's learning rate by."""
        self.losses: list[Tensor] = []
        """Of the steps since the last report, one by one or some in a row, still on the device."""
        self.window_images = 0
        self.batch = 0
        """Images of the newest batch, of all processes together."""
        self.span = 1
        self.due = False
        self.next_evaluation = self.next_stop = 0
        self.next_tick = 0.0
        self.stage_epoch = 0.0
        """Passes when the stage began."""
        self.judged = (-1, False)
        """The step of the last judged evaluation, and whether it was the best."""
        self.unsaved = True
        """Whether anything has changed since the newest checkpoint."""
        self.saved_time = time.monotonic()
        self.skipped_requests = 0
        self.deaf = False
        """Whether it was told that commands cannot be read."""

    # -- where it stands ------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> float:
        """Passes over the training set so far."""
        return self.position.epoch + self.position.seen / self.batches.images

    @property
    def planned(self) -> PlannedStage:
        """The stage that is running."""
        return self.prepared.stages[self.stage]

    @property
    def recipe(self) -> Recipe:
        """The settings in force."""
        return self.planned.recipe

    def rate(self, ahead: int = 0) -> float:
        """The learning rate of the next step, or of one so many steps after it."""
        planned = self.planned
        return self.factor * learning_rate(planned.recipe, self.step + ahead - planned.first_step, planned.steps, planned.steps_per_epoch)

    def stamp(self) -> dict[str, float]:
        """The times that every event carries."""
        return {"time": time.time(), "elapsed": self.clock.elapsed()}

    def place(self) -> dict[str, Any]:
        """Times, step and epoch, as most events carry them."""
        return {**self.stamp(), "step": self.step, "epoch": self.epoch}

    # -- training -------------------------------------------------------------------------------------------------

    def train(self) -> None:
        """Train to the end of the plan.

        Raises Stopped, StoppedEarly, NotFinite, KeyboardInterrupt at a second signal, and what the machine raises.
        """
        self.clock.begin()
        self.draw_boundary(now=True)
        resumed = self.step > 0
        if resumed:
            self._stop_early()
        for number in range(self.stage, len(self.prepared.stages)):
            self._enter_stage(number, resumed)
            resumed = False
            while self.step < self.planned.end:
                self.clock.steps_begin()
                self._train_pass()

    def _train_pass(self) -> None:
        """What is left of the pass over the data, or of the stage."""
        for images, targets in self.batches.rest_of_epoch(self.position, self.recipe.batch_size, self.planned.smallest_batch):
            self._train_step(images, targets)
            if self.step >= self.planned.end:
                break

    def _train_step(self, images: Tensor, targets: Tensor) -> None:
        if not self.constant_rate:
            self.optimiser.lr = self.rate()
        self.batch = len(images) if self.single else min(self.recipe.batch_size, self.batches.images - self.position.seen)
        stepped = self.take_step(images, targets)
        self.losses.append(stepped.loss)
        if self.average:
            self._fold_average()
        self._trained(1, stepped, targets)

    def _trained(self, steps: int, stepped: Stepped, targets: Tensor) -> None:
        """So many steps are taken, the last of which left ``stepped`` behind, on ``targets``."""
        images = steps * self.batch
        self.step += steps
        self.unsaved = True
        self.window_images += images
        self.position.seen += images
        if self.step >= self.next_stop or (self.single and (time.perf_counter() >= self.next_tick or self.control.stop)):
            self._between_steps(stepped, targets)

    def _fold_average(self) -> None:
        """Running mean of the weights, short at first so that it forgets the start."""
        decay = min(self.training.average, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(self.average, self.params, 1 - decay)

    def enter(self, number: int) -> None:
        """Take the settings of stage ``number``; the optimiser's state stays, unless it is another optimiser."""
        if number != self.stage:
            self.stage, self.factor, self.stage_epoch = number, 1.0, self.epoch
            self.position.origin = self.position.seen
        if type(self.optimiser) is not OPTIMISERS[self.recipe.optimiser]:
            self.optimiser = make_optimiser(self.params, self.recipe)
        self.optimiser.configure(self.recipe)

    def _enter_stage(self, number: int, resumed: bool) -> None:
        self.enter(number)
        if self.step < self.planned.end and self.batches.ends_epoch(self.position, self.recipe.batch_size, self.planned.smallest_batch):
            self._finish_epoch()  # what is left of the pass is no batch of this stage
        recipe = self.recipe
        self.criterion = make_loss(recipe, self.data.class_counts, self.device)
        self.take_step = self.make_step(recipe)
        self.constant_rate = is_constant(recipe)
        self.optimiser.lr = self.rate()
        self._schedule()
        if not resumed and len(self.prepared.stages) > 1:
            self.tell(StageStarted(**self.place(), stage=number, settings=self.planned.changes))

    def make_step(self, recipe: Recipe) -> Step:
        """The step of a stage with these settings; on a GPU as a graph, unless somebody else's code is part of it."""
        step = self.plain_step(recipe)
        return GraphedStep(step, self.optimiser, self.device) if self.single and self.fixed_graph and self.device.type == "cuda" else step

    def plain_step(self, recipe: Recipe) -> Step:
        """The step, operator by operator, or compiled where that is asked for."""
        how = (self.criterion, self.optimiser, recipe.clip_norm, self.device, self.training.precision)
        if not self.single:
            weights = class_weights(recipe, self.data.class_counts, self.device) if recipe.loss == "cross-entropy" else None
            return shared_step(self.network, *how, self.world, lambda: (self.world.share(self.batch)[1], self.batch), weights)
        if self.training.gradients == "manual":
            return manual_step(self.prepared.config.network, recipe, self.data.class_counts, self.model, self.optimiser, self.device)
        make = compiled_step if self.training.compile else eager_step
        return make(self.model, *how)

    # -- between steps --------------------------------------------------------------------------------------------

    def _between_steps(self, stepped: Stepped, targets: Tensor) -> None:
        self._report(stepped, targets)
        reason = self._finish_epoch() if self.batches.ends_epoch(self.position, self.recipe.batch_size, self.planned.smallest_batch) else ""
        if self.step >= self.next_evaluation and self.step < self.prepared.stages[-1].end and self.judged_evaluation():
            reason = "best"
        if not reason and (self._interval_over() if self.single else self.due):
            reason = "interval"
        if reason:
            self.save(reason)
        self._stop_early()
        self._end_of_a_leg(epoch_ended=self.position.seen == 0)
        self._obey()
        self._save_as_asked()
        self.draw_boundary(now=self.control.paused)
        if self.control.paused and not self.control.stop:
            self._wait()
        if self.control.stop:
            raise Stopped(self.control.stop)
        self._schedule()
        self.clock.steps_begin()

    def _report(self, stepped: Stepped, targets: Tensor) -> None:
        wanted = targets.argmax(1) if targets.is_floating_point() else targets
        own = self.world.share(self.batch)[1]
        hits = (stepped.logits.argmax(1) == wanted)[:own].sum()
        *losses, right, memory = self._together(hits, memory_bytes(self.device))  # waits for the device
        seconds = self.clock.steps_end(self.window_images)
        self.span = max(1, min(FASTER * len(losses), int(self.tick * len(losses) / seconds))) if seconds else 1
        first = self.step - len(losses) + 1
        if bad := next(((first + number, loss) for number, loss in enumerate(losses) if not math.isfinite(loss)), None):
            raise NotFinite(*bad)
        self.tell(
            StepsTrained(
                **self.place(),
                loss=sum(losses) / len(losses),
                accuracy=right / self.batch,
                learning_rate=float(self.optimiser.lr),
                gradient_norm=float(stepped.norm()),
                images_per_second=self.window_images / seconds if seconds else 0.0,
                memory_bytes=int(memory),
            )
        )
        self.losses.clear()
        self.window_images = 0

    def _together(self, hits: Tensor, memory: int) -> list[float]:
        """The losses since the last report, hits in the newest batch, bytes of memory: of all processes together."""
        losses = torch.hstack(self.losses)
        if self.single:
            return [*losses.tolist(), float(hits), memory]
        return self.world.sum(torch.cat((losses.double(), hits.double().view(1), hits.new_full((1,), memory).double())).cpu()).tolist()

    def _finish_epoch(self) -> str:
        self.position = Position(epoch=self.position.epoch + 1)
        self.tell(EpochEnded(**self.stamp(), step=self.step, epoch=self.position.epoch))
        if self.world.first and self.units.layers:
            self.tell(UnitsMeasured(**self.place(), images=self.units.images, dead=self.units.share()))
        return "epoch"

    def _schedule(self) -> None:
        """When to look up from the steps next."""
        training, batch = self.training, (self.recipe.batch_size, self.planned.smallest_batch)
        if training.evaluate_every:
            self.next_evaluation = (self.step // training.evaluate_every + 1) * training.evaluate_every
        else:
            often = training.evaluations_per_epoch
            target = (math.floor(self.epoch * often + 1e-6) + 1) / often
            self.next_evaluation = self.step + self.batches.steps_to(target, self.position, *batch)
        epoch_end = self.step + self.batches.steps_to(self.position.epoch + 1, self.position, *batch)
        self.next_stop = min(self.next_evaluation, epoch_end, self.planned.end, self.step + (min(self.span, WINDOW) if self.counted else WINDOW))
        self.next_tick = time.perf_counter() + self.tick
        if self.control.pause_at == "step":
            self.next_stop = self.step + 1

    # -- evaluation -----------------------------------------------------------------------------------------------

    def judged_evaluation(self, *, final: bool = False) -> bool:
        """Evaluate, let the judge see it (once at each step), and tell; whether it was the best."""
        evaluations = self.evaluations(SPLITS if final or self.training.evaluate_test else SPLITS[:2])
        judging = next((found for found in evaluations if found.split == "validation"), evaluations[0] if evaluations and evaluations[0].split == "train" else None)
        anew = judging is not None and self.judged[0] != self.step
        if judging is not None and anew:
            self.judged, self.unsaved = (self.step, self.judge.is_best(judging)), True
        best = self.judged == (self.step, True)
        for found in evaluations:
            self.tell_evaluation(found, best=best and found is judging, final=final and self.training.result == "last")
        if anew and self.recipe.schedule == "plateau" and self.judge.plateau(self.recipe.plateau_patience):
            self._change_rate(self.factor * self.recipe.decay, "plateau")
        return best

    def _stop_early(self) -> None:
        patience = self.training.early_stopping
        if patience and self.judge.stale >= patience and self.step < self.prepared.stages[-1].end:
            raise StoppedEarly(f"early stopping: no lower validation loss in {patience} evaluations")

    def evaluations(self, splits: tuple[Split, ...]) -> list[Evaluation]:
        """The network as it is (its average, where one is kept) on each split that has images."""
        sources = {"train": self.data.train, "validation": self.data.validation, "test": self.data.test}
        found = []
        if not self.fixed_graph:
            self.world.same_buffers(self.model)
        with self.averaged():
            for split in splits:
                order = self.sample if split == "train" else None
                if not len(sources[split]) or (split == "train" and not self.training.evaluate_train_images):
                    continue
                found.append(
                    evaluate(
                        self.model,
                        sources[split],
                        self.data.preprocess,
                        self.criterion,
                        self.data.classes,
                        split,
                        order=order,
                        batch_size=evaluation_batch(self.prepared.values, self.device),
                        shifts=self.training.test_shifts if split != "train" else 0,
                        channels_last=self.prepared.channels_last,
                        precision=autocast(self.device, self.training.precision),
                        world=self.world,
                    )
                )
        return found

    def tell_evaluation(
        self, found: Evaluation, *, best: bool = False, final: bool = False, checkpoint: str = "last", at: tuple[int, float] | None = None
    ) -> None:
        """Tell what an evaluation found, of the weights as they are or as they were ``at`` a step and epoch."""
        step, epoch = at or (self.step, self.epoch)
        values = {"split": found.split, "loss": found.loss, "accuracy": found.accuracy, "confusion": found.confusion, "seconds": found.seconds}
        self.tell(Evaluated(**self.stamp(), step=step, epoch=epoch, **values, best=best, final=final, checkpoint=checkpoint))  # type: ignore[arg-type]

    def draw_boundary(self, *, now: bool = False) -> None:
        """Tell what the network makes of the plane where the data are points and it is time to, or ``now``."""
        if self.boundary is None or not self.world.first or not self.boundary.due(self.step, self.clock.elapsed(), now=now):
            return
        with self.averaged():
            drawn = self.boundary.drawn(self.model)
        self.tell(BoundaryDrawn(**self.place(), **drawn))

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The averaged weights in the network's place, where they are kept."""
        if not self.average:
            yield
            return
        with torch.no_grad():
            raw = [parameter.clone() for parameter in self.params]
            torch._foreach_copy_(self.params, self.average)
        try:
            yield
        finally:
            with torch.no_grad():
                torch._foreach_copy_(self.params, raw)

    # -- people ---------------------------------------------------------------------------------------------------

    def _heard(self) -> list[commands.Request]:
        """What people asked since the last look and what is due, the same in all processes: the first one reads the commands and the clock, signals reach any."""
        requests = self._requests()
        if self.single:
            return requests
        stop = self.signalled.stop or ("the process that watched over it is gone" if self.world.orphaned else "")
        said = self.world.all(Said(requests, stop, self.signalled.save, self._interval_over(), self.span))
        self.control.stop = self.control.stop or next((each.stop for each in said if each.stop), "")
        for each in said:
            self.control.save = self.control.save or each.save
        self.signalled.save = ""
        self.due, self.span = said[0].due, said[0].span
        return said[0].requests

    def _requests(self) -> list[commands.Request]:
        try:
            return list(self.requests.poll())
        except OSError as error:
            if not self.deaf:
                self.deaf = True
                self.tell(Warned(**self.stamp(), message=f"commands cannot be read, so nobody can steer: {error.filename}: {error.strerror}"))
            return []

    def _interval_over(self) -> bool:
        return time.monotonic() - self.saved_time > 60 * self.training.checkpoint_minutes

    def _obey(self) -> None:
        self._obey_requests()
        if self.requests.skipped > self.skipped_requests:
            self.skipped_requests = self.requests.skipped
            self.tell(Warned(**self.stamp(), message=f"{damaged_lines(self.skipped_requests)} among the commands"))

    def _obey_requests(self) -> None:
        for request in self._heard():
            value: float | None = None
            match request.command:
                case commands.Pause():
                    self.control.paused = True
                case commands.Continue():
                    self.control.paused, self.control.pause_at = False, ""
                case commands.OneStep():
                    self.control.paused, self.control.pause_at = False, "step"
                case commands.OneEpoch():
                    self.control.paused, self.control.pause_at = False, "epoch"
                case commands.SetLearningRate(value=wanted):
                    value = wanted
                    self.save("settings")
                    self._change_rate(self.factor * wanted / (self.rate() or wanted), request.by)
                case commands.SaveCheckpoint():
                    self.control.save = "requested"
                case commands.StopAfterEpoch():
                    self.control.stop_after_epoch = f"stopped after the epoch by {request.by}"
                    self.control.paused = False
                case commands.StopNow():
                    self.control.stop = self.control.stop or f"stopped by {request.by}"
            self.tell(Steered(**self.place(), command=type(request.command).__name__, value=value, by=request.by))

    def rest(self) -> None:
        """A moment of a pause."""
        time.sleep(WAIT)

    def _change_rate(self, factor: float, by: str) -> None:
        old, self.factor, self.unsaved = self.rate(), factor, True
        self.optimiser.lr = self.rate()
        self.tell(LearningRateChanged(**self.place(), old=old, new=self.rate(), by=by))

    def _save_as_asked(self) -> None:
        if reason := self.control.save:
            self.control.save = ""
            self.save(reason)

    def _end_of_a_leg(self, epoch_ended: bool) -> None:
        """The one step or epoch that somebody asked for is over."""
        control = self.control
        if control.stop_after_epoch and epoch_ended:
            raise StoppedAfterEpoch(control.stop_after_epoch)
        if control.pause_at == "step" or (control.pause_at == "epoch" and epoch_ended):
            control.paused, control.pause_at = True, ""

    def _wait(self) -> None:
        self.tell(Paused(**self.place()))
        self.clock.halt()
        while self.control.paused and not self.control.stop:
            self.rest()
            self._obey()
            self._save_as_asked()
            self.beat()
        self.clock.begin()
        self.tell(Continued(**self.place()))
