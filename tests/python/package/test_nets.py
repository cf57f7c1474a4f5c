# SPDX-License-Identifier: MIT
"""Nets: built in, from files, run and trained."""

import json

import joule
import numpy as np
import pytest


def test_built_in_nets_have_their_usual_sizes():
    assert "small-cnn" in joule.model_names()
    net = joule.model("resnet8")
    assert (net.image_shape, net.classes, net.training) == ((32, 32, 3), 10, True)
    small = joule.model("small-cnn", image=(14, 14), channels=2, classes=3)
    assert small.predict(np.zeros((1, 14, 14, 2), np.float32)).shape == (1, 3)
    with pytest.raises(joule.ArgumentError, match="lenet5"):
        joule.model("lenet")


def test_the_same_seed_gives_the_same_weights(images):
    first, second, other = (joule.model("lenet5", seed=seed).predict(images).numpy() for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_forward_is_predict_without_the_tape(net, images):
    net.eval()
    assert net(images).requires_grad
    with joule.no_grad():
        assert not net(images).requires_grad
    assert np.allclose(net(images).numpy(), net.predict(images).numpy(), atol=1e-5)


def test_predict_is_the_same_for_many_images_at_once(net, images):
    many = np.concatenate([images] * 40)  # in more than one piece
    assert np.allclose(net.predict(many).numpy()[300:308], net.predict(many[300:308]).numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 1, 28, 28), r"takes \[N,28,28,1\].*got \[2,1,28,28\]: channels come last, numpy.ascontiguousarray"),
        ((28, 28, 1), r"got \[28,28,1\]"),
        ((2, 27, 28, 1), r"got \[2,27,28,1\]$"),
        ((0, 28, 28, 1), "expected at least one"),
    ],
)
def test_refuses_other_images(net, shape, message):
    with pytest.raises(joule.ArgumentError, match=message):
        net(np.zeros(shape, np.float32))
    with pytest.raises(joule.ArgumentError, match=message):
        net.predict(np.zeros(shape, np.float32))


def test_a_model_file_comes_back_with_its_weights(net, images, tmp_path):
    path = str(tmp_path / "model.safetensors")
    with pytest.raises(joule.ArgumentError, match="set net.mean and net.deviation"):
        net.save(path)
    net.mean, net.deviation = [0.5], [0.25]
    net.save(path)
    loaded = joule.load(tmp_path / "model.safetensors")
    assert (loaded.name, loaded.mean, loaded.deviation, loaded.training) == ("lenet5", [0.5], [0.25], False)
    assert np.allclose(loaded.predict(images).numpy(), net.predict(images).numpy(), atol=1e-6)
    with pytest.raises(joule.ArgumentError, match="one per channel"):
        net.mean = [0.5, 0.5]


def test_a_net_as_data_gets_fresh_weights(net, images, tmp_path):
    graph = json.loads(net.to_json())
    graph["name"] = "mine"
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(graph))
    mine = joule.load(path)
    assert (mine.name, mine.parameter_count) == ("mine", net.parameter_count)
    mine.load_state({name: value.numpy() for name, value in net.state().items()})
    assert np.array_equal(mine.predict(images).numpy(), net.predict(images).numpy())


def test_an_onnx_file(tmp_path):
    onnx = pytest.importorskip("onnx")
    rng = np.random.default_rng(3)
    weight, bias = rng.standard_normal((3, 8), dtype=np.float32), rng.standard_normal(3, dtype=np.float32)
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Flatten", ["x"], ["flat"]),
         onnx.helper.make_node("Gemm", ["flat", "w", "b"], ["y"], transB=1)],
        "tiny",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 2, 2, 2])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 3])],
        [onnx.numpy_helper.from_array(weight, "w"), onnx.numpy_helper.from_array(bias, "b")])  # fmt: skip
    path = tmp_path / "tiny.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path)
    try:
        net = joule.load(path)
    except joule.DataError as error:
        if "built without ONNX" in str(error):
            pytest.skip(str(error))
        raise
    first = rng.standard_normal((4, 2, 2, 2), dtype=np.float32)  # [N,C,H,W], as the file has it
    last = np.ascontiguousarray(first.transpose(0, 2, 3, 1))
    assert np.allclose(net.predict(last).numpy(), first.reshape(4, 8) @ weight.T + bias, atol=1e-5)


def test_errors_are_pythons(tmp_path):
    assert issubclass(joule.ArgumentError, ValueError)
    assert issubclass(joule.DataError, OSError)
    assert issubclass(joule.DeviceError, RuntimeError)
    assert issubclass(joule.NotFiniteError, ArithmeticError)
    with pytest.raises(joule.DataError, match="gone.safetensors"):
        joule.load(tmp_path / "gone.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    with pytest.raises(joule.DataError, match="bad.safetensors"):
        joule.load(tmp_path / "bad.safetensors")
    with pytest.raises(joule.ArgumentError, match="got 'none'"):
        joule.mse_loss(joule.Tensor(np.zeros(2, np.float32)), np.zeros(2, np.float32), reduction="none")


def test_load_state_changes_nothing_if_it_fails(net, images):
    before = net.predict(images).numpy().copy()
    state = {name: np.zeros(value.shape, np.float32) for name, value in net.state().items()}
    del state[next(iter(state))]
    with pytest.raises(joule.ArgumentError):
        net.load_state(state)
    assert np.array_equal(net.predict(images).numpy(), before)


def test_a_copy_has_weights_of_its_own(net, images):
    copy = net.copy()
    before = net.predict(images).numpy().copy()
    assert np.array_equal(copy.predict(images).numpy(), before)
    copy.load_state({name: np.zeros(value.shape, np.float32) for name, value in copy.state().items()})
    assert np.array_equal(net.predict(images).numpy(), before)


def test_losses_are_their_formulas():
    rng = np.random.default_rng(4)
    logits, labels = rng.standard_normal((5, 3), dtype=np.float32), np.array([0, 2, 1, 1, 0], np.int32)
    log = logits.astype(float) - np.log(np.exp(logits.astype(float)).sum(1, keepdims=True))
    assert joule.cross_entropy(joule.Tensor(logits), labels).item() == pytest.approx(-log[np.arange(5), labels].mean(), rel=1e-6)
    counted = labels != 1
    assert joule.cross_entropy(joule.Tensor(logits), labels, ignore_index=1, reduction="sum").item() == pytest.approx(
        -log[np.arange(5), labels][counted].sum(), rel=1e-6)  # fmt: skip
    x, target = logits[:, 0].copy(), (labels > 0).astype(np.float32)
    assert joule.l1_loss(joule.Tensor(x), target).item() == pytest.approx(np.abs(x - target).mean(), rel=1e-6)
    assert joule.binary_cross_entropy_with_logits(joule.Tensor(x), target).item() == pytest.approx(
        np.mean(np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))), rel=1e-6)  # fmt: skip
    assert joule.argmax(joule.Tensor(logits)).numpy().tolist() == logits.argmax(1).tolist()
    with pytest.raises(joule.ArgumentError, match="label"):
        joule.cross_entropy(joule.Tensor(logits), np.full(5, 3, np.int32))


def test_the_penalty_is_its_formula(net, images):
    _, taps = net.forward_with_taps(images, sigma=1e-2)
    expected = np.mean([np.mean(t.value.numpy() ** 2 / (t.value.numpy() ** 2 + 1e-2)) for t in taps])
    assert [tap.layer for tap in taps] == [tap.layer for tap in net.forward_with_taps(images)[1]]
    assert joule.l0_penalty(taps, lam=0.5, sigma=1e-2).item() == pytest.approx(0.5 * expected, rel=1e-4)
    assert taps[0].density() == pytest.approx(np.mean(taps[0].value.numpy() != 0), abs=1e-9)
