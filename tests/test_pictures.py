"""Pixels as text: every pixel where it belongs, in its own colour."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.pictures import ASCII_RAMP, SHADES, ansi, braille, fitted, half_blocks, heat, overlaid, planar, ramp, shaded, signed, stretched
from tui_trainer.pictures.cells import DOTS


def pixels_of(lines) -> np.ndarray:
    """Half blocks read back."""
    rows = []
    for line in lines:
        top, bottom = [], []
        for text, looks in line:
            colours = {word.startswith("on-"): word[-6:] for word in looks.split()}
            below = colours[True]
            above = colours.get(False, below)
            for character in text:
                assert character == ("▀" if False in colours else " ")
                top.append([int(above[place : place + 2], 16) for place in (0, 2, 4)])
                bottom.append([int(below[place : place + 2], 16) for place in (0, 2, 4)])
        rows += [top, bottom]
    return np.array(rows, dtype=np.uint8)


def random_pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)


def test_half_blocks_hold_every_pixel_of_a_digit_and_of_a_colour_image():
    grey, colour = random_pixels(28, 28), random_pixels(32, 32, 3)
    assert len(half_blocks(grey)) == 14
    assert (pixels_of(half_blocks(grey)) == grey[..., None]).all()
    assert (pixels_of(half_blocks(colour)) == colour).all()
    assert half_blocks(np.zeros((2, 9), np.uint8)) == [((" " * 9, "on-#000000"),)], "neighbours that look the same are written once"
    assert half_blocks(np.zeros((3, 1), np.uint8))[1] == (("▀", "#000000"),), "an odd last row stands on the terminal's ground"


def test_braille_has_a_dot_for_each_bright_pixel():
    pixels = np.where(random_pixels(28, 28) > 127, 255, 0).astype(np.uint8)
    lines = braille(pixels)
    assert [len(line[0][0]) for line in lines] == [14] * 7
    for row in range(28):
        for column in range(28):
            character = lines[row // 4][0][0][column // 2]
            code = 0 if character == " " else ord(character) - 0x2800
            assert bool(code & int(DOTS[row % 4, column % 2])) == bool(pixels[row, column])


@pytest.mark.parametrize("level", [0, 200])
def test_an_even_field_has_no_dots_by_chance(level: int):
    assert len({character for line in braille(np.full((8, 8), level, np.uint8)) for character in line[0][0]}) == 1


def test_ramps_rise_with_brightness_and_keep_edges():
    steps = np.repeat(np.linspace(0, 255, 10).astype(np.uint8)[None], 2, axis=0)
    assert ramp(steps, ASCII_RAMP)[0][0][0] == ASCII_RAMP
    assert "".join(dict.fromkeys(shaded(steps)[0][0][0])) == SHADES
    edge = np.array([[255, 0], [0, 255]], np.uint8)
    assert shaded(edge)[0][0][0] == "▀▄"


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60), st.integers(1, 60))
def test_fitting_never_takes_more_room_and_keeps_the_mean(high, wide, width, height):
    pixels = random_pixels(high, wide)
    out = fitted(pixels, width, height)
    assert out.shape[0] <= height
    assert out.shape[1] <= width
    assert abs(float(out.mean()) - float(pixels.mean())) < 3
    if width >= wide and height >= high:
        assert out.shape[0] % high == 0
        assert (out[:: out.shape[0] // high, :: out.shape[1] // wide] == pixels).all()


def test_weights_differ_in_colour_by_sign_and_in_brightness_by_size():
    picture = signed(np.array([[-2.0, 0.0, 1.0, 2.0]]))
    assert picture[0, 1].sum() == 0
    assert picture[0, 0, 0] > picture[0, 0, 2]
    assert picture[0, 3, 2] > picture[0, 3, 0]
    assert picture[0, 2].sum() < picture[0, 3].sum()
    assert stretched(np.array([[-1.0, 0.0, 3.0]]), -4, 4).tolist() == [[96, 128, 223]]
    assert stretched(np.full((2, 2), 3.0)).max() == 0


def test_a_saliency_map_lies_over_its_image():
    image, map_ = np.full((2, 2), 200, np.uint8), np.array([[0.0, 0.0], [0.0, -9.0]])
    over = overlaid(image, map_)
    assert over[0, 0].tolist() == [70, 70, 70]
    assert over[1, 1].tolist() == [255, 255, 255]
    assert heat(np.array([[1 / 3, 1.0]]))[0, 0].tolist() == [255, 0, 0]


def test_networks_planes_become_pixels_and_lines_a_command_lines_text():
    assert planar(random_pixels(3, 8, 9)).shape == (8, 9, 3)
    assert planar(random_pixels(1, 8, 9)).shape == (8, 9)
    assert ansi([(("a", ""), ("▀", "#010203 on-#ff0000"))]) == "a\x1b[38;2;1;2;3;48;2;255;0;0m▀\x1b[0m"
