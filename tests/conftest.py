"""The real program as a subprocess, and one run that many tests look at."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from nursery import Nursery

# Busy machines are slow: that is no finding.
settings.register_profile("tui-trainer", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tui-trainer")

REPOSITORY = Path(__file__).resolve().parent.parent
QUICK = ("--set", "training.threads=1")
SECONDS = 120
"""Longest that a program may take."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--gpu", action="store_true", help="let the tests see the GPUs: for test_gpu.py, where there is one")


def pytest_configure(config: pytest.Config) -> None:
    """What whoever runs the tests has in his environment has no part in them either; figures are those of a processor."""
    for name in ("TUI_TRAINER_RUNS_DIR", "TUI_TRAINER_DATA_DIR", "TUI_TRAINER_THEME"):
        os.environ.pop(name, None)
    if not config.getoption("--gpu"):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What whoever runs the tests has chosen for himself has no part in them, nor what another test has."""
    monkeypatch.setenv("TUI_TRAINER_CONFIG_DIR", str(tmp_path_factory.getbasetemp() / f"settings-{next(_settings)}"))


_settings = count()


@pytest.fixture(autouse=True, scope="session")
def _nursery() -> Iterator[None]:
    """Programs are forked from a process that has loaded torch, where that can be done; it starts when it is first needed."""
    yield
    if _forking:
        _forking[0].close()
        shutil.rmtree(_forking[0].folder)


_forking: list[Nursery] = []


def run_program(*arguments: str, cwd: Path, env: dict[str, str] | None = None, fresh: bool = False) -> subprocess.CompletedProcess[str]:
    """``tui-trainer ARGUMENTS`` in ``cwd``, its output captured; ``fresh``: as a process that begins with nothing, as a shell starts it."""
    places = {"TUI_TRAINER_DATA_DIR": str(cwd / "data"), "TUI_TRAINER_CONFIG_DIR": str(cwd / "settings"), "PYTHONPATH": str(REPOSITORY)}
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("TUI_TRAINER_")}
    env = inherited | places | (env or {})
    if fresh or not hasattr(os, "fork"):
        return subprocess.run(
            [sys.executable, "-m", "tui_trainer", *arguments],
            cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
    if not _forking:
        _forking.append(Nursery(Path(tempfile.mkdtemp(prefix="nursery-"))))
    return _forking[0].program(*arguments, cwd=cwd, env=env, seconds=SECONDS)


@dataclass(frozen=True)
class TrainedRun:
    """A finished run of the digits preset, and what ``train --json`` printed."""

    root: Path
    name: str
    stdout: str

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.root / "runs" / self.name

    def program(self, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """``tui-trainer`` where the run lies in ./runs."""
        return run_program(*arguments, cwd=self.root, env=env)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    """``train digits-mlp --epochs 2`` with its events on standard output."""
    root = tmp_path_factory.mktemp("trained")
    done = run_program("train", "digits-mlp", "--epochs", "2", "--name", "first", "--json", *QUICK, cwd=root, fresh=True)
    assert done.returncode == 0, done.stderr
    return TrainedRun(root, "first", done.stdout)
