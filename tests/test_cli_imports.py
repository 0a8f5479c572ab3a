"""What is asked often must not import what is slow."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TrainedRun

HEAVY = ("torch", "torchvision", "textual", "sklearn", "scipy", "pandas", "matplotlib", "aiohttp", "tensorboard", "tensorflow")
PROBE = """
import sys
from tui_trainer.cli.main import main
sys.argv = ["tui-trainer", *sys.argv[1:]]
try:
    main()
finally:
    print("loaded:", *sorted(set(sys.modules) & {heavy}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["train", "--help"], ["presets", "list"], ["presets", "show", "digits-mlp"], ["presets", "check", "digits-mlp"], ["network", "digits-mlp"],
     ["runs", "list"], ["runs", "show", "first"], ["runs", "export", "first"], ["runs", "compare", "first"], ["report", "--help"], ["serve", "--help"], ["data", "list"]],
    ids=" ".join,
)  # fmt: skip
def test_without_the_heavy_libraries(arguments: list[str], trained: TrainedRun) -> None:
    probe = PROBE.replace("{heavy}", repr(set(HEAVY)))
    done = subprocess.run([sys.executable, "-c", probe, *arguments], cwd=trained.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert done.stderr == "loaded:\n"


def test_bare_program_without_a_terminal_says_what_to_use_instead(tmp_path: Path) -> None:
    bare = subprocess.run([sys.executable, "-m", "tui_trainer"], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (bare.returncode, bare.stdout) == (2, "")
    assert len(bare.stderr.splitlines()) == 1
    assert "tui-trainer train" in bare.stderr
