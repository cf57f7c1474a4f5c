# SPDX-License-Identifier: MIT
"""The package as a whole: its names, its stubs, its notebooks."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import joule
import pytest
from joule import _core

NOTEBOOKS = sorted((Path(__file__).parents[3] / "python" / "notebooks").glob("*.ipynb"))


def test_every_name_that_is_promised_is_there():
    assert sorted(joule.__all__) == joule.__all__
    for name in joule.__all__:
        assert getattr(joule, name) is not None
        assert name == "__version__" or getattr(joule, name).__doc__, f"{name} has no docstring"


def test_the_stubs_have_every_name_of_the_module():
    stub = Path(_core.__file__).with_name("_core.pyi")
    if not stub.exists():
        pytest.fail(f"{stub} was not made")
    tree = ast.parse(stub.read_text())
    stated = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    here = {name for name in vars(_core) if not name.startswith("_")}
    assert here - stated == set()
    tensor = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Tensor")
    assert {"numpy", "backward", "reshape"} <= {node.name for node in tensor.body if isinstance(node, ast.FunctionDef)}
    assert Path(joule.__file__).with_name("py.typed").exists()


def test_the_manual_runs_from_its_beginning_to_its_end(tmp_path):
    manual = (Path(__file__).parents[3] / "docs" / "python.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", manual, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 4
    done = subprocess.run([sys.executable, "-c", "".join(blocks)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_three_notebooks():
    assert [path.stem for path in NOTEBOOKS] == ["eat", "onnx_joules", "sparse_dense"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_cells_of_a_notebook_run(notebook, tmp_path):
    """One after the other, in a Python of their own: no Jupyter is needed for that."""
    book = json.loads(notebook.read_text())
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    assert all(cell["outputs"] == [] for cell in book["cells"] if cell["cell_type"] == "code"), "outputs are not committed"
    code = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    if "import onnx" in "".join(code):
        pytest.importorskip("onnx")
    if "pandas" in "".join(code) or ".frame()" in "".join(code):
        pytest.importorskip("pandas")
    script = tmp_path / "cells.py"
    script.write_text("\n\n".join(code) + "\n")
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
    if notebook.stem == "eat":
        assert len(code) <= 10


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_in_jupyter(notebook, tmp_path):
    nbclient = pytest.importorskip("nbclient", reason="pip install nbclient ipykernel")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel", reason="pip install ipykernel")
    pytest.importorskip("pandas")
    if notebook.stem == "onnx_joules":
        pytest.importorskip("onnx")
    book = nbformat.read(notebook, as_version=4)
    nbformat.validate(book)
    nbclient.NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("text/html" in output.get("data", {}) for output in shown)
