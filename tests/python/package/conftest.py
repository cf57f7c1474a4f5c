# SPDX-License-Identifier: MIT
import json

import joule
import pytest


@pytest.fixture
def images():
    """Eight images of LeNet's size."""
    np = pytest.importorskip("numpy")
    return np.random.default_rng(1).standard_normal((8, 28, 28, 1), dtype=np.float32)


@pytest.fixture
def net():
    return joule.model("lenet5", seed=1)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """Of a finished run of two epochs."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    joule.train(folder, data="synthetic", model="lenet5", limit=200, epochs=2, batch=50, l0_lambda=0.1)
    return folder


@pytest.fixture
def trace(tmp_path):
    """A selection for meters: trace(3, 1) is a meter that counts 3 J from its first reading to its second, 2 s later, and then 1 J."""
    head = {"joule_trace": 1, "meter": "rapl", "scope": "package 0", "joules_per_tick": 1e-6, "systematic": 0.0,
            "update_period_s": 0.001}  # fmt: skip

    def write(*joules):
        lines = [head, {"ns": 100, "ticks": 5}]
        for energy in joules:
            lines.append({"ns": lines[-1]["ns"] + 2_000_000_000, "ticks": lines[-1]["ticks"] + round(1e6 * energy)})
        path = tmp_path / "trace.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return f"replay:{path}"

    return write
