"""FP8 with scales and MXFP4: against other decoders, in all layouts of scales; refusals."""

import ml_dtypes
import numpy as np
import pytest

from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.config import Config
from attnviz.sources.checkpoint.quantized_tensors import fp8_values, join_scales
from attnviz.sources.checkpoint.tensors import Tensor, Tensors
from attnviz.sources.model.quantization import METHODS, check_quantization, scale_block

RANDOM = np.random.default_rng(3)
BYTES = np.arange(256, dtype=np.uint8)
OTHER_DECODERS = {"F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E5M2": ml_dtypes.float8_e5m2}


def stored(array, dtype=None):
    """An array as a stored tensor."""
    array = np.ascontiguousarray(array)
    names = {"float32": "F32", "uint8": "U8"}
    return Tensor(
        array.reshape(-1).view(np.uint8),
        dtype or names[str(array.dtype)],
        array.shape,
        0,
        array.nbytes,
    )


def fp8_tensor(shape):
    """Random FP8 numbers as a stored tensor, and their values."""
    codes = RANDOM.integers(0, 126, shape).astype(np.uint8)
    return stored(codes, "F8_E4M3"), codes.view(ml_dtypes.float8_e4m3fn).astype(np.float32)


@pytest.mark.parametrize("dtype", OTHER_DECODERS)
def test_every_eight_bit_float_is_exact(dtype):
    with np.errstate(invalid="ignore"):
        expected = BYTES.view(OTHER_DECODERS[dtype]).astype(np.float32)
    assert np.array_equal(fp8_values(dtype), expected, equal_nan=True)


# Shape of the tensor, shape of its scales, and how often each is repeated along the axes.
LAYOUTS = {
    "one": ((5, 7), (), (5, 7)),
    "one in a list": ((5, 7), (1,), (5, 7)),
    "rows": ((5, 7), (5,), (1, 7)),
    "rows of a column": ((5, 7), (5, 1), (1, 7)),
    "blocks": ((5, 7), (2, 2), (3, 4)),
    "blocks of experts": ((3, 5, 7), (3, 2, 2), (3, 4)),
}


@pytest.mark.parametrize("end", ["_scale_inv", "_scale"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_numbers_are_multiplied_by_their_scale(layout, end):
    shape, scale_shape, repeats = LAYOUTS[layout]
    tensor, values = fp8_tensor(shape)
    scale = RANDOM.uniform(0.5, 2.0, scale_shape).astype(np.float32)
    joined = join_scales({"w.weight": tensor, f"w.weight{end}": stored(scale)}, (3, 4))
    assert list(joined) == ["w.weight"]
    table = scale.reshape(
        (1, 1) if scale.size == 1 else (5, 1) if scale.size == 5 else scale_shape
    )
    table = table.repeat(repeats[0], -2)[..., : shape[-2], :]
    expected = values * table.repeat(repeats[1], -1)[..., : shape[-1]]
    got = joined["w.weight"]
    if len(shape) == 3:
        got, expected = got.at(2), expected[2]
    for index in (..., slice(1, 4), (slice(None), slice(2, 6)), np.array([4, 0, 4])):
        assert np.array_equal(got.read(index), expected[index])


def test_each_mxfp4_block_has_its_exponent():
    """The definition of the format, number by number."""
    values = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6]
    blocks = RANDOM.integers(0, 256, (2, 3, 2, 16)).astype(np.uint8)
    scales = RANDOM.integers(120, 131, (2, 3, 2)).astype(np.uint8)
    expected = np.zeros((2, 3, 64), np.float32)
    for e, row, block, byte in np.ndindex(blocks.shape):
        number, factor = (
            int(blocks[e, row, block, byte]),
            2.0 ** (int(scales[e, row, block]) - 127),
        )
        expected[e, row, 32 * block + 2 * byte] = values[number % 16] * factor
        expected[e, row, 32 * block + 2 * byte + 1] = values[number // 16] * factor
    joined = join_scales({"up_blocks": stored(blocks), "up_scales": stored(scales)})
    assert {name: tensor.shape for name, tensor in joined.items()} == {"up_blocks": (2, 3, 64)}
    assert (Tensors(joined).dtype, Tensors(joined).n_parameter) == ("MXFP4", 2 * 3 * 64)
    for index in (..., slice(1, 3), (slice(None), slice(5, 40)), np.array([2, 0])):
        assert np.array_equal(joined["up_blocks"].at(1).read(index), expected[1][index])
    assert np.array_equal(joined["up_blocks"].read(), expected)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (
            {"w": fp8_tensor((5, 7))[0], "w_scale": stored(np.ones((2, 3), np.float32))},
            r"'w_scale' \(F32, 2 × 3\) does not fit .* \(5 × 7, in blocks of 3 × 4\)",
        ),
        (
            {"w": fp8_tensor((5,))[0], "w_scale": stored(np.ones((5,), np.float32))},
            r"'w_scale' \(F32, 5\) does not fit",
        ),
        (
            {"w": fp8_tensor((5, 7))[0], "w_scale": stored(np.ones((1,), np.uint8))},
            r"'w_scale' \(U8, 1\) does not fit",
        ),
        (
            {"w_blocks": stored(BYTES.reshape(2, 8, 16)), "w_scales": stored(BYTES[:8])},
            r"'w_blocks' \(U8, 2 × 8 × 16\) should be MXFP4 blocks .* scales are U8, 8",
        ),
        (
            {"w_blocks": stored(BYTES.reshape(2, 16, 8)), "w_scales": stored(BYTES[:32])},
            "should be MXFP4 blocks of 16 bytes",
        ),
    ],
)
def test_scales_that_do_not_fit_are_refused(tensors, message):
    with pytest.raises(InvalidInputError, match=message):
        join_scales(tensors, (3, 4))


def test_other_tensors_stay_as_they_are():
    tensors = {"w": stored(np.ones(3, np.float32)), "w_scale": stored(np.ones(1, np.float32))}
    tensors |= {"fp8": fp8_tensor((2, 2))[0], "a_blocks": stored(BYTES)}
    assert join_scales(tensors) == tensors
    with pytest.raises(InvalidInputError, match=r"'fp8' has dtype F8_E4M3; supported: .*_scale"):
        Tensors(join_scales(tensors)).get("fp8", (2, 2))


def config_with(**settings):
    """A config with these settings of the quantization."""
    return Config({"quantization_config": settings})


@pytest.mark.parametrize("method", METHODS)
def test_methods_with_fp8_or_mxfp4_weights_are_allowed(method):
    check_quantization(config_with(quant_method=method, **METHODS[method]))


@pytest.mark.parametrize(
    "settings",
    [
        {"quant_method": "gptq"},
        {"quant_method": ["fp8"]},
        {"bits": 4},
        {"quant_method": "compressed-tensors", "format": "pack-quantized"},
        {"quant_method": "modelopt", "quant_algo": "NVFP4"},
    ],
)
def test_other_methods_are_refused_with_what_to_use(settings):
    with pytest.raises(
        InvalidInputError, match=r"are not supported; supported: fp8, .* GGUF file"
    ):
        check_quantization(config_with(**settings))


@pytest.mark.parametrize("block", ["x", [128], [0, 128], [True, 128], [128, 1e9]])
def test_a_block_size_that_is_none_is_refused(block):
    with pytest.raises(InvalidInputError, match="weight_block_size"):
        scale_block(config_with(weight_block_size=block))
    assert scale_block(config_with()) == (128, 128)
