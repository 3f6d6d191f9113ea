"""Quick products are used only where they are exact, and the setting is put back."""

from __future__ import annotations

import pytest
import torch

from vae_core import products
from vae_core.products import EXACT, product_error, quick_products

CPU = torch.device("cpu")


def test_inside_the_block_products_are_fp32s_own_on_this_machine() -> None:
    before = torch.get_float32_matmul_precision()
    with quick_products(CPU):
        assert product_error() < EXACT
    assert torch.get_float32_matmul_precision() == before


def test_rounded_products_would_be_noticed() -> None:
    linear = torch.nn.functional.linear

    def rounded(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return linear(x.bfloat16(), weight.bfloat16()).float()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.functional, "linear", rounded)
        assert product_error() > EXACT


@pytest.mark.parametrize("exact", [True, False])
def test_the_setting_is_changed_where_it_is_exact_and_always_put_back(
    monkeypatch: pytest.MonkeyPatch, exact: bool
) -> None:
    monkeypatch.setattr(products, "medium_is_exact", lambda: exact)
    before = torch.get_float32_matmul_precision()
    with pytest.raises(KeyError), quick_products(CPU):
        assert torch.get_float32_matmul_precision() == ("medium" if exact else before)
        raise KeyError
    assert torch.get_float32_matmul_precision() == before
