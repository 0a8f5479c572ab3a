"""What the shell offers after Tab."""

import pytest
from conftest import TrainedRun


def offered(trained: TrainedRun, *words: str) -> list[str]:
    line = " ".join(["tui-trainer", *words])
    env = {"_TUI_TRAINER_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}
    bash = {"_TUI_TRAINER_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words))}
    assert trained.program(env=env).returncode == 0
    return trained.program(env=bash).stdout.split()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("train", "digits-m"), ["digits-mlp"]),
        (("runs", "show", "fi"), ["first"]),
        (("evaluate", "fi"), ["first"]),
        (("train", "digits-mlp", "--set", "training.mom"), ["training.momentum="]),
        (("train", "digits-mlp", "--set", "data.augment.rot"), ["data.augment.rotation="]),
        (("train", "digits-mlp", "--dataset", "fash"), ["fashion-mnist"]),
    ],
)
def test_completion(words: tuple[str, ...], wanted: list[str], trained: TrainedRun) -> None:
    assert offered(trained, *words) == wanted


def test_checkpoints_are_those_of_the_run_before(trained: TrainedRun) -> None:
    files = sorted(path.name for path in (trained.folder / "checkpoints").glob("*.pt"))
    assert files
    assert sorted(offered(trained, "fork", "first", "--from", "step-")) == files


def test_values_follow_the_key() -> None:
    from tui_trainer.cli.completion import settings

    assert settings("training.optimiser=ada") == [f"training.optimiser={name}" for name in ("adam", "adamw", "adagrad")]
    assert settings("training.nesterov=") == ["training.nesterov=true", "training.nesterov=false"]


def test_script_names_the_program(trained: TrainedRun) -> None:
    done = trained.program("--show-completion", "bash", env={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert done.returncode == 0
    assert "complete_bash" in done.stdout
    assert "tui-trainer" in done.stdout
