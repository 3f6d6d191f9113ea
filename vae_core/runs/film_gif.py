"""A film as a GIF: the map, what comes back below each original, and the step."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from vae_core.export import gif, upright
from vae_core.figures.template import INKS, class_colour
from vae_core.runs.film import Film

SIDE, EDGE, LINE, DOT = 400, 12, 26, 3  # pixels: the map, around it, the line of words, a point's radius
FRAMES_PER_SECOND = 6.0
MOST_FRAMES = 48
"""A longer film gives every other frame: a GIF takes a while to make, and to fetch."""


def film_gif(film: Film, title: str = "") -> bytes:
    """An endless GIF of a film's frames, about 420 pixels wide, with `title` beside the step."""
    return gif(film_pictures(film, title), side=1, frames_per_second=FRAMES_PER_SECOND, there_and_back=False)


def film_pictures(film: Film, title: str = "") -> np.ndarray:
    """The frames, drawn: uint8 [up to 48, 3, H, W]."""
    shown = range(len(film))[:: -1 if len(film) <= MOST_FRAMES else -2][::-1]  # the last one always
    ink = INKS["dark"]
    font = ImageFont.load_default(15)
    has_map = film.xy.shape[1] > 0
    top = LINE + EDGE + (SIDE + EDGE if has_map else 0)
    middle, half = _box(film)
    drawn = []
    for at in shown:
        sheet = _sheet(film, at)
        page = Image.new("RGB", (SIDE + 2 * EDGE, top + sheet.height + EDGE), ink.background)
        pen = ImageDraw.Draw(page)
        pen.text((EDGE, 10), title, ink.text, font=font)
        words = f"epoch {film.epochs[at]:.1f}, step {film.steps[at]:,}"
        pen.text((page.width - EDGE, 10), words, ink.faint, font=font, anchor="ra")
        if has_map:
            pen.rectangle((EDGE, LINE + EDGE, EDGE + SIDE, LINE + EDGE + SIDE), outline="#273154")
            places = (film.xy[at] - middle) / half * [1, -1] * (SIDE / 2) + SIDE / 2  # [n, 2]
            inside = (np.abs(places - SIDE / 2) < SIDE / 2 - DOT).all(1)
            for (x, y), label in zip(places[inside] + [EDGE, LINE + EDGE], film.y[inside], strict=True):
                colour = ImageColor.getrgb(class_colour(int(label)) if label >= 0 else ink.text)
                pen.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), fill=colour)
        page.paste(sheet, (EDGE, top))
        drawn.append(np.moveaxis(np.asarray(page), -1, 0))
    return np.stack(drawn)


def _box(film: Film) -> tuple[np.ndarray, float]:
    """Middle [2] and half side of a square around nearly all places of all frames."""
    places = film.xy.reshape(-1, 2)
    if not len(places):
        return np.zeros(2), 1.0
    low, high = np.quantile(places, [0.001, 0.999], axis=0)
    return (low + high) / 2, max(float((high - low).max()) / 2 * 1.08, 1e-6)


def _sheet(film: Film, at: int) -> Image.Image:
    """The pictures of a frame as wide as the map: originals above what is made of them."""
    rows = [part for part in (film.originals, film.reconstructions[at]) if len(part)]
    sheet = np.concatenate([np.concatenate(list(upright(row)), axis=1) for row in rows])
    image = Image.fromarray(sheet).convert("RGB")
    return image.resize((SIDE, round(SIDE * image.height / image.width)), Image.Resampling.BICUBIC)
