"""Bad input: one sentence on standard error, exit status 2, no run folder."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TrainedRun, run_program

TINY = '[training]\nepochs = 1.0\n[network]\nlayers = [{type = "flatten"}, {type = "dense", units = "classes"}]\n'
TOO_LARGE = '[training]\nepochs = 1.0\n[network]\nlayers = [{type = "conv2d", channels = 4, kernel = 40}, {type = "flatten"}, {type = "dense", units = "classes"}]\n'
CASES = {
    "unknown preset": (("train", "digits-mpl"), ("digits-mpl", "digits-mlp")),
    "unknown key": (("train", "digits-mlp", "--set", "training.momentun=0.9"), ("training.momentun", "momentum")),
    "wrong type": (("train", "digits-mlp", "--set", "training.batch_size=many"), ("training.batch_size", "many")),
    "out of range": (("train", "digits-mlp", "--set", "training.momentum=1.5"), ("training.momentum", "less than 1")),
    "no key": (("train", "digits-mlp", "--set", "fast"), ("--set fast", "KEY=VALUE")),
    "idle setting": (("train", "digits-mlp", "--set", "training.betas=[0.5, 0.5]"), ("training.betas", "adam")),
    "unknown data set": (("train", "digits-mlp", "--dataset", "minst"), ("minst", "mnist")),
    "unknown device": (("train", "digits-mlp", "--device", "tpu"), ("tpu", "cuda")),
    "not TOML": (("train", "broken.toml"), ("broken.toml", "TOML")),
    "preset file that is not there": (("train", "nowhere.toml"), ("nowhere.toml",)),
    "layer that does not fit": (("train", "large.toml"), ("network.layers.0", "40", "28")),
    "data that is not there": (("train", "digits-mlp", "--dataset", "mnist", "--data-dir", "nowhere"), ("mnist", "nowhere")),
    "damaged data": (("train", "digits-mlp", "--dataset", "npz", "--data-dir", "damaged.npz"), ("damaged.npz",)),
    "batch larger than the data": (("train", "digits-mlp", "--set", "training.batch_size=100000"), ("batch", "100000")),
    "taken name": (("train", "digits-mlp", "--runs-dir", "others", "--name", "taken"), ("taken",)),
    "name that is no name": (("train", "digits-mlp", "--name", "../up"), ("../up",)),
    "runs below a file": (("train", "digits-mlp", "--runs-dir", "tiny.toml/runs"), ("tiny.toml",)),
    "unknown run": (("runs", "show", "nobody"), ("nobody",)),
    "run to evaluate": (("evaluate", "nobody"), ("nobody",)),
    "split": (("evaluate", "nobody", "--split", "tset"), ("tset", "test")),
    "preset to check": (("presets", "check", "large.toml"), ("large.toml", "network.layers.0", "40")),
    "network that does not fit": (("network", "large.toml"), ("network.layers.0", "40")),
    "dotted key without end": (("presets", "check", "deep.toml"), ("deep.toml", "nested too deeply")),
    "number without end": (("presets", "check", "digits.toml"), ("digits.toml", "TOML")),
    "preset name too long for a file": (("train", "x" * 5000), ("no such preset",)),
    "directory too long": (("network", "digits-mlp", "--dataset", "folder", "--data-dir", "x" * 5000), ("no such folder",)),
    "home of nobody": (("network", "digits-mlp", "--dataset", "npz", "--data-dir", "~nobody-here/x.npz"), ("~nobody-here",)),
    "run name too long for a file": (("runs", "show", "x" * 5000), ("no such run",)),
    "number below its range": (("gradcheck", "digits-mlp", "--images", "0"), ("--images 0 is out of range; allowed is at least 1",)),
    "number above its range": (("serve", "--port", "99999"), ("--port 99999 is out of range; allowed is at most 65535",)),
    "number before the command": (("--fps", "0"), ("--fps 0 is out of range",)),
    "no number": (("train", "digits-mlp", "--epochs", "few"), ("--epochs few is no number",)),
    "no whole number": (("gradcheck", "digits-mlp", "--weights", "2.5"), ("--weights 2.5 is no whole number",)),
    "unknown option": (("gradcheck", "digits-mlp", "--imges", "3"), ("--imges: no such option", "--images", "tui-trainer gradcheck -h")),
    "option without its value": (("gradcheck", "digits-mlp", "--images"), ("--images",)),
    "missing argument": (("train",), ("train: PRESET|FILE is missing", "tui-trainer train -h")),
    "argument too many": (("train", "digits-mlp", "digits-cnn"), ("digits-cnn", "tui-trainer train -h")),
    "unknown command": (("trian",), ("trian: no such command", "'train'")),
    "unknown command of a group": (("runs", "lst"), ("lst: no such command", "'list'", "tui-trainer runs -h")),
    "data set to prepare": (("data", "prepare", "minst"), ("minst", "mnist")),
}


@pytest.mark.parametrize("case", CASES)
def test_one_sentence_exit_2_nothing_left(case: str, tmp_path: Path) -> None:
    arguments, wanted = CASES[case]
    (tmp_path / "tiny.toml").write_text(TINY)
    (tmp_path / "large.toml").write_text(TOO_LARGE)
    (tmp_path / "broken.toml").write_text("[training\n")
    (tmp_path / "deep.toml").write_text(".".join(["a"] * 3000) + " = 1")
    (tmp_path / "digits.toml").write_text("a = " + "9" * 5000)
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04 no archive")
    (tmp_path / "others/taken").mkdir(parents=True)
    before = set(tmp_path.rglob("*"))
    done = run_program(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("tui-trainer: ")
    for part in wanted:
        assert part in done.stderr
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("command", ["gradcheck", "baseline", "four-forms"])
def test_what_the_command_settles_itself_is_not_blamed(command: str, tmp_path: Path) -> None:
    done = run_program(command, "digits-mlp", "--set", "training.momentum=7", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "tui-trainer: digits-mlp with training.momentum=7: training.momentum: 7 is out of range; allowed is less than 1.0\n"


def test_a_group_without_a_command_shows_its_help(tmp_path: Path) -> None:
    done = run_program("runs", cwd=tmp_path)
    assert "Usage: tui-trainer runs" in done.stdout + done.stderr
    assert "compare" in done.stdout + done.stderr


def test_output_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "tui_trainer", "presets", "list"], stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "tui-trainer: no space left on device; free some and try again\n")


def test_full_disk_is_told_in_a_sentence(trained: TrainedRun) -> None:
    done = trained.program("runs", "export", trained.name, "--out", "/dev/full")
    assert done.returncode == 1
    assert done.stderr.lower().startswith("tui-trainer: ")
    assert "no space" in done.stderr
    assert "Traceback" not in done.stderr
