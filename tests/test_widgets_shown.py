"""What is sent to the terminal: as few bytes as the same picture needs."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui_trainer.tui.widgets import marks
from tui_trainer.tui.widgets.shown import Shown, cells_of, short


def lines(*pieces: tuple[str, str]) -> Strip:
    return Strip([Segment(text, Style.parse(looks)) for text, looks in pieces])


def written(shown: Shown, *rows: Strip) -> str:
    for y, row in enumerate(rows):
        shown.put(y, 0, cells_of(row, ColorSystem.TRUECOLOR))
    return shown.written()


def test_only_cells_that_look_otherwise_are_written():
    shown = Shown()
    before = [lines(("loss ", "#5fafff on #121212"), ("0.51", "bold"), (" " * 20, "on #121212")), lines(("x" * 29, "red"))]
    assert len(written(shown, *before)) > 29
    assert written(shown, *before) == ""
    after = [lines(("loss ", "#5fafff on #121212"), ("0.52", "bold"), (" " * 20, "#949494 on #121212")), before[1]]
    assert written(shown, *after) == "\x1b[1;9H\x1b[1m2\x1b[0m"
    shown.forget()
    assert "loss" in written(shown, *after)


def test_colours_of_the_palette_go_by_their_number():
    assert short("1;38;2;95;175;255;48;2;18;18;18") == "1;38;5;75;48;5;233"
    assert short("38;2;96;175;255") == "38;2;96;175;255"
    assert short("38;2;0;0;95") == "38;2;0;0;95"  # 17: colour schemes take it for their own


def test_where_the_terminal_shows_ascii_only_nothing_else_is_sent():
    marks.choose(ascii=True)
    try:
        row = lines(("Misclassified · valid…", ""), ("▇", "red"), ("漢", ""))
        sent = written(Shown(), row)
    finally:
        marks.choose(ascii=False)
    assert sent.isascii()
    assert "Misclassified . valid~" in sent
    assert sent.endswith("??")


WORDS = st.tuples(st.text("abH 漢é█", max_size=5), st.sampled_from(["none", "bold", "bold underline", "#010203", "color(9) on color(1)", "bold #5fafff on #121212", "#010204 on #090909", "on #121212", "reverse #5fafff"]))  # fmt: skip


@given(st.lists(st.lists(st.lists(WORDS, max_size=4), min_size=1, max_size=3), min_size=1, max_size=4))
def test_what_the_terminal_shows_is_the_last_picture_whatever_came_before(pictures):
    shown, sent = Shown(), ""
    for picture in pictures:
        rows = [lines(*row).adjust_cell_length(24) for row in picture]
        rows += [Strip.blank(24)] * (3 - len(rows))
        sent += written(shown, *rows)
    once = written(Shown(), *rows)
    assert (
        painted(sent)
        == painted(once)
        == {(y + 1, x + 1): _seen(cell) for y, row in enumerate(rows) for x, cell in enumerate(cells_of(row, ColorSystem.TRUECOLOR)) if cell[0]}
    )


def _seen(cell: tuple[str, str]) -> tuple[str, tuple]:
    return painted(f"\x1b[{cell[1]}m{cell[0]}")[1, 1]


def painted(text: str) -> dict[tuple[int, int], tuple[str, tuple]]:
    """What a terminal would show: character and looks of each cell."""
    cells_: dict = {}
    row = column = 1
    looks: dict[str, str] = {}
    place = 0
    while place < len(text):
        if text[place] != "\x1b":
            drawn = (
                looks
                if text[place] != " "
                else {part: codes for part, codes in looks.items() if part != "1"}
                if looks.keys() & {"4", "7"}
                else {part: codes for part, codes in looks.items() if part == "48"}
            )
            cells_.pop((row, column + 1), None) if cell_len(text[place]) == 2 else None
            cells_[row, column] = (text[place], tuple(sorted(drawn.items())))
            column += cell_len(text[place])
            place += 1
            continue
        end = place + 2
        while not text[end].isalpha():
            end += 1
        codes = text[place + 2 : end].split(";")
        if text[end] == "H":
            row, column = int(codes[0]), int(codes[1])
        elif text[end] == "G":
            column = int(codes[0])
        else:
            while codes:
                code = codes.pop(0)
                if code in ("", "0"):
                    looks = {}
                elif code == "22":
                    looks = {part: value for part, value in looks.items() if part != "1"}
                elif code in ("39", "49"):
                    looks = {part: value for part, value in looks.items() if part != code[0] + "8"}
                elif code in ("38", "48"):
                    kind = codes.pop(0)
                    looks[code] = ";".join([kind, *(codes.pop(0) for _ in range(3 if kind == "2" else 1))])
                elif len(code) > 1:
                    looks["48" if code[0] in "41" else "38"] = code
                else:
                    looks[code] = "on"
        place = end + 1
    return cells_
