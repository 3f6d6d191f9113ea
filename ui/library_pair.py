"""An encoder and a decoder from elsewhere, before they are taken: how they are read, and what that makes of samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import streamlit as st

from ui import cache
from ui.once import Once
from ui.words import plain
from vae_core.data.cards import DatasetError, all_names, find_card
from vae_core.runs import RunError
from vae_core.wiring import Channels, DecoderWiring, EncoderWiring, MadeRange, PixelRange, SpreadForm, Wiring

if TYPE_CHECKING:
    from torch import Tensor

    from vae_core.data import Dataset
    from vae_core.foreign.look import Advice, Look
    from vae_core.foreign.process import Net, Pair

SHOWN = 8
NOTHING = "No data: its codes are dreams"
SECOND_HALF = "second half of the same output"
NO_WIDTH = "none: a code is a point"
PIXELS: dict[PixelRange, str] = {"unit": "0 to 1", "signed": "−1 to 1", "bytes": "0 to 255"}
MADE: dict[MadeRange, str] = {
    "unit": "pixels, 0 to 1", "logits": "logits (a sigmoid follows)", "signed": "pixels, −1 to 1",
    "bytes": "pixels, 0 to 255",
}  # fmt: skip
FORMS: dict[SpreadForm, str] = {"log_variance": "log σ²", "log_std": "log σ", "variance": "σ²", "std": "σ"}
CHANNELS: dict[Channels, str] = {"first": "channels first (C, H, W)", "last": "channels last (H, W, C)"}


@dataclass
class WaitingPair:
    """A pair that was looked at, in the folder where it waits."""

    folder: Path
    pair: Pair
    look: Look

    @property
    def key(self) -> str:
        return f"library.pair.{self.folder.name}"


def look_at(files: Sequence[tuple[str, IO[bytes]]]) -> WaitingPair:
    """Take the files in and open them in their process. Raises RunError, and nothing waits then."""
    from vae_core.runs.incoming import discard
    from vae_core.runs.pairs import look_at, stage_pair

    folder = stage_pair(files)
    try:
        return WaitingPair(folder, *look_at(folder, _known_shapes()))
    except BaseException:
        discard(folder)
        raise


def _known_shapes() -> list[tuple[int, ...]]:
    return [card.sample_shape for name in all_names() if (card := find_card(name)) and card.kind == "image"]


def show(waiting: WaitingPair, taken: Once[str], done: Callable[[str], None]) -> None:
    """What the files say, how they are read, what that makes of samples, and the button that takes them.

    taken: what became of it.
    done: called with the name of the run once it is there.
    """
    settings, preview = st.columns(2, gap="large")
    with settings:
        name, shape = _choose_data(waiting)
        data = _dataset(name)
        _begin(waiting, name, data)
        wiring = _choose_wiring(waiting, shape)
    with preview:
        try:
            _preview(waiting, wiring, shape, data)
        except (RunError, ValueError) as error:
            st.error(plain(str(error)), icon=":material/broken_image:")
            return
        _take(waiting, taken, wiring, shape, name, data, done)


def _described(role: str, net: Net) -> str:
    """One line on a file: what goes in, what comes out, who wrote it."""
    made = ", ".join(f"**{plain(port.name)}** ({port.sizes})" for port in net.outputs[:6])
    by = f" Written by {plain(net.producer)}." if net.producer else ""
    return f"The {role} reads **{plain(net.input.name)}** ({net.input.sizes}) and makes {made}.{by}"


# -- choices -----------------------------------------------------------------------------------------------


def _choose_data(waiting: WaitingPair) -> tuple[str, tuple[int, int, int]]:
    """Whose samples get codes ("" for nobody's), and of which shape pictures are."""
    shapes = waiting.look.shapes
    cards = [card for name in all_names() if (card := find_card(name)) and card.sample_shape in shapes]
    titles = {card.name: card.title for card in cards if card.kind == "image" and cache.is_here(card.name)}
    name = st.selectbox(
        "Its codes are made of",
        [*titles, ""],
        format_func=lambda name: titles.get(name, NOTHING),
        key=f"{waiting.key}.data",
        help="Pictures of a size that fits. Choose the data that the model was trained on, if it is here.",
    )
    if not titles:
        sizes = " or ".join(f"{w} × {h} pixels{' in colour' if c == 3 else ''}" for c, h, w in shapes)
        st.caption(f"No data of {sizes} is here: bring some under Data first, or let it dream.")
    card = find_card(name) if name else None
    if card is not None:
        return card.name, card.sample_shape  # type: ignore[return-value]
    if len(shapes) == 1:
        return "", shapes[0]
    return "", st.selectbox("A picture is", shapes, format_func=lambda one: " × ".join(map(str, one)))


def _dataset(name: str) -> Dataset | None:
    try:
        return cache.get_dataset(name) if name else None
    except DatasetError as error:
        st.warning(plain(str(error)), icon=":material/broken_image:")
        return None


def _begin(waiting: WaitingPair, name: str, data: Dataset | None) -> None:
    """Set the controls to the guess, once for each dataset: with the ranges that suit its samples."""
    key, now = waiting.key, waiting.look.wiring
    if st.session_state.get(f"{key}.begun") == name:
        return
    from vae_core.foreign.look import advised
    from vae_core.runs.pairs import advice

    if data is not None:
        with suppress(RunError):  # the preview says what is wrong
            now = advised(now, advice(waiting.pair, now, data))
    st.session_state[f"{key}.begun"] = name
    values: dict[str, object] = {
        "picture": now.decoder.picture, "made": now.decoder.pixels, "made.channels": now.decoder.channels,
    }  # fmt: skip
    if now.encoder is not None:
        values |= {
            "mean": now.encoder.mean,
            "spread": SECOND_HALF if now.encoder.halves else now.encoder.spread or NO_WIDTH,
            "form": now.encoder.spread_is if now.encoder.spread_is != "none" else "log_variance",
            "pixels": now.encoder.pixels,
            "channels": now.encoder.channels,
        }
    for field, value in values.items():
        st.session_state[f"{key}.{field}"] = value


def _choose_wiring(waiting: WaitingPair, shape: tuple[int, int, int]) -> Wiring:
    """How the files are read, as the controls say."""
    key, seen = waiting.key, waiting.look
    st.markdown("**How it is read** · guessed from names, shapes and a try; change what is wrong.")
    for role, net in seen.nets.items():
        st.caption(_described(role, net))
    colour = shape[0] == 3
    left, right = st.columns(2, gap="medium")
    encoder, guess = None, seen.wiring.encoder
    if guess is not None:
        with left:
            encoder = _choose_encoder(key, seen, guess, colour)
    with right if guess is not None else left:
        picture = st.selectbox("Output with the pictures", seen.pictures, key=f"{key}.picture")
        made = st.selectbox(
            "Its numbers are", list(MADE), format_func=MADE.__getitem__, key=f"{key}.made",
            help=f"On codes drawn from N(0, 1) they go from {seen.low:.3g} to {seen.high:.3g}.",
        )  # fmt: skip
        channels = "first"
        if colour:
            channels = st.selectbox(
                "Order of the decoder", list(CHANNELS), format_func=CHANNELS.__getitem__, key=f"{key}.made.channels"
            )
    raw = seen.wiring.decoder
    decoder = DecoderWiring(shape=raw.shape, picture=picture, channels=channels, pixels=made, batch=raw.batch)
    return Wiring(encoder=encoder, decoder=decoder)


def _choose_encoder(key: str, seen: Look, guess: EncoderWiring, colour: bool) -> EncoderWiring:
    mean = st.selectbox("Output with the codes", seen.codes, key=f"{key}.mean")
    widths = [NO_WIDTH, *(name for name in seen.spreads if name != mean)]
    widths += [SECOND_HALF] if mean not in seen.spreads else []
    if st.session_state.get(f"{key}.spread") not in widths:
        st.session_state[f"{key}.spread"] = widths[-1]
    width = st.selectbox(
        "Their widths", widths, key=f"{key}.spread", help="A VAE's code is a distribution: how wide it is."
    )
    form: SpreadForm = "none"
    if width != NO_WIDTH:
        form = st.selectbox(
            "Widths are", list(FORMS), format_func=FORMS.__getitem__, key=f"{key}.form",
            help="σ is the standard deviation; most VAEs say log σ², the log-variance.",
        )  # fmt: skip
    pixels = st.selectbox("Pixels it reads", list(PIXELS), format_func=PIXELS.__getitem__, key=f"{key}.pixels")
    channels: Channels = guess.channels
    if colour:
        channels = st.selectbox(
            "Order of the encoder", list(CHANNELS), format_func=CHANNELS.__getitem__, key=f"{key}.channels"
        )
    if mean in seen.restless:
        st.caption(f":orange[{plain(mean)} is drawn anew each time: the same picture gets another code.]")
    return EncoderWiring(
        shape=guess.shape, channels=channels, pixels=pixels, mean=mean,
        spread=width if width in seen.spreads else "", spread_is=form, batch=guess.batch,
    )  # fmt: skip


# -- the preview -------------------------------------------------------------------------------------------


def _preview(waiting: WaitingPair, wiring: Wiring, shape: tuple[int, int, int], data: Dataset | None) -> None:
    """What the decoder makes of zeros and of chance, and what the two make of samples."""
    import torch

    from vae_core.runs.pairs import advice, model_of

    model = model_of(waiting.pair, wiring, shape)

    with torch.no_grad():
        z = model.sample_prior(SHOWN, generator=torch.Generator().manual_seed(0))
        z[0] = 0
        st.markdown("**What the decoder makes** of a code of zeros (the first), and of codes drawn from N(0, 1)")
        _sheet([model.decode(z)], "Pictures decoded from a code of zeros and from seven codes drawn by chance")
        if data is None or wiring.encoder is None:
            if wiring.encoder is not None:
                st.caption("Without data there is nothing to encode: the encoder would be left out.")
            return
        x = data.x[data.splits["test"][:SHOWN]].float() / 255
        codes = model.encode(x)
        again = model.decode(codes.mean)
    error = float((again - x).square().mean())
    st.markdown(f"**Samples, and below what the two make of them** · mean squared error {error:.4f}")
    _sheet([x, again], "Eight samples, and below each its reconstruction")
    widths = ""
    if wiring.encoder.spread_is != "none":
        widths = f"; half of their widths are below {float(codes.std.median()):.3g}"
    st.caption(
        f"Codes of these samples go from {float(codes.mean.min()):.3g} to {float(codes.mean.max()):.3g}{widths}."
    )
    _warn(waiting, advice(waiting.pair, wiring, data))


def _sheet(rows: Sequence[Tensor], alt: str) -> None:
    """Rows of pictures in [0, 1], each [n, C, H, W], as one picture."""
    from vae_core.export import png_sheet

    pixels = np.stack([np.rint(row.clamp(0, 1).numpy() * 255).astype(np.uint8) for row in rows])
    st.image(png_sheet(pixels, side=96, gap=4), width="stretch", output_format="PNG", alt=alt)


def _warn(waiting: WaitingPair, better: Advice | None) -> None:
    """Where other ranges do clearly better: which, and a button that takes them."""
    if better is None or not better.clear:
        return

    def use() -> None:
        st.session_state[f"{waiting.key}.pixels"] = better.encoder
        st.session_state[f"{waiting.key}.made"] = better.decoder

    st.warning(
        f"Other ranges come closer: if it reads pixels of **{PIXELS[better.encoder]}** and makes "
        f"**{MADE[better.decoder]}**, their error falls from {better.now:.4f} to {better.error:.4f}.",
        icon=":material/straighten:",
    )
    st.button("Use these", on_click=use, key=f"{waiting.key}.use")


# -- taking ------------------------------------------------------------------------------------------------


def _take(
    waiting: WaitingPair, taken: Once[str], wiring: Wiring, shape: tuple[int, int, int], data_name: str,
    data: Dataset | None, done: Callable[[str], None],
) -> None:  # fmt: skip
    from vae_core.runs.incoming import free_name
    from vae_core.runs.pairs import take_pair

    key = f"{waiting.key}.name"
    if key not in st.session_state:
        st.session_state[key] = free_name(f"{data_name.removeprefix('own:') or 'my'}-onnx")
    left, right = st.columns(2, gap="medium")
    with left:
        name = st.text_input("Name", key=key, max_chars=80, help="Letters, digits, dots, dashes and underscores.")
    with right:
        title = st.text_input(
            "Title", key=f"{waiting.key}.title", max_chars=100, placeholder="What the gallery calls it"
        )
    if not st.button("Take it", type="primary", icon=":material/download_done:"):
        return
    bar = st.progress(0.0, "Making its codes")

    def tell(fraction: float, text: str) -> None:
        bar.progress(fraction, text)

    def take(wish: str) -> str:  # telling of the progress may end it, and then the next click takes it from the start
        made = take_pair(waiting.folder, wiring, shape, wish, data, title=title.strip(), progress=tell)
        waiting.pair.close()
        return made.name

    try:
        made = taken(name.strip, take)
    except RunError as error:
        bar.empty()
        st.error(plain(str(error)), icon=":material/block:")
        return
    done(made)
