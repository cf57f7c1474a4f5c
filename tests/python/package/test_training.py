# SPDX-License-Identifier: MIT
"""Training: step by step, over a loader, into a folder; and Ctrl-C in the middle of it."""

import os
import signal
import threading

import joule
import numpy as np
import pytest


@pytest.fixture(scope="module")
def data():
    return joule.load_data("synthetic")


@pytest.mark.parametrize("optimizer", [joule.Sgd, joule.Adam, joule.AdamW])
def test_a_step_lowers_the_loss_of_its_batch(data, optimizer):
    images, labels = next(iter(joule.DataLoader(data[0], batch=64)))
    net = joule.model("lenet5", dataset=data[0], seed=1)
    step = joule.TrainingStep(net, optimizer(net, lr=1e-3), l0_lambda=0.1)
    results = [step(images, labels) for _ in range(5)]
    assert results[-1].loss < results[0].loss
    assert results[0].penalty > 0
    assert all(0 < density < 1 for density in results[0].density.values())


def test_the_step_is_the_loop_by_hand(data):
    images, labels = next(iter(joule.DataLoader(data[0], batch=32)))
    one, two = joule.model("lenet5", dataset=data[0], seed=1), joule.model("lenet5", dataset=data[0], seed=1)
    result = joule.TrainingStep(one, joule.Sgd(one, lr=0.1, momentum=0.9), l0_lambda=0.2, l0_cutoff=0)(images, labels)
    optimizer = joule.Sgd(two, lr=0.1, momentum=0.9)
    logits, taps = two.forward_with_taps(images, sigma=1e-4)
    loss = joule.cross_entropy(logits, labels)
    penalty = joule.l0_penalty(taps, lam=0.2, sigma=1e-4)
    (loss + penalty).backward()
    optimizer.step()
    assert (result.loss, result.penalty) == (loss.item(), penalty.item())
    for name, value in one.parameters().items():
        assert np.array_equal(value.numpy(), two.parameters()[name].numpy()), name


def test_arrays_train_as_the_loaders_tensors_do(data):
    images, labels = next(iter(joule.DataLoader(data[0], batch=32)))
    nets = [joule.model("lenet5", dataset=data[0], seed=1) for _ in range(2)]
    joule.TrainingStep(nets[0], joule.Sgd(nets[0]))(images, labels)
    joule.TrainingStep(nets[1], joule.Sgd(nets[1]))(images.numpy().copy(), labels.numpy().copy())
    for name, value in nets[0].parameters().items():
        assert np.array_equal(value.numpy(), nets[1].parameters()[name].numpy()), name


def test_a_loaded_net_is_put_into_training_mode(run_folder, data):
    net = joule.load(run_folder)
    assert not net.training
    joule.TrainingStep(net, joule.Sgd(net))(*next(iter(joule.DataLoader(data[0], batch=8))))
    assert net.training


def test_a_loss_that_is_no_number_changes_no_weight(net, images):
    before = {name: value.numpy().copy() for name, value in net.parameters().items()}
    images[0, 0, 0, 0] = np.nan
    with pytest.raises(joule.NotFiniteError, match="no weight has changed"):
        joule.TrainingStep(net, joule.Sgd(net))(images, np.zeros(8, np.int32))
    for name, value in net.parameters().items():
        assert np.array_equal(value.numpy(), before[name]), name


def test_options_are_checked(net):
    with pytest.raises(joule.ArgumentError, match="l0"):
        joule.TrainingStep(net, joule.Sgd(net), l0_lambda=-1)
    with pytest.raises(joule.ArgumentError, match="lr"):
        joule.Sgd(net, lr=-1)
    step = joule.TrainingStep(net, joule.Sgd(net))
    with pytest.raises(joule.ArgumentError, match="l0"):
        step.l0_lambda = float("nan")
    assert step.l0_lambda == 0
    step.l0_lambda = 0.2
    assert step.l0_lambda == 0.2
    weighted = joule.TrainingStep(net, joule.Sgd(net), l0_weights="macs")
    with pytest.raises(joule.ArgumentError, match="begin with one above 0"):
        weighted.l0_lambda = 0.2


def test_the_loader_gives_each_epoch_its_order(data):
    train, test = data
    assert (len(train), len(test), train.image_shape) == (2000, 500, (28, 28, 1))
    loader = joule.DataLoader(train.take(100), batch=30)
    assert len(loader) == 4
    first = [labels.numpy().copy() for _, labels in loader]
    assert [len(labels) for labels in first] == [30, 30, 30, 10]
    again = [labels.numpy().copy() for _, labels in loader]
    assert all(np.array_equal(a, b) for a, b in zip(first, again))
    running = iter(loader)
    next(running)
    loader.set_epoch(1)  # which does not disturb the pass under way
    assert np.array_equal(next(running)[1].numpy(), first[1])
    assert not np.array_equal(next(iter(loader))[1].numpy(), first[0])
    with pytest.raises(joule.ArgumentError, match="augment"):
        joule.DataLoader(train, augment="turn")
    with pytest.raises(joule.ArgumentError):
        joule.load_data("no-such-set")


def test_evaluate_counts(run_folder, data):
    found = joule.evaluate(joule.load(run_folder), data[1])
    assert found["images"] == 500
    assert found["accuracy"] > 0.5
    assert sum(line["macs_skippable"] for line in found["lines"]) > 0
    assert "accuracy" in found._repr_html_()


def test_a_run_can_be_read(run_folder):
    run = joule.read_run(run_folder)
    assert run.finished
    assert [epoch["epoch"] for epoch in run.epochs] == [1, 2]
    assert run.config["l0_lambda"] == 0.1
    assert run.energy.quality == "unavailable"
    with pytest.raises(joule.ArgumentError, match="unavailable"):
        float(run.energy)
    assert run.net().name == "lenet5"
    assert "<table>" in run._repr_html_()


def test_a_run_as_a_frame(run_folder):
    pandas = pytest.importorskip("pandas")
    frame = joule.read_run(run_folder).frame()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["epoch"].tolist() == [1, 2]
    assert (frame["training_modelled_horowitz45_joules"] > 0).all()
    assert frame["training_gross_joules"].isna().all()
    assert set(frame["training_gross_quality"]) == {"unavailable"}


def test_a_folder_without_a_run(tmp_path, run_folder):
    with pytest.raises(joule.DataError, match="config.json: there is no such file"):
        joule.read_run(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(joule.DataError, match="is not JSON"):
        joule.read_run(tmp_path)
    with pytest.raises(joule.ArgumentError):  # there is a run already
        joule.train(run_folder, data="synthetic", model="lenet5")


def test_training_tells_its_epochs_and_refuses_unknown_options(tmp_path):
    told = []
    joule.train(tmp_path / "a", data="synthetic", model="lenet5", limit=100, epochs=2, on_epoch=told.append)
    assert [epoch["epoch"] for epoch in told] == [1, 2]
    with pytest.raises(joule.DataError, match="epoch"):
        joule.train(tmp_path / "b", data="synthetic", epoch=2)
    with pytest.raises(joule.ArgumentError, match="neither number, text nor truth value"):
        joule.train(tmp_path / "b", data=object())

    def refuse(epoch):
        raise LookupError(epoch["epoch"])

    with pytest.raises(LookupError, match="1"):
        joule.train(tmp_path / "c", data="synthetic", model="lenet5", limit=100, epochs=9, on_epoch=refuse)


def test_ctrl_c_stops_a_run_which_then_resumes(tmp_path):
    options = dict(data="synthetic", model="lenet5", limit=200, epochs=40, batch=50)

    def interrupt(epoch):
        if epoch["epoch"] == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        joule.train(tmp_path / "run", on_epoch=interrupt, **options)
    run = joule.read_run(tmp_path / "run")
    assert not run.finished
    assert 2 <= len(run.epochs) < 40
    with pytest.raises(joule.ArgumentError, match="not finished"):
        _ = run.energy
    assert joule.train(tmp_path / "run", existing="resume", **options).finished


def test_ctrl_c_stops_predict(net):
    many = np.zeros((20000, 28, 28, 1), np.float32)
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        for _ in range(100):
            net.predict(many)


def test_other_threads_run_meanwhile(net):
    """The interpreter's lock is free while operations run."""
    many = np.zeros((4000, 28, 28, 1), np.float32)
    counted, done = 0, threading.Event()
    worker = threading.Thread(target=lambda: (net.predict(many), done.set()))
    worker.start()
    while not done.is_set():
        counted += 1
        done.wait(0.001)
    worker.join()
    assert counted > 3


def test_arrays_are_a_data_set():
    random = np.random.default_rng(3)
    kinds = random.integers(0, 3, 90, dtype=np.int32)
    signals = (random.normal(size=(90, 1, 8, 2)) * [0.3, 30] + kinds[:, None, None, None]).astype(np.float32)
    train = joule.Dataset(signals[:60], kinds[:60], name="sensors")
    test = joule.Dataset(signals[60:], kinds[60:], name="sensors", like=train)
    assert (len(train), train.image_shape, train.class_names) == (60, (1, 8, 2), ["0", "1", "2"])
    assert np.allclose(train.mean, signals[:60].mean((0, 1, 2)), rtol=1e-5)
    assert np.allclose(train.deviation, signals[:60].std((0, 1, 2)), rtol=1e-5)
    assert (test.mean, test.deviation) == (train.mean, train.deviation)
    images, labels = next(iter(joule.DataLoader(test, batch=30, shuffle=False)))
    assert np.allclose(images.numpy(), (signals[60:] - train.mean) / np.array(train.deviation), atol=1e-5)
    assert np.array_equal(labels.numpy(), kinds[60:])


def test_bytes_are_a_data_set_as_the_built_in_ones():
    pixels = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4, 1)
    data = joule.Dataset(pixels, np.array([1, 0], np.int32), class_names=["cat", "dog"])
    assert np.allclose(data.mean, pixels.mean() / 255)
    images, _ = next(iter(joule.DataLoader(data, batch=2, shuffle=False)))
    assert np.allclose(images.numpy(), (pixels / 255 - data.mean) / np.array(data.deviation), atol=1e-5)
    for wrong, why in [((pixels[0], np.zeros(4, np.int32)), "3 dimensions"), ((pixels, np.zeros(2, np.float32)), "got f32"),
                       ((pixels, np.zeros(3, np.int32)), "3 labels for 2 images"), ((pixels.astype(int), np.zeros(2, np.int32)), "float32"),
                       ((pixels.astype(np.float32) / 0, np.zeros(2, np.int32)), "finite")]:  # fmt: skip
        with np.errstate(all="ignore"), pytest.raises(joule.ArgumentError, match=why):
            joule.Dataset(*wrong)
