# SPDX-License-Identifier: MIT
"""Tensors share the memory of arrays both ways, or say which copy to make."""

import gc
import weakref

import joule
import numpy as np
import pytest


def address(array):
    return array.__array_interface__["data"][0]


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_shares_the_memory_of_an_array(dtype):
    array = np.arange(24, dtype=dtype).reshape(2, 3, 4)
    tensor = joule.Tensor(array)
    assert tensor.shape == (2, 3, 4)
    assert tensor.dtype == {np.float32: "f32", np.int32: "i32"}[dtype]
    assert address(tensor.numpy()) == address(array)
    array[1, 2, 3] = 99
    assert tensor.numpy()[1, 2, 3] == 99
    assert np.array_equal(np.asarray(tensor), array)
    assert address(np.asarray(tensor)) == address(array)


def test_keeps_the_array_alive_and_lets_it_go():
    class Owner(np.ndarray):
        pass

    array = np.zeros(4, np.float32).view(Owner)
    watched = weakref.ref(array)
    tensor = joule.Tensor(array)
    view = tensor.numpy()
    del array, tensor
    gc.collect()
    assert watched() is not None
    assert view.sum() == 0
    del view
    gc.collect()
    assert watched() is None


def test_a_view_outlives_its_tensor():
    view = joule.Tensor(np.full(5, 3, np.float32)).clone().numpy()
    gc.collect()
    assert view.tolist() == [3] * 5


def test_reads_arrays_that_are_read_only_without_a_copy():
    array = np.ones((2, 2), np.float32)
    array.flags.writeable = False
    assert address(joule.Tensor(array).numpy()) == address(array)


def test_views_are_read_only():
    tensor = joule.Tensor(np.zeros(3, np.float32)).clone()
    with pytest.raises(ValueError, match="read-only"):
        tensor.numpy()[0] = 1


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 2)), r"expected float32 \(labels: int32\), got float64; that needs a copy: array.astype\('float32'\)"),
        (np.zeros(2, np.int64), "got int64"),
        (np.zeros(2, np.float16), "got float16"),
        (np.zeros(2, bool), "got bool"),
        (np.zeros((4, 6), np.float32).T, r"one of shape \(6, 4\) whose elements lie \(1, 6\) apart; that needs a copy: "
                                         r"numpy.ascontiguousarray\(array\)"),
        (np.zeros(8, np.float32)[::2], r"shape \(4,\) whose elements lie \(2,\) apart"),
        (np.zeros((1, 1, 1, 1, 2), np.float32), "expected at most 4 dimensions, got 5"),
    ],
)  # fmt: skip
def test_says_which_copy_would_do(array, message):
    with pytest.raises(joule.ArgumentError, match=message):
        joule.Tensor(array)


@pytest.mark.parametrize("value", [[1.0, 2.0], 3, "text", None])
def test_what_is_no_array_is_a_type_error(value):
    with pytest.raises(TypeError, match="expected a joule.Tensor or an array"):
        joule.Tensor(value)


def test_takes_dlpack_from_others():
    class Foreign:
        """Only DLPack."""

        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **options):
            return self.array.__dlpack__()

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    array = np.arange(6, dtype=np.float32)
    assert address(joule.Tensor(Foreign(array)).numpy()) == address(array)


def test_gives_dlpack_only_to_those_who_know_read_only_memory():
    tensor = joule.Tensor(np.arange(6, dtype=np.float32))
    assert tensor.__dlpack_device__() == (1, 0)
    assert "dltensor_versioned" in repr(tensor.__dlpack__(max_version=(1, 0)))
    for old in ({}, {"max_version": None}, {"max_version": (0, 8)}):
        with pytest.raises(BufferError, match="DLPack before 1.0"):
            tensor.__dlpack__(**old)


def test_asarray_converts_only_if_asked():
    tensor = joule.Tensor(np.arange(3, dtype=np.float32))
    assert np.asarray(tensor, dtype=np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="copy=False forbids one"):
        tensor.__array__(dtype=np.dtype(np.float64), copy=False)


def test_gradients():
    x = joule.Tensor(np.array([1, 2, 3], np.float32)).clone().set_requires_grad()
    assert x.grad is None
    loss = joule.mse_loss(x * x, np.zeros(3, np.float32), reduction="sum")
    loss.backward()
    assert x.grad.numpy().tolist() == [4, 32, 108]  # of x^4: 4 x^3
    assert float(loss) == 1 + 16 + 81
    with joule.no_grad():
        assert not (x * 2.0).requires_grad
    assert (x * 2.0).requires_grad


def test_borrowed_memory_is_not_written():
    array = np.array([-1, 2], np.float32)
    with pytest.raises(joule.ArgumentError, match="belongs to the caller and is read-only"):
        joule.Tensor(array).copy_from(np.zeros(2, np.float32))
    owned = joule.Tensor(array).clone()
    owned.copy_from(np.zeros(2, np.float32))
    assert owned.numpy().tolist() == [0, 0]
    assert array.tolist() == [-1, 2]


def test_empty_arrays_and_scalars():
    assert joule.Tensor(np.zeros((0, 3), np.float32)).shape == (0, 3)
    assert joule.Tensor(np.float32(2).reshape(())).item() == 2
