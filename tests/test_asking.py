"""The process that has torch, through its real pipes: asked, overtaken, closed, killed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from conftest import REPOSITORY, TrainedRun
from made_runs import made_run

from tui_trainer.asking import AskingError, Inspector, Picture, SupersededError
from tui_trainer.asking.questions import Drawn, FromSplit, ListImages, Open, Predict, ShowSaliency, Summarise, Weights
from tui_trainer.asking.wire import decode_told, encode_question
from tui_trainer.inspection.breath import GivenUp
from tui_trainer.inspection.desk import Desk
from tui_trainer.inspection.inspection import Inspection

PAD = Drawn(Picture.of(np.pad(np.full((20, 4), 255, np.uint8), 12)))
SLOW = """
import time
from torch import nn
class Slow(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.head = nn.Linear(784, classes)
    def forward(self, x):
        if len(x) > 2:
            time.sleep(0.4)
        return self.head(x.flatten(1))
def make(input_shape, classes):
    print("said on standard output")
    return Slow(classes)
"""


@pytest.fixture(autouse=True)
def _places(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("TUI_TRAINER_CONFIG_DIR", str(tmp_path / "settings"))


async def test_answers_errors_restart_and_close(trained: TrainedRun):
    states = []
    inspector, asked = Inspector(states.append), Weights(str(trained.folder))
    opened = await inspector.ask(Open(asked))
    assert (opened.shape, opened.digits, len(opened.classes)) == ((1, 28, 28), True, 10)
    assert states == ["starting", "ready"]
    progress = []
    listed, shown = await asyncio.gather(inspector.ask(ListImages(asked), progress=lambda *told: progress.append(told)), inspector.ask(ShowSaliency(asked, FromSplit("test", 3))))
    plain = Inspection("cpu")
    here = plain.answer(ListImages(asked))
    assert [(each.index, each.picture) for each in listed.images] == [(each.index, each.picture) for each in here.images]  # nothing is lost on the way
    assert np.allclose([each.probabilities for each in listed.images], [each.probabilities for each in here.images], atol=1e-6)
    assert np.allclose(shown.signed.values(), plain.answer(ShowSaliency(asked, FromSplit("test", 3))).signed.values(), atol=1e-4)
    assert progress
    answer = await inspector.ask(Predict(asked, PAD))
    assert sum(answer.probabilities) == pytest.approx(1, abs=1e-5)
    with pytest.raises(AskingError, match="no class 12"):
        await inspector.ask(ListImages(asked, true=12))
    assert os.getpriority(os.PRIO_PROCESS, inspector._process.pid) > os.getpriority(os.PRIO_PROCESS, 0)

    os.kill(inspector._process.pid, signal.SIGKILL)
    with pytest.raises(AskingError, match="signal 9; ask again"):
        await inspector.ask(Summarise(asked))
    assert states[-1] == "died"
    assert (await inspector.ask(Open(asked))).run == trained.name
    process = psutil.Process(inspector._process.pid)
    await inspector.close()
    assert not process.is_running()
    assert states[-3:] == ["starting", "ready", "off"]


async def test_strokes_overtake_each_other_and_long_work(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    run = made_run(tmp_path, {"data": {"dataset": "digits"}, "network": {"kind": "module", "source": f"{tmp_path / 'slow.py'}:make"}}, "slow")
    inspector, asked = Inspector(), Weights(str(run.path))
    await inspector.ask(Open(asked))
    order = []

    async def ask(question, slot=""):
        try:
            await inspector.ask(question, slot)
            order.append(slot)
        except SupersededError:
            order.append(f"{slot} superseded")

    long = asyncio.create_task(ask(ListImages(asked, "train"), "list"))
    while not inspector._waiting:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)  # the whole-split pass is under way: four batches of 0.4 s
    await asyncio.gather(ask(Predict(asked, PAD), "pad"), ask(Predict(asked, PAD), "pad"))
    assert order == ["pad superseded", "pad"]  # in between the batches
    await asyncio.gather(long, ask(ListImages(asked, "test"), "list"))
    assert order[2:] == ["list superseded", "list"]
    withdrawn = asyncio.create_task(ask(Summarise(asked, "validation"), "withdrawn"))
    await asyncio.sleep(0.1)
    withdrawn.cancel()
    await asyncio.gather(withdrawn, return_exceptions=True)
    await ask(Predict(asked, PAD), "pad")
    assert order[-1] == "pad"
    await inspector.close()


async def test_a_process_that_cannot_start_says_why():
    with pytest.raises(AskingError, match="cannot be started"):
        await Inspector(command=("/nowhere/python",)).ask(Open(Weights("x")))
    states = []
    with pytest.raises(AskingError, match="status 3: no torch here; ask again"):
        await Inspector(states.append, (sys.executable, "-c", "import sys; print('no torch here', file=sys.stderr); sys.exit(3)")).ask(Open(Weights("x")))
    assert states == ["starting", "died"]


def test_the_process_ends_with_its_input_even_in_the_middle_of_work(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW.replace("0.4", "60").replace("len(x) > 2", "len(x) > 3"))
    run = made_run(tmp_path, {"data": {"dataset": "digits"}, "network": {"kind": "module", "source": f"{tmp_path / 'slow.py'}:make"}}, "slow")
    process = subprocess.Popen([sys.executable, "-m", "tui_trainer.inspection"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert decode_told(process.stdout.readline()).ready
    process.stdin.write(b"what is this\n" + b'{"id": 4, "slot": "a", "question": "Fly"}\t{}\n' + b'{"id": 5, "slot": "a", "question": "Open"}\t{"weights": {"run": 7}}\n')
    process.stdin.flush()
    told = [decode_told(process.stdout.readline()) for _ in range(3)]
    assert [each.id for each in told] == [-1, 4, 5]
    assert all(each.error and "\n" not in each.error for each in told)
    process.stdin.write(encode_question(6, "a", Summarise(Weights(str(run.path)))))
    process.stdin.flush()
    while "images" not in decode_told(process.stdout.readline()).progress:
        pass
    time.sleep(0.2)
    process.stdin.close()
    assert process.wait(10) == 0
    assert b"said on standard output" in process.stderr.read()  # and never on the pipe of the answers


def test_the_desk_keeps_the_newest_of_each_slot_and_hands_out_quick_ones_first():
    from tui_trainer.asking.wire import Asked

    gone = []
    desk, asked = Desk(gone.append), Weights("x")
    for number, (slot, question) in enumerate([("list", ListImages(asked)), ("pad", Predict(asked, PAD)), ("list", ListImages(asked, offset=50)), ("sum", Summarise(asked))]):
        desk.lay_down(Asked(number, slot, question))
    assert gone == [0]
    assert [desk.take_up().id for _ in range(2)] == [1, 2]
    working = Asked(2, "list", ListImages(asked, offset=50))
    desk.check(working)
    desk.lay_down(Asked(7, "list", ListImages(asked)))
    assert gone == [0, 2]
    with pytest.raises(GivenUp):
        desk.check(working)
    assert not desk.finish(working)
    desk.lay_down(Asked(3, "", None))
    assert desk.take_up_quick() is None
    assert desk.take_up().id == 7


def test_asking_needs_no_torch():
    probe = "import sys, tui_trainer.asking, tui_trainer.asking.questions; print(json := [name for name in ('torch', 'textual', 'PIL') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
