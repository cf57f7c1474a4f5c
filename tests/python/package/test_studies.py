# SPDX-License-Identifier: MIT
"""Studies: their exports as dicts and frames."""

import os
import subprocess

import joule
import pytest

CSV = 'number,state,seed,host,"energy [J, measured]",energy unavailable,note\r\n' \
      '0,done,12345678901234567890,a1,2.5,,"two\r\nlines"\r\n1,done,7,b,,no meter,\r\n'  # fmt: skip


def test_reads_an_export(tmp_path):
    (tmp_path / "trials.csv").write_text(CSV, newline="")
    study = joule.read_study(tmp_path / "trials.csv")
    assert [trial["number"] for trial in study] == [0, 1]
    assert study[0]["seed"] == 12345678901234567890
    assert study[0]["energy [J, measured]"] == 2.5
    assert (study[1]["energy [J, measured]"], study[1]["energy unavailable"]) == (None, "no meter")
    assert study[0]["host"] == "a1"
    assert study[0]["note"].split() == ["two", "lines"]
    assert "<td>2.5</td>" in study._repr_html_()


@pytest.mark.parametrize(("text", "message"), [("", "no export"), ("a,b\n1,2\n", "no column 'state'"),
                                               ("number,state\n1\n", "trial 1 has 1 cells, the head has 2")])  # fmt: skip
def test_refuses_other_files(tmp_path, text, message):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(joule.DataError, match=message):
        joule.read_study(path)
    with pytest.raises(joule.DataError, match="there is no such file"):
        joule.read_study(tmp_path / "gone.csv")


def test_without_the_program_a_folder_cannot_be_exported(tmp_path, monkeypatch):
    monkeypatch.delenv("JOULE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(joule.DataError, match="joule study export"):
        joule.read_study(tmp_path)


def test_reads_a_studys_folder_by_the_program(tmp_path):
    program = os.environ.get("JOULE", "")
    if not os.access(program, os.X_OK):
        pytest.skip("there is no program joule in this build")
    with pytest.raises(joule.DataError, match=str(tmp_path)):
        joule.read_study(tmp_path)  # which holds none
    folder = tmp_path / "eat"
    subprocess.run([program, "study", "eat", "--data", "synthetic", "--model", "lenet5", "--limit", "100", "--epochs", "1",
                    "--lambda", "1", "--sigma", "1e-4", "--seeds", "1", "--out", str(folder)], check=True, capture_output=True)  # fmt: skip
    study = joule.read_study(folder)
    assert {trial["state"] for trial in study} == {"complete"}
