"""Contractions: products of weights and values, and the axes of queries and keys in them."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from attnviz.sources.watch.attention_call import Tensor

MATRIX_PRODUCTS = {"matmul", "bmm", "mm", "__matmul__", "__rmatmul__", "baddbmm", "addbmm"}
ADDED_FIRST = {"baddbmm", "addbmm"}  # whose first argument is added to the product
SUMS = {"sum", "einsum"}


class Contraction(NamedTuple):
    """The weights of a contraction, its values, and the axes of queries and keys in the weights.

    `query_axis` is None where the weights have no axis of queries: there is a single one.
    """

    weights: Tensor
    values: Tensor
    query_axis: int | None
    key_axis: int


def operands(name: str, args: tuple[Any, ...]) -> tuple[Tensor, Tensor] | None:
    """Both factors of a matrix product; None for other functions."""
    if name not in MATRIX_PRODUCTS:
        return None
    factors = args[1:3] if name in ADDED_FIRST else args[:2]
    if len(factors) < 2 or not all(isinstance(f, torch.Tensor) for f in factors):
        return None
    return (factors[1], factors[0]) if name == "__rmatmul__" else (factors[0], factors[1])


def einsum_parts(args: tuple[Any, ...]) -> tuple[list[str], str, list[Tensor]] | None:
    """The letters of both operands and of the result of an einsum of two tensors."""
    if len(args) < 2 or not isinstance(args[0], str):
        return None
    tensors = list(args[1]) if isinstance(args[1], list | tuple) else list(args[1:])
    left, arrow, out = args[0].replace(" ", "").partition("->")
    letters = left.split(",")
    if len(tensors) != 2 or len(letters) != 2 or not arrow:
        return None
    if "..." in left:
        extra = max(
            t.dim() - len(part.replace("...", ""))
            for t, part in zip(tensors, letters, strict=True)
        )
        dots = "ABCDEFGH"[:extra]
        letters = [
            part.replace("...", dots[extra - (t.dim() - len(part.replace("...", ""))) :])
            for t, part in zip(tensors, letters, strict=True)
        ]
        out = out.replace("...", dots)
    return letters, out, tensors


def is_score_einsum(args: tuple[Any, ...]) -> bool:
    """Whether an einsum contracts one feature axis and keeps an axis of each operand alone."""
    parts = einsum_parts(args)
    if parts is None:
        return False
    (a, b), out, _ = parts
    contracted = set(a) & set(b) - set(out)
    return bool(contracted and (set(a) - set(b)) & set(out) and (set(b) - set(a)) & set(out))


def find_contractions(name: str, args: tuple[Any, ...]) -> list[Contraction]:
    """The ways in which a product may be one of weights and values."""
    if name == "einsum":
        return einsum_contractions(args)
    factors = operands(name, args)
    if factors is None:
        return []
    left, right = factors
    found = []
    if left.dim() >= 1 and right.dim() >= 2:
        axis = left.dim() - 1
        found.append(Contraction(left, right, axis - 1 if axis else None, axis))
    if right.dim() >= 2 and left.dim() >= 2:
        found.append(Contraction(right, left, right.dim() - 1, right.dim() - 2))
    return found


def einsum_contractions(args: tuple[Any, ...]) -> list[Contraction]:
    """The ways in which an einsum may be one of weights and values."""
    parts = einsum_parts(args)
    if parts is None:
        return []
    letters, out, tensors = parts
    found = []
    for own, other in ((0, 1), (1, 0)):
        a, b = letters[own], letters[other]
        keys = [letter for letter in a if letter in b and letter not in out]
        queries = [letter for letter in a if letter in out and letter not in b]
        if len(keys) == 1 and len(queries) <= 1:
            query_axis = a.index(queries[0]) if queries else None
            found.append(Contraction(tensors[own], tensors[other], query_axis, a.index(keys[0])))
    return found


def with_last_axes(tensor: Tensor, query_axis: int | None, key_axis: int) -> Tensor:
    """The tensor with its axes in the order [..., query, key]."""
    if query_axis is None:
        return tensor.movedim(key_axis, -1).unsqueeze(-2)
    return tensor.movedim((query_axis, key_axis), (-2, -1))
