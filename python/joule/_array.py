# SPDX-License-Identifier: MIT
"""numpy.asarray(tensor): the values where they lie."""


def _array(tensor, dtype=None, copy=None):
    """NumPy's protocol: a read-only view, unless `dtype` or `copy` asks for something else."""
    array = tensor.numpy()
    if dtype is not None and dtype != array.dtype:
        if copy is False:
            raise ValueError(f"{tensor!r}: as {dtype} only a copy would do, and copy=False forbids one")
        return array.astype(dtype)
    return array.copy() if copy else array


def _add_array_protocol(tensor_class):
    tensor_class.__array__ = _array
