# SPDX-License-Identifier: MIT
"""measure() and profile(): with a recorded meter, and without one."""

import json

import joule
import numpy as np
import pytest

NET = dict(input="28x28x1", classes=10, batch=4, steps=2, warmup=1, idle=0)


def test_measures_what_the_meter_counted(trace):
    with joule.measure(trace(3)) as cost:
        pass
    assert cost.energy.value == 3
    assert cost.energy.quality == "measured"
    low, high = cost.energy.interval
    assert low < 3 < high
    assert "3 J +- " in str(cost.energy)
    assert cost.dynamic.quality == "unavailable"
    assert cost.seconds > 0
    assert "3 J" in cost._repr_html_()


def test_a_stated_idle_power_makes_modelled_energy(trace):
    with joule.measure(trace(3), idle_power=1) as cost:
        pass
    assert (cost.idle.value, cost.idle.quality) == (2, "modelled")
    assert cost.dynamic.value == 1
    with pytest.raises(joule.ArgumentError, match="say one of them"):
        joule.measure(trace(3), idle=1, idle_power=1)


def test_without_a_meter_there_is_no_energy_but_work(net, images):
    with joule.measure("none") as cost:
        net.predict(images)
        sum(range(1000))
    assert not cost.energy.available
    assert cost.energy.reason
    with pytest.raises(joule.ArgumentError, match="unavailable"):
        float(cost.energy)
    assert cost.macs > 0
    assert {line["layer"] for line in cost.work} >= {"conv1", "conv2"}
    assert cost.macs >= cost.macs_skippable >= cost.macs_skipped


def test_the_work_of_an_inner_block_is_also_the_outer_ones(net, images):
    with joule.measure("none") as outer:
        with joule.measure("none") as inner:
            net.predict(images)
        net.predict(images)
    assert inner.macs > 0
    assert outer.macs == 2 * inner.macs
    net.predict(images)
    assert outer.macs == 2 * inner.macs  # it has ended


def test_a_block_belongs_to_its_thread(net, images):
    import threading

    cost = joule.measure("none").__enter__()
    raised = []

    def end():
        try:
            cost.__exit__(None, None, None)
        except joule.ArgumentError as error:
            raised.append(str(error))

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()
    assert raised == ["measure: the block ended on another thread"]
    net.predict(images)  # still counted
    cost.__exit__(None, None, None)
    assert cost.macs > 0


def test_blocks_end_in_their_order():
    outer = joule.measure("none").__enter__()
    inner = joule.measure("none").__enter__()
    with pytest.raises(joule.ArgumentError, match="a block inside of this one has not ended"):
        outer.__exit__(None, None, None)
    inner.__exit__(None, None, None)
    outer.__exit__(None, None, None)
    assert outer.seconds >= inner.seconds


def test_dense_passes_skipping_over(run_folder):
    net, (_, test) = joule.load(run_folder), joule.load_data("synthetic")
    images = next(iter(joule.DataLoader(test, batch=64)))[0]
    with joule.measure("none") as usual:
        net.predict(images)
    with joule.dense(), joule.measure("none") as dense:
        net.predict(images)
    assert dense.macs == usual.macs
    assert dense.macs_skipped == 0
    with joule.measure("none") as after:
        net.predict(images)
    assert after.macs_skipped == usual.macs_skipped


def test_figures_are_there_only_behind_the_block():
    cost = joule.measure("none")
    with pytest.raises(joule.ArgumentError, match="has not ended"):
        _ = cost.energy
    with pytest.raises(LookupError):
        with cost:
            raise LookupError
    assert cost.seconds > 0
    with pytest.raises(joule.ArgumentError, match="begun already"):
        with cost:
            pass
    with pytest.raises(joule.ArgumentError, match="meter"):
        joule.measure("sundial")


def test_the_meters_say_why_they_cannot_be_read():
    (none,) = joule.meters("none")
    assert none["status"] == "off"
    assert all(meter["status"] == "ok" or meter["reason"] for meter in joule.meters())


def test_profiles_a_net_by_name_without_a_meter():
    found = joule.profile("lenet5", meter="none", **NET)
    assert found.report["mode"] == "forward"
    layers = [line["layer"] for line in found]
    assert layers[0] == "conv1"
    assert all(line["modelled_joules"] > 0 for line in found if line["macs"])
    assert all(line["attributed_joules"] is None and line["attributed_reason"] for line in found)
    assert "unavailable" in found._repr_html_()


def test_profiles_training_and_other_rules():
    found = joule.profile("lenet5", meter="none", train=True, **NET)
    assert {line["phase"] for line in found} == {"forward", "backward", "update"}
    assert joule.profile("lenet5", meter="none", attribute="regression", **NET).report["mode"] == "layers"
    with pytest.raises(joule.ArgumentError, match="all alike"):
        joule.profile("lenet5", meter="none", attribute="regression", train=True, **NET)


def test_shares_out_what_a_meter_counted(trace):
    found = joule.profile("lenet5", meter=trace(3, 1), attribute="model", **NET)  # a window per step
    assert (found.energy.value, found.dynamic.quality, found.seconds) == (4, "unavailable", 4)
    assert found.report["unattributed"]["value"] == 4  # nothing is shared out: the idle power is not known
    assert all(line["attributed_joules"] is None and "idle" in line["attributed_reason"] for line in found)
    assert [(w["what"], w["ticks"]) for w in found.report["windows"]] == [("step", 3_000_000), ("step", 1_000_000)]


def test_a_recording_of_another_run_is_refused(tmp_path):
    head = {"joule_trace": 1, "meter": "rapl", "scope": "package 0", "joules_per_tick": 1e-6, "systematic": 0.0,
            "update_period_s": 0.001, "ran": "training, 2 steps of 4 images"}  # fmt: skip
    readings = [{"ns": 2_000_000_000 * i, "ticks": 1_000_000 * i} for i in range(3)]
    path = tmp_path / "training.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in [head, *readings]))
    with pytest.raises(joule.ArgumentError, match="'training, 2 steps of 4 images' was run, and these options run 'forward, "):
        joule.profile("lenet5", meter=f"replay:{path}", **NET)
    assert joule.profile("lenet5", meter=f"replay:{path}", train=True, **NET).energy.value == 2


def test_a_net_stays_what_it_is(net, images):
    before = net.predict(images).numpy().copy()
    found = joule.profile(net, meter="none", train=True, batch=4, steps=2, warmup=0, idle=0)
    assert found.report["model"] == "lenet5"
    assert np.array_equal(net.predict(images).numpy(), before)
    with pytest.raises(joule.ArgumentError, match="the net's own"):
        joule.profile(net, meter="none", input="28x28x1")


def test_a_run_is_profiled_on_its_images(run_folder):
    assert joule.profile(run_folder, meter="none", batch=8, steps=1, warmup=0, idle=0).report["data"] == "synthetic"


@pytest.mark.parametrize(("wrong", "message"), [(dict(batch=0), "batch"), (dict(steps=0), "steps"), (dict(warmup=-1), "warmup"),
                                                (dict(attribute="guess"), "attribute: expected one of time, model, regression"),
                                                (dict(idle=-1), "idle")])  # fmt: skip
def test_options_of_profile_are_checked(wrong, message):
    with pytest.raises(joule.ArgumentError, match=message):
        joule.profile("lenet5", meter="none", **{**NET, **wrong})


def test_a_net_that_is_not_there():
    with pytest.raises(joule.DataError, match="lenet5"):
        joule.profile("lenet", meter="none", **NET)


def test_a_profile_as_a_frame():
    pytest.importorskip("pandas")
    frame = joule.profile("lenet5", meter="none", **NET).frame()
    assert frame["macs"].sum() > 0


def test_frames_need_pandas(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        joule.profile("lenet5", meter="none", **NET).frame()


def test_text_of_figures_is_escaped():
    figure = joule.Figure(None, "J", None, "unavailable", "a<b", "it's & so")
    assert figure._repr_html_() == "unavailable (a&lt;b: it&#x27;s &amp; so)"
    assert str(joule.Figure(0.00195, "J", 0.00065, "modelled", "horowitz45", None)) == "1.95 mJ +- 650 uJ (modelled, horowitz45)"
