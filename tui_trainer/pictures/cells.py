"""Pixels to characters: half blocks, braille, a ramp."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tui_trainer.pictures.size import Pixels

Part = tuple[str, str]
Line = tuple[Part, ...]
SHADES = " ░▒▓█"
"""From nothing to full, where the terminal has Unicode but no colour."""
ASCII_RAMP = " .:-=+*#%@"
"""The same in ASCII."""
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint16)
"""What each dot of a braille cell adds to its code (Unicode, U+2800)."""
EDGE = 0.55
"""Difference in brightness from which the two pixels of a cell are drawn apart."""
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Rec. 601's weights of red, green and blue in brightness."""


def half_blocks(pixels: Pixels) -> list[Line]:
    """Two pixels a cell, one above the other, each in its own colour; an odd last row stands on the default ground."""
    high, wide = pixels.shape[:2]
    colours = _colours(pixels)
    lines: list[Line] = []
    for row in range(0, high, 2):
        top, bottom = colours[row], colours[row + 1] if row + 1 < high else None
        lines.append(merged([_pair(top[column], bottom[column] if bottom else None) for column in range(wide)]))
    return lines


def _pair(top: str, bottom: str | None) -> Part:
    if bottom is None:
        return "▀", top
    return (" ", f"on-{top}") if top == bottom else ("▀", f"{top} on-{bottom}")


def _colours(pixels: Pixels) -> list[list[str]]:
    if pixels.ndim == 2:
        return [[f"#{level:02x}{level:02x}{level:02x}" for level in row] for row in pixels.tolist()]
    return [[f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in row] for row in pixels.tolist()]


def merged(parts: Sequence[Part]) -> Line:
    """Neighbours with the same looks as one part."""
    found: list[Part] = []
    for text, looks in parts:
        if found and found[-1][1] == looks:
            found[-1] = (found[-1][0] + text, looks)
        else:
            found.append((text, looks))
    return tuple(found)


def brightness(pixels: Pixels) -> npt.NDArray[np.float32]:
    """0 black to 1 white, (H, W)."""
    levels = pixels.astype(np.float32) / 255
    return np.asarray(levels @ LUMA if pixels.ndim == 3 else levels, dtype=np.float32)


def braille(pixels: Pixels, looks: str = "", *, threshold: float | None = None) -> list[Line]:
    """Eight pixels a cell; a dot where a pixel is brighter than ``threshold`` (default: halfway between the means of dark and bright)."""
    light = brightness(pixels)
    high, wide = light.shape
    level = _between(light) if threshold is None else threshold
    dots = np.zeros((-(-high // 4) * 4, -(-wide // 2) * 2), dtype=np.uint16)
    dots[:high, :wide] = light > level
    codes = (dots.reshape(-1, 4, dots.shape[1] // 2, 2) * DOTS[None, :, None, :]).sum(axis=(1, 3)) + 0x2800
    return [(("".join(chr(code) if code > 0x2800 else " " for code in row), looks),) for row in codes.tolist()]


def _between(light: npt.NDArray[np.float32]) -> float:
    """A threshold between the dark and the bright pixels, moved until it lies halfway between their means (Ridler and Calvard, 1978)."""
    level = float(light.min() + light.max()) / 2
    for _ in range(8):
        dark, bright = light[light <= level], light[light > level]
        if not dark.size or not bright.size:
            return min(level, 0.999)
        moved = float(dark.mean() + bright.mean()) / 2
        if abs(moved - level) < 1 / 512:
            break
        level = moved
    return level


def ramp(pixels: Pixels, characters: str = SHADES, looks: str = "") -> list[Line]:
    """One character for two pixels, one above the other: the denser the brighter."""
    top, bottom = _stacked(pixels)
    steps = ((top + bottom) / 2 * len(characters)).astype(int).clip(0, len(characters) - 1)
    table = np.array(list(characters))
    return [(("".join(row), looks),) for row in table[steps].tolist()]


def shaded(pixels: Pixels, looks: str = "") -> list[Line]:
    """As :func:`ramp` with SHADES; where one pixel of a cell is bright and the other dark, a half block, so that edges stay sharp."""
    top, bottom = _stacked(pixels)
    steps = ((top + bottom) / 2 * len(SHADES)).astype(int).clip(0, len(SHADES) - 1)
    characters = np.array(list(SHADES))[steps]
    characters[top - bottom > EDGE] = "▀"
    characters[bottom - top > EDGE] = "▄"
    return [(("".join(row), looks),) for row in characters.tolist()]


def _stacked(pixels: Pixels) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Brightness of the upper and of the lower pixels of the cells."""
    light = brightness(pixels)
    if light.shape[0] % 2:
        light = np.concatenate([light, np.zeros_like(light[:1])])
    return light[::2], light[1::2]


def ansi(lines: Sequence[Line]) -> str:
    """Lines with escape sequences for 24-bit colours, for a command line."""
    return "\n".join("".join(_coloured(text, looks) for text, looks in line) for line in lines)


def _coloured(text: str, looks: str) -> str:
    codes = [f"{48 if word.startswith('on-') else 38};2;{int(word[-6:-4], 16)};{int(word[-4:-2], 16)};{int(word[-2:], 16)}" for word in looks.split() if "#" in word]
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if codes else text
