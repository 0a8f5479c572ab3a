"""Reports: the same figures as ``evaluate``, self-contained, escaped, and truthful about runs that are not whole."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import TrainedRun
from recorded_runs import make_run

from tui_trainer.config import ConfigError, load_config
from tui_trainer.reports.gather import Asked
from tui_trainer.reports.markdown import escaped
from tui_trainer.reports.write import write_report
from tui_trainer.runs import RunFolder
from tui_trainer.tui.reporting import report_folder

RECORDED = Asked(measure=False)


class Page(HTMLParser):
    """What a browser would load, the ids, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.handlers: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "srcset", "data", "action"):
                self.loaded.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="session")
def written(trained: TrainedRun) -> Path:
    """The report of the trained run, made by the real program."""
    done = trained.program("report", trained.name, "--out", "handed-in", "--epochs", "1,2")
    assert done.returncode == 0, done.stderr
    return trained.root / "handed-in"


def rows(markdown: str, first: str) -> list[list[str]]:
    """The cells of all table rows that begin with ``first``."""
    lines = [[cell.strip().strip("*") for cell in line.strip("| \n").split("|")] for line in markdown.splitlines() if line.startswith("|")]
    return [cells for cells in lines if cells[0] == first]


def test_the_figures_are_those_of_evaluate(trained: TrainedRun, written: Path) -> None:
    from tui_trainer.training.inference import evaluate_split, load_trained

    text = (written / "report.md").read_text()
    network = load_trained(RunFolder(trained.folder))
    told = {split: {"images": each.images, "loss": each.loss, "accuracy": each.accuracy} for split in ("train", "validation") for each in [evaluate_split(network, split)]}
    told["test"] = json.loads(trained.program("evaluate", trained.name, "--split", "test", "--json").stdout)
    for split, found in told.items():
        [row] = rows(text, split)
        assert row[1].replace(" ", "") == str(found["images"])
        assert row[2:4] == [f"{found['loss']:.4f}", f"{found['accuracy'] * 100:.2f}%"]
    matrix = [[int(cell.replace("·", "0")) for cell in line.split("|")[2:-1]] for line in re.findall(r"^\| \d \| (?:[\d·]+ \| ?){10}$", text, re.MULTILINE) for line in [line]]
    assert matrix == found["confusion"]
    for name in found["classes"]:
        figures = next(row for row in rows(text, name) if len(row) == 6 and row[1].startswith(("0.", "1.")))
        assert figures[1:4] == [f"{found[kind][name]:.4f}" for kind in ("precision", "recall", "f1")]
        assert figures[5] == str(found["misclassified"][name])
    page = (written / "index.html").read_text()
    assert f"{found['accuracy'] * 100:.2f}%" in page
    assert page.count('<div class="tile"><img alt="') >= sum(found["misclassified"].values())


def test_the_page_needs_nothing_else(written: Path) -> None:
    page = Page((written / "index.html").read_text())
    assert not page.tags & {"script", "link", "iframe", "object", "embed"}
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in page.loaded)
    assert len(page.ids) == len(set(page.ids))
    assert {address[1:] for address in page.loaded if address.startswith("#")} <= set(page.ids)
    assert not re.search(r"url\((?!#)", (written / "index.html").read_text())
    for part in ("Architecture", "50 890", "Settings", "Confusion matrix", "Misclassified images", "learnt", "calibration error", "Running it again", "tui-trainer train"):
        assert part in page.text
    figures = re.findall(r"\]\((figures/[^)]+)\)", (written / "report.md").read_text())
    assert len(figures) >= 5
    assert all((written / figure).stat().st_size > 500 for figure in figures)
    appendix = (written / "report.md").read_text().partition("## Appendix")[2]
    assert 'dataset = "digits"' in appendix
    assert not re.search(r"^(points|test_points|classes|features|betas|focal_gamma) =", appendix, re.MULTILINE)  # settings of other data and other training
    assert (written / "first.toml").read_text() == (written.parent / "runs/first/config.toml").read_text()


def hostile(text: str) -> str:
    return f"<script>alert({text!r})</script>"


def test_words_from_outside_are_only_words(trained: TrainedRun, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained.folder, folder)
    for name in ("config.toml", "status.json"):
        path = folder / name
        path.write_text(path.read_text().replace("A small dense network on the bundled digits", hostile("title").replace('"', "'")))
    events = (folder / "events.jsonl").read_text().replace('"classes":["0","1","2"', '"classes":["<img src=x onerror=alert(1)>","$\\\\frac{a$|`","\\u001b[31m"')
    assert "onerror" in events
    (folder / "events.jsonl").write_text(events)
    write_report([RunFolder(folder)], tmp_path / "out", RECORDED)
    page = Page((tmp_path / "out/index.html").read_text())
    assert "<script>alert" in page.text
    assert "<img src=x onerror=alert(1)>" in page.text
    assert "script" not in page.tags
    assert not page.handlers
    assert "x" not in page.loaded
    assert "\x1b" not in page.text
    markdown = (tmp_path / "out/report.md").read_text()
    before_appendix = markdown.partition("## Appendix")[0]
    assert not re.search(r"(?<!\\)<(script|img)", before_appendix)


def test_markdown_takes_every_text_as_it_is() -> None:
    assert escaped("# a [b](c) <d> *e* | `f`\n- g") == r"\# a \[b\](c) \<d\> \*e\* \| \`f\` - g"
    assert escaped("1. x") == r"1\. x"


@pytest.mark.parametrize(
    ("state", "words"),
    [("starting", "has not taken a step yet"), ("running", "still training: 4.5 of 30 epochs"), ("failed", "the loss is nan at step 714"), ("crashed", "ended without a word after 5.5 of 30 epochs")],
)
def test_runs_that_are_not_whole(tmp_path: Path, state: str, words: str) -> None:
    page = Page(write_report([make_run(tmp_path, state)], tmp_path / "out", Asked()).read_text())
    assert words in " ".join(page.text.split())
    assert state == "starting" or "no checkpoint: figures are those that it recorded" in page.text
    assert state == "starting" or "learning rate 0.1 → 0.05" in page.text


def test_a_run_of_another_version(tmp_path: Path) -> None:
    run = make_run(tmp_path, "finished")
    run.config_file.write_text(run.config_file.read_text() + "\n[telepathy]\nstrength = 3\n")
    page = Page(write_report([run], tmp_path / "out", RECORDED).read_text())
    assert "telepathy: unknown key" in page.text
    assert "telepathy.strength" in page.text
    assert "97.22%" in page.text


def test_a_run_whose_data_is_gone(trained: TrainedRun, tmp_path: Path) -> None:
    folder = tmp_path / "orphan"
    shutil.copytree(trained.folder, folder)
    config = (folder / "config.toml").read_text().replace('dataset = "digits"', f'dataset = "npz"\ndirectory = "{tmp_path}/gone.npz"')
    (folder / "config.toml").write_text(config)
    page = Page(write_report([RunFolder(folder)], tmp_path / "out", Asked()).read_text())
    assert "could not be measured again" in page.text
    assert "gone.npz" in page.text
    assert "As the run recorded them" in page.text
    assert "What the first layer has learnt" in page.text
    assert "Misclassified images" not in page.text


def test_several_runs_are_compared_first(tmp_path: Path) -> None:
    runs = [make_run(tmp_path, "finished", name=name, config=load_config("digits-mlp", {"training.learning_rate": rate})) for name, rate in (("one", 0.1), ("two", 0.02))]
    page = Page(write_report(runs, tmp_path / "out", RECORDED).read_text())
    markdown = (tmp_path / "out/report.md").read_text()
    assert page.text.index("Runs side by side") < page.text.index("Run one")
    assert ["Learning rate", "training.learning\\_rate", "0.1", "0.02"] in rows(markdown, "Learning rate")
    assert (tmp_path / "out/figures/side-by-side.svg").is_file()
    assert (tmp_path / "out/index.html").read_text().count('class="chapter"') == 2
    assert len(page.ids) == len(set(page.ids))


def test_a_reference_is_cited_in_words(tmp_path: Path) -> None:
    config = load_config("digits-mlp").model_copy(update={"reference": load_config("mnist-cnn-16").reference})
    make_run(tmp_path, "finished", name="one", config=config)
    write_report([RunFolder(tmp_path / "one")], tmp_path / "out", RECORDED)
    told, _, appendix = (tmp_path / "out/report.md").read_text().partition("## Appendix")
    assert "report D, a small CNN on MNIST and CIFAR-10, trained in stages" in told
    assert "8b13b3db76bb8f90" not in told
    assert "003_8b13b3db76bb8f90.txt" in appendix


def test_a_report_has_the_same_name_from_the_prompt_and_the_app(trained: TrainedRun, tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "runs", "finished", name=name).path for name in ("one", "two")]
    for chosen in ([runs[0]], runs):
        done = trained.program("report", *map(str, chosen), "--recorded", "--images", "0")
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[0] == f"{report_folder(chosen).name}/index.html"
    assert [report_folder(chosen).name for chosen in ([runs[0]], runs)] == ["report-one", "report-of-2-runs"]


def test_what_is_no_report_is_left_alone(tmp_path: Path) -> None:
    run = make_run(tmp_path, "stopped")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/index.html").write_text("mine")
    with pytest.raises(ConfigError, match="is no report of tui-trainer and is left alone"):
        write_report([run], tmp_path / "thesis", RECORDED)
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["index.html"]
    write_report([run], tmp_path / "out", RECORDED)
    write_report([run], tmp_path / "out", RECORDED)  # an earlier report is written over
