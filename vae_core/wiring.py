"""How an encoder and a decoder that came as ONNX files are to be read: what goes in, what comes out. No torch, no onnx.

Their names, shapes and ranges are not ours, so a run of such a pair keeps them in its config.json.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(min_length=1, max_length=200)]
"""Of an input or output in the file."""
Axis = Annotated[int, Field(ge=1, le=200_000)]
Shape = Annotated[tuple[Axis, ...], Field(min_length=1, max_length=4)]
"""Of one sample or one code, without the batch."""
Channels = Literal["first", "last"]
"""Where a picture's channels stand: first is [C, H, W], last is [H, W, C]; of a flat row, in which order it was cut."""
PixelRange = Literal["unit", "signed", "bytes"]
"""Of the pixels that an encoder reads: [0, 1], [-1, 1], [0, 255]."""
MadeRange = Literal["unit", "logits", "signed", "bytes"]
"""Of the pixels that a decoder makes: logits go through a sigmoid."""
SpreadForm = Literal["none", "log_variance", "log_std", "variance", "std"]
"""How an encoder says a posterior's width; none where a code is a point."""
Batch = Annotated[int, Field(ge=0, le=1024)]
"""Samples that a file takes at a time; 0: any number."""

ENCODER, DECODER = "encoder.onnx", "decoder.onnx"
"""The files of a pair in a run folder."""
NO_DATA = "no data"
"""What stands for the dataset of a pair that came without: its codes are dreams."""


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EncoderWiring(_Closed):
    """What encoder.onnx is told and says."""

    shape: Shape
    """Of one sample, as its input takes it: (784,), (1, 28, 28), (28, 28, 1)."""
    channels: Channels = "first"
    pixels: PixelRange = "unit"
    mean: Name
    """The output that holds the codes."""
    spread: str = Field(default="", max_length=200)
    """The output that holds their widths; empty where there is none, or where it is the second half of `mean`."""
    spread_is: SpreadForm = "none"
    batch: Batch = 0

    @property
    def halves(self) -> bool:
        """One output [B, 2 D] holds means and widths."""
        return self.spread_is != "none" and not self.spread

    @model_validator(mode="after")
    def _fits(self) -> EncoderWiring:
        if self.spread and (self.spread_is == "none" or self.spread == self.mean):
            raise ValueError(f"the output {self.spread} is said to hold the codes' widths, but not how")
        return self


class DecoderWiring(_Closed):
    """What decoder.onnx is told and says."""

    shape: Shape
    """Of one code, as its input takes it: (10,), (4, 8, 8)."""
    picture: Name
    """The output that holds the pictures."""
    channels: Channels = "first"
    pixels: MadeRange = "unit"
    batch: Batch = 0


class Wiring(_Closed):
    """An encoder/decoder pair; a decoder alone makes dreams of N(0, I), and no sample has a code."""

    encoder: EncoderWiring | None = None
    decoder: DecoderWiring
