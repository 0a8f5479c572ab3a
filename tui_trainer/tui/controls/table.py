"""A table of any length: only the rows in sight are ever formatted or drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui_trainer.tui.controls.paint import Part, fit, plain, strip

Item = TypeVar("Item")


@dataclass(frozen=True)
class Column(Generic[Item]):
    """One column: its title, how wide, and what it says of an item (a text, or a text and its looks)."""

    key: str
    title: str
    width: int
    cell: Callable[[Item], str | Part]
    align: str = "left"
    grows: int = 0
    """Its share of what width is left."""
    most: int = 10_000
    """But no more than this."""
    from_width: int = 0
    """Left out where the table is narrower than this."""
    picture: bool = False
    """Keeps its colours under the cursor."""


class Table(ScrollView, Generic[Item], can_focus=True):
    """Rows with a cursor, a fixed header, and titles that can be clicked."""

    BINDINGS = [
        Binding("up,k", "cursor(-1)", "Up", show=False),
        Binding("down,j", "cursor(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "cursor(-1000000)", "First", show=False),
        Binding("end", "cursor(1000000)", "Last", show=False),
        Binding("enter", "choose", "Choose", show=False),
    ]
    cursor = reactive(0, repaint=False)

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, table: "Table[object]", item: object) -> None:
            super().__init__()
            self.table = table
            self.item = item

        @property
        def control(self) -> "Table[object]":
            """The table."""
            return self.table

    class Chosen(Moved):
        """Enter, or a click on the row that the cursor was on."""

    class TitleClicked(Message):
        """A column's title was clicked."""

        def __init__(self, table: "Table[object]", column: str) -> None:
            super().__init__()
            self.table = table
            self.column = column

        @property
        def control(self) -> "Table[object]":
            """The table."""
            return self.table

    def __init__(self, columns: Sequence[Column[Item]], *, empty: Sequence[str] = (), cursor: bool = True, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.columns = list(columns)
        self.items: list[Item] = []
        self.empty = list(empty)
        """What stands there when there are no rows: what to do next."""
        self.sorted_by = ""
        self.descending = False
        self.has_cursor = cursor
        self.footer: list[Part] = []
        """A last line below the rows."""

    # --- what it shows

    def show(self, items: Sequence[Item], *, key: Callable[[Item], object] | None = None) -> None:
        """Show these rows; with ``key`` the cursor stays on its item. Nothing is redrawn where nothing changed."""
        if list(items) == self.items:
            return
        held = key(self.items[self.cursor]) if key and self.cursor < len(self.items) else None
        before, self.items = self.items, list(items)
        if len(before) != len(self.items):
            self._measure()
        if key and held is not None:
            place = next((number for number, item in enumerate(self.items) if key(item) == held), None)
            if place is not None and place != self.cursor:
                self.set_reactive(Table.cursor, place)
                self._into_sight()
        if self.cursor >= len(self.items):
            self.set_reactive(Table.cursor, max(0, len(self.items) - 1))
        if len(before) != len(self.items):
            self.refresh()
            return
        for number, (old, new) in enumerate(zip(before, self.items, strict=True)):
            if old != new:
                self._refresh_row(number)

    @property
    def item(self) -> Item | None:
        """The item under the cursor."""
        return self.items[self.cursor] if 0 <= self.cursor < len(self.items) else None

    def on_mount(self) -> None:
        """Sizes are known from here on."""
        self._measure()

    def on_resize(self) -> None:
        """Widths follow."""
        self._measure()
        self._into_sight()

    def _measure(self) -> None:
        self.virtual_size = Size(max(1, self.scrollable_content_region.width), len(self.items) + 1 + bool(self.footer))

    def widths(self, total: int) -> list[tuple[Column[Item], int]]:
        """The columns that fit into ``total`` cells, each with its width."""
        chosen = [column for column in self.columns if total >= column.from_width]
        sizes = {column.key: column.width for column in chosen}
        spare = max(0, total - sum(column.width + 1 for column in chosen))
        growing = [column for column in chosen if column.grows]
        while spare and growing:  # what one may not take goes to the others
            share, shares = spare, sum(column.grows for column in growing)
            for column in growing:
                more = min(column.most - sizes[column.key], share * column.grows // shares or spare)
                sizes[column.key] += more
                spare -= more
            growing = [column for column in growing if sizes[column.key] < column.most] if spare else []
        return [(column, sizes[column.key]) for column in chosen]

    # --- drawing

    def render_line(self, y: int) -> Strip:
        """One line: the titles, or a row in sight."""
        width = self.scrollable_content_region.width
        if y == 0:
            return strip(self, [part for column, size in self.widths(width) for part in self._title(column, size)], width)
        number = y - 1 + self.scroll_offset.y
        if number < len(self.items):
            return self._row(number, width)
        if self.footer and number == len(self.items):
            return strip(self, self.footer, width)
        if not self.items and 1 < y < 2 + len(self.empty):
            return strip(self, [("  " + self.empty[y - 2], "muted")], width)
        return strip(self, [], width)

    def _title(self, column: Column[Item], size: int) -> list[Part]:
        if column.key == self.sorted_by:  # the arrow may stand in the gap between two columns
            arrow = plain("▾" if self.descending else "▴")
            title = column.title + arrow
            return [(fit(fit(title, size, column.align) + " " if cell_len(title) <= size else title, size + 1), "accent")]
        return [(fit(column.title, size, column.align) + " ", "muted")]

    def _row(self, number: int, width: int) -> Strip:
        item = self.items[number]
        parts: list[Part] = []
        pictures: list[bool] = []
        for column, size in self.widths(width):
            pictures.append(column.picture)
            cell = column.cell(item)
            text, names = cell if isinstance(cell, tuple) else (cell, "")
            parts.append((fit(text, size, column.align) + " ", names))
        if not self.has_cursor or number != self.cursor:
            return strip(self, parts, width)
        if self.has_focus:
            shown: list[Part] = []
            for (text, names), picture in zip(parts, pictures, strict=True):
                shown += [(text[:-1], f"{names} on-background"), (" ", "on-accent")] if picture else [(text, "background on-accent bold")]
            return strip(self, [*shown, (" " * width, "on-accent")], width)
        return strip(self, [(text, f"{names} on-panel") for text, names in parts] + [(" " * width, "on-panel")], width)

    def _refresh_row(self, number: int) -> None:
        y = number + 1 - self.scroll_offset.y
        if 0 < y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    # --- moving

    def watch_cursor(self, before: int, after: int) -> None:
        """Redraw the two rows concerned, and tell."""
        self._refresh_row(before)
        self._refresh_row(after)
        self._into_sight()
        if self.item is not None:
            self.post_message(self.Moved(self, self.item))  # type: ignore[arg-type]

    def validate_cursor(self, value: int) -> int:
        """Always on a row."""
        return max(0, min(value, len(self.items) - 1))

    def _into_sight(self) -> None:
        rows = max(1, self.scrollable_content_region.height - 1)
        top = self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + rows:
            self.scroll_to(y=self.cursor - rows + 1, animate=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The whole list moves below its titles."""
        super().watch_scroll_y(old_value, new_value)
        self.refresh()

    def on_focus(self) -> None:
        """The cursor's looks change."""
        self._refresh_row(self.cursor)

    def on_blur(self) -> None:
        """The cursor's looks change."""
        self._refresh_row(self.cursor)

    def action_cursor(self, rows: int) -> None:
        """Move the cursor by so many rows; a table without one scrolls."""
        if self.has_cursor:
            self.cursor += rows
        else:
            self.scroll_to(y=max(0, self.scroll_offset.y + rows), animate=False)

    def action_page(self, pages: int) -> None:
        """Move the cursor by a screenful."""
        self.action_cursor(pages * max(1, self.size.height - 2))

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self.item is not None:
            self.post_message(self.Chosen(self, self.item))  # type: ignore[arg-type]

    def on_click(self, event: events.Click) -> None:
        """A title sorts; a row takes the cursor, and is chosen where it had it."""
        spot = event.get_content_offset(self)
        if spot is None:
            return
        if spot.y == 0:
            left = 0
            for column, size in self.widths(self.scrollable_content_region.width):
                if left <= spot.x <= left + size:
                    self.post_message(self.TitleClicked(self, column.key))  # type: ignore[arg-type]
                    return
                left += size + 1
            return
        number = spot.y - 1 + self.scroll_offset.y
        if number >= len(self.items):
            return
        if number == self.cursor and event.chain >= 2:
            self.action_choose()
        self.cursor = number
