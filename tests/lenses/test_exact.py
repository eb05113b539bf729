from __future__ import annotations

import math

import torch

from lenses.exact import exact_cosine, exact_dot


def test_dot_is_the_correctly_rounded_sum_within_one_part_in_1e15() -> None:
    generator = torch.Generator().manual_seed(0)
    for width in (1, 2, 3, 17, 192, 1000):
        left, right = torch.randn(2, width, generator=generator)
        products = [a * b for a, b in zip(left.tolist(), right.tolist(), strict=True)]
        scale = sum(abs(product) for product in products)
        assert abs(float(exact_dot(left, right)) - math.fsum(products)) <= 1e-15 * scale


def test_dot_has_the_same_bits_alone_and_in_a_batch() -> None:
    left, right = torch.randn(2, 50, 77, generator=torch.Generator().manual_seed(1))
    whole = exact_dot(left[:, None, :], right)
    for row in (0, 23, 49):
        assert torch.equal(exact_dot(left[row], right[row]), whole[row, row])


def test_cosine_of_zero_is_zero_and_of_tiny_vectors_is_not() -> None:
    tiny = torch.tensor([1e-38, 0.0])
    assert float(exact_cosine(torch.zeros(2), tiny)) == 0.0
    assert float(exact_cosine(tiny, tiny)) == 1.0
    assert float(exact_cosine(tiny, -tiny)) == -1.0
