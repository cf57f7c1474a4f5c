#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""benchmarks/gpu.sh from end to end, with stand-ins for the GPU, the programs, the wheels and PyTorch."""

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks/gpu.sh"
PROGRAMS = ["kernels_tests", "core_tests", "layers_tests", "optim_tests", "cuda_tests"]

# Each writes its name, what it was given and where it looks for libraries into $LOG, one line a call.
LOG = 'echo "$(basename "$0") $* | $LD_LIBRARY_PATH | ${GTEST_SHARD_INDEX:-}" >>"$LOG"\n'
NVIDIA_SMI = """case $* in
  -L) echo "GPU 0: Stand-in" ;;
  *--query-gpu=name\\ *) echo "NVIDIA Stand-In 9000 (80 GB)" ;;
  *) echo "name, driver_version" ;;
esac
"""
JSON_OPTION = """file=
while (($#)); do [[ $1 != --json ]] || file=$2; shift; done
"""
JOULE = f'case $1 in info) echo "an info"; exit ;; esac\n{JSON_OPTION}echo "{{}}" >"$file"; exit "${{TRAIN_STATUS:-0}}"\n'
ROWS = f"""if [[ ${{MISSING:-}} ]]; then echo "cuda_rows: no cudnn" >&2; exit 3; fi
{JSON_OPTION}echo '{{"complete": false}}' >"$file"
if [[ ${{HANGS:-}} ]]; then exec sleep 60; fi
echo '{{"complete": true}}' >"$file"
"""
TESTS = """if [[ $* == *--gtest_list_tests* ]]; then
  suite=${!#}; suite=${suite#*=\\*}; [[ ${suite%%.*} == "${NO_SUITE:-}" ]] || printf 'S.\\n  Works\\n'
elif [[ $(basename "$0") == "${BROKEN:-}" ]]; then echo "it broke"; exit 1
fi
"""
SANITIZER = """while [[ $1 == --* ]]; do case $1 in --tool | --error-exitcode) shift ;; esac; shift; done
exec "$@"
"""


class Rehearsal(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)
        self.results = self.folder / "results"
        self.log = self.folder / "log"
        self.build = self.folder / "build"
        for name, body in (("nvidia-smi", NVIDIA_SMI), ("compute-sanitizer", LOG + SANITIZER)):
            self.program(self.folder / "bin" / name, body)
        self.program(self.build / "cli/joule", LOG + JOULE)
        self.program(self.build / "benchmarks/cuda_rows", LOG + ROWS)
        for name in PROGRAMS:
            self.program(self.build / "tests" / name, LOG + TESTS)
        site = self.folder / "site"
        self.wheels = [site / "nvidia/cudnn/lib", site / "nvidia/cu13/lib"]
        for folder, library in zip(self.wheels, ("libcudnn.so.9", "libcublas.so.13"), strict=True):
            folder.mkdir(parents=True)
            (folder / library).touch()
        self.torch(available=True)

    def program(self, path, body):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/usr/bin/env bash\n" + body)
        path.chmod(0o755)

    def torch(self, available):
        package = self.folder / "site/torch"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text(f"class cuda:\n    is_available = staticmethod(lambda: {available})\n")

    def run_script(self, *arguments, script=SCRIPT, **variables):
        self.log.write_text("")
        environment = {key: value for key, value in os.environ.items() if key not in ("LD_LIBRARY_PATH", "OMP_NUM_THREADS")}
        environment |= {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder / "site"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "RESULTS": str(self.results),
            "LOG": str(self.log),
        }
        return subprocess.run(
            [script, *map(str, arguments)], env=environment | variables, cwd=self.folder, capture_output=True, text=True
        )

    def calls(self, name):
        return [line for line in self.log.read_text().splitlines() if line.startswith(name + " ")]

    def names(self):
        """The results, without their date."""
        return sorted(re.sub(r"^\d{4}-\d\d-\d\d-", "", file.name) for file in self.results.iterdir())


class OnAMachineWithAGpu(Rehearsal):
    def test_the_benchmarks_run_beside_all_peers(self):
        done = self.run_script("bench", self.build)
        self.assertEqual(done.returncode, 0, done.stderr)
        trainings = ["train-resnet18-tf32.json", "train-small-cnn-bf16.json", "train-small-cnn-f32.json"]
        self.assertEqual(self.names(), ["info.txt", "machine.csv", "rows.json", *trainings])
        (rows,) = self.calls("cuda_rows")
        self.assertIn("--expect cublas,cudnn ", rows)
        # Its peers' folders, and no other: PyTorch must find its own libstdc++.
        self.assertEqual(rows.split(" | ")[1], ":".join(map(str, self.wheels)))
        self.assertEqual([line.split()[1:3] for line in self.calls("joule")[1:]], [["bench", "train"]] * 3)
        for line in self.calls("joule")[1:]:
            self.assertIn(f"--torch-peer {ROOT}/benchmarks/torch_peer.py", line)

    def test_a_library_that_is_missing_ends_it_before_anything_is_timed(self):
        done = self.run_script("bench", self.build, MISSING="1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("expected rows are not there", done.stderr)
        self.assertEqual(len(self.calls("joule")), 1, "info alone")
        self.torch(available=False)
        done = self.run_script("bench", self.build)
        self.assertEqual(done.returncode, 1)
        self.assertIn("PyTorch with CUDA was expected", done.stderr)
        self.assertEqual(self.calls("cuda_rows"), [])

    def test_it_goes_on_without_what_it_is_told_to(self):
        self.torch(available=False)
        done = self.run_script("bench", "--without", "torch,cudnn", self.build)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--expect cublas ", self.calls("cuda_rows")[0])
        self.assertNotIn("torch_peer", self.log.read_text())

    def test_a_benchmark_that_fails_is_named(self):
        done = self.run_script("bench", self.build, TRAIN_STATUS="1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("failed: train-small-cnn-f32 train-small-cnn-bf16 train-resnet18-tf32\n", done.stderr)

    def test_what_is_known_at_the_limit_of_time_is_kept(self):
        done = self.run_script("bench", "--seconds", 7, "--without", "torch", self.build, HANGS="1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("not finished in time: rows train-small-cnn-f32", done.stderr)
        (rows,) = self.results.glob("*-rows.json")
        self.assertEqual(rows.read_text(), '{"complete": false}\n')

    def test_the_tests_run_in_shards_and_under_the_sanitizer(self):
        done = self.run_script("test", self.build)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.names(), ["info.txt", "machine.csv", "tests.txt"])
        for name in PROGRAMS:
            self.assertTrue(any(line.startswith(f"{name} --gtest_brief=1 |") for line in self.calls(name)), name)
        checked = " ".join(self.calls("compute-sanitizer"))
        suites = set(re.findall(r"--gtest_filter=\*(\w+)\.", checked))
        self.assertEqual(suites, {"Relu", "SoftmaxCrossEntropy", "Update", "Conv2d", "Conv2dZeros", "Conv2dDeterminism"})
        self.assertEqual(set(re.findall(r"--tool (\w+)", checked)), {"memcheck", "racecheck"})
        sources = " ".join(file.read_text() for file in (ROOT / "tests/kernels").rglob("*_test.cpp"))
        for suite in suites:
            self.assertRegex(sources, rf"TEST(_\w)?\({suite},|TYPED_TEST\(\w*{suite},", "the suite of the sanitizer")

    def test_a_test_that_fails_is_named_and_its_output_kept(self):
        done = self.run_script("test", self.build, BROKEN="layers_tests")
        self.assertEqual(done.returncode, 1)
        self.assertIn("failed: layers_tests\n", done.stderr)
        self.assertIn("it broke", done.stderr)
        self.assertIn("layers_tests-0.log", self.names())
        self.assertRegex((next(self.results.glob("*-tests.txt"))).read_text(), "kernels_tests: status 0 .*\n.*\nlayers_tests: status 1 ")

    def test_a_filter_that_matches_nothing_is_an_error(self):
        done = self.run_script("test", self.build, NO_SUITE="Conv2dZeros")
        self.assertEqual(done.returncode, 1)
        self.assertIn("kernels_tests has no suite Conv2dZeros", done.stderr)

    def test_bad_usage(self):
        for arguments, text in (
            ([], "expected bench, test or pack, got ''"),
            (["bench", "--without", "cufft"], "--without: expected cublas, cudnn or torch, got 'cufft'"),
            (["bench", "--seconds"], "--seconds: expected a value"),
            (["test", "--seconds", "1.5"], "--seconds: expected a whole number from 1 to 999999, got '1.5'"),
            (["test", "--limit", "5"], "test has no option --limit"),
            (["bench", "a", "b"], "expected one BUILD, got 'a' and 'b'"),
        ):
            done = self.run_script(*arguments)
            self.assertEqual((done.returncode, done.stderr.splitlines()[-1]), (2, f"gpu.sh: {text}"))

    def test_without_a_gpu(self):
        self.program(self.folder / "bin/nvidia-smi", "exit 9\n")
        done = self.run_script("bench", self.build)
        self.assertEqual((done.returncode, done.stderr), (1, "gpu.sh: nvidia-smi finds no GPU here\n"))


@unittest.skipUnless(all(map(shutil.which, ("cc", "strip", "readelf", "xz", "tar"))), "needs cc, binutils, tar and xz")
class Pack(Rehearsal):
    """Of real programs, which need two libraries of their own, one of them through the other."""

    def setUp(self):
        super().setUp()
        self.library("inner", "int inner(void) { return 3; }")
        self.library("outer", "int inner(void); int outer(void) { return inner(); }", "-linner")
        self.main = self.folder / "main.c"
        self.main.write_text("int outer(void);\nint main(void) { return outer(); }\n")
        self.link("-louter")

    def library(self, name, source, *options, file=None):
        (self.folder / f"{name}.c").write_text(source)
        file = self.folder / (file or f"lib{name}.so")
        subprocess.run(
            ["cc", "-shared", "-fPIC", f"-Wl,-soname,{file.name}", "-o", file, self.folder / f"{name}.c", f"-L{self.folder}", *options],
            check=True,
        )

    def link(self, *options, path="$ORIGIN/../lib"):
        rpath = ["-Wl,--disable-new-dtags", f"-Wl,-rpath,{path}"] if path else []
        first = self.build / "cli/joule"
        subprocess.run(
            ["cc", "-o", first, self.main, f"-L{self.folder}", f"-Wl,-rpath-link,{self.folder}", *rpath, *options], check=True
        )
        for name in ("benchmarks/cuda_rows", *(f"tests/{name}" for name in PROGRAMS)):
            shutil.copy(first, self.build / name)

    def pack(self, *options):
        # Where the build machine has its libraries.
        return self.run_script("pack", *options, self.build, LD_LIBRARY_PATH=str(self.folder))

    def test_a_pack_runs_where_nothing_else_is(self):
        done = self.pack("--limit", 64)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"gpu\.tar\.xz: \d+\.\d MiB, unpacked \d+\.\d MiB")
        elsewhere = self.folder / "elsewhere"
        with tarfile.open(self.build / "gpu.tar.xz") as archive:
            archive.extractall(elsewhere, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(elsewhere)
        for library in self.folder.glob("*.so"):
            library.unlink()
        shutil.rmtree(self.build)
        libraries = sorted(file.name for file in (elsewhere / "gpu/lib").iterdir())
        self.assertEqual(libraries, ["libinner.so", "libouter.so"])
        for name in ("cli/joule", "tests/cuda_tests"):
            self.assertEqual(subprocess.run([elsewhere / "gpu" / name]).returncode, 3, "what inner() returns")
        # Its own script finds the programs beside it.
        self.program(elsewhere / "gpu/cli/joule", LOG + JOULE)
        self.program(elsewhere / "gpu/benchmarks/cuda_rows", LOG + ROWS)
        done = self.run_script("bench", script=elsewhere / "gpu/benchmarks/gpu.sh")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.calls("cuda_rows")), 1)

    def test_a_pack_over_the_limit_fails_and_names_the_largest(self):
        (self.folder / "noise.c").write_text("")
        noise = os.urandom(2 << 20)
        (self.folder / "noise.bin").write_bytes(noise)
        subprocess.run(["ld", "-r", "-b", "binary", "-o", "noise.o", "noise.bin"], cwd=self.folder, check=True)
        self.link("-louter", str(self.folder / "noise.o"))
        done = self.pack("--limit", 1)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"2\.\d MiB  (cli/joule|tests/)")
        self.assertRegex(done.stderr, r"has [\d.]+ MiB, more than --limit 1 MiB")

    def test_onednn_is_left_out_unless_it_is_asked_for(self):
        self.library("dnnl", "int dnnl(void) { return 0; }", file="libdnnl.so.2")
        self.link("-louter", "-Wl,--no-as-needed", str(self.folder / "libdnnl.so.2"))
        done = self.pack()
        self.assertEqual(done.returncode, 1)
        self.assertIn("cli/joule links oneDNN, which no CUDA row needs: configure with -DJOULE_ONEDNN=OFF, or add --onednn", done.stderr)
        self.assertEqual(self.pack("--onednn").returncode, 0)
        self.assertTrue((self.build / "gpu/lib/libdnnl.so.2").exists())

    def test_a_program_that_would_not_find_its_libraries_is_refused(self):
        self.link("-louter", path=None)
        done = self.pack()
        self.assertEqual(done.returncode, 1)
        self.assertIn("does not look for libraries in $ORIGIN/../lib", done.stderr)
        (self.build / "tests/optim_tests").unlink()
        self.link("-louter")
        (self.build / "tests/optim_tests").unlink()
        self.assertIn(f"there is no {self.build}/tests/optim_tests", self.pack().stderr)


if __name__ == "__main__":
    unittest.main()
