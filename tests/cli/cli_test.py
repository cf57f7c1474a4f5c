#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every sub-command of joule but train: what it prints and writes, and how it refuses bad input."""

import csv
import json
import os
import re
import resource
import shutil
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

JOULE = os.environ["JOULE"]
COMMANDS = ("train", "eval", "predict", "summary", "energy", "info", "demo", "meter", "bench", "profile", "tune", "evolve", "compare")
DATA = ["--data", "synthetic", "--limit", "120"]  # 12 of them are held back
NET = ["--model", "lenet5", "--epochs", "1", "--batch", "20"]


def joule(*arguments, **options):
    return subprocess.run([JOULE, *map(str, arguments)], capture_output=True, text=True, **options)


def read_header(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def write_safetensors(path, header, body):
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


class Program(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.run_folder = cls.folder / "run"
        done = joule("train", *DATA, *NET, "--out", cls.run_folder)
        assert done.returncode == 0, done.stderr
        cls.model = cls.run_folder / "model.safetensors"

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def output(self, *arguments, **options):
        done = joule(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def assert_refused(self, code, text, *arguments, **options):
        """One line on standard error, nothing on standard output, the exit code."""
        done = joule(*arguments, **options)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertRegex(done.stderr, r"\Ajoule: [^\n]+\n\Z")
        self.assertIn(text, done.stderr)

    def assert_train_refused(self, code, text, *arguments, **options):
        out = self.folder / "refused"
        shutil.rmtree(out, ignore_errors=True)
        self.assert_refused(code, text, "train", *DATA, *NET, "--out", out, *arguments, **options)
        left = sorted(path.name for path in out.iterdir()) if out.exists() else []
        self.assertIn(left, ([], ["config.json"]))

    # What the sub-commands do.

    def test_help_teaches_by_example(self):
        self.assertIn("--help", self.output("--help"))
        for command in COMMANDS:
            text = self.output(command, "--help")
            self.assertIn("Example", text)
            self.assertIn(f"joule {command}", text)

    def test_version(self):
        self.assertRegex(self.output("--version"), r"\A\d+\.\d+\.\d+\n\Z")

    def test_info(self):
        info = json.loads(self.output("info", "--json"))
        devices = {device["name"]: device for device in info["devices"]}
        self.assertTrue(devices["cpu"]["available"])
        self.assertNotEqual(devices["cuda"]["available"], "reason" in devices["cuda"])
        self.assertIn("synthetic", [data["name"] for data in info["data_sets"]])
        for op, rows in info["ops"].items():
            self.assertEqual(rows[-1]["name"], "reference", op)
        self.assertIn("conv2d_grad_weight", self.output("info"))

    def test_info_knows_every_kernel(self):
        ops = json.loads(self.output("info", "--json"))["ops"]
        kernels = Path(__file__).parents[2] / "kernels"
        names = set()  # of operations of one function, and of one of several
        for header in kernels.glob("*/*.h"):
            for text in re.findall(r"\bkName = ([^;]*);|\bkNames\[\] = \{([^}]*)\}", header.read_text()):
                names.update(re.findall(r'"(\w+)"', "".join(text)))
        self.assertLessEqual({"conv2d", "add", "gelu_grad", "log_softmax"}, names)
        self.assertLessEqual(names, set(ops))

    def test_summary(self):
        summary = json.loads(self.output("summary", "--json"))
        self.assertEqual((summary["parameters"], summary["macs"]), (896906, 27897216))
        conv2 = next(layer for layer in summary["layers"] if layer["layer"] == "conv2")
        # 82 of the 28 * 3 taps along an axis are inside the image.
        self.assertEqual((conv2["output"], conv2["macs"]), ([28, 28, 64], 82 * 82 * 32 * 64))
        resnet = json.loads(
            self.output("summary", "--model", "resnet18", "--input", "32x32x3", "--classes", "10", "--json")
        )
        self.assertEqual(resnet["parameters"], 11173962)
        self.assertEqual(sum(layer["parameters"] for layer in resnet["layers"]), 11173962)
        self.assertEqual(sum(layer["macs"] for layer in resnet["layers"]), resnet["macs"])
        self.assertIn("27,897,216", self.output("summary", "--model", "small-cnn"))

    def test_eval(self):
        result = json.loads(self.output("eval", "--model", self.run_folder, "--json"))
        self.assertEqual(result["test_images"], 500)
        self.assertEqual(sum(map(sum, result["confusion"])), 500)
        correct = sum(result["confusion"][k][k] for k in range(10))
        self.assertAlmostEqual(result["test_accuracy"], correct / 500)
        self.assertEqual(self.output("eval", "--model", self.model, "--json").split('"inference"')[0],
                         self.output("eval", "--model", self.run_folder, "--json").split('"inference"')[0])  # fmt: skip
        self.assertIn("50 images: accuracy", self.output("eval", "--model", self.run_folder, "--limit", "50"))

    def test_eval_is_what_training_saw(self):
        summary = json.loads((self.run_folder / "summary.json").read_text())
        result = json.loads(self.output("eval", "--model", self.run_folder, *DATA, "--json"))
        for key in ("test_accuracy", "test_loss", "relu_density", "relu_outputs_nonzero"):
            self.assertEqual(result[key], summary[key])

    def test_relu_threshold(self):
        saved = self.folder / "thresholded.safetensors"
        asked = ("eval", "--model", self.run_folder, *DATA, "--relu-threshold", "20%")
        result = json.loads(self.output(*asked, "--save-model", saved, "--json"))
        before = json.loads(self.output("eval", "--model", self.run_folder, *DATA, "--json"))
        chosen = result["relu_threshold"]
        self.assertEqual(list(chosen["thresholds"]), ["relu1", "relu2", "relu3", "relu4"])
        self.assertGreaterEqual(chosen["held_back_accuracy"], chosen["held_back_accuracy_without"] - 0.2)
        self.assertEqual(chosen["accuracy_without"], before["test_accuracy"])
        self.assertLess(result["relu_outputs_nonzero"], before["relu_outputs_nonzero"])
        self.assertEqual(chosen["held_back_images"], 12)
        # The file holds the thresholds, under a name of its own.
        again = json.loads(self.output("eval", "--model", saved, *DATA, "--json"))
        for key in ("test_accuracy", "test_loss", "relu_density"):
            self.assertEqual(again[key], result[key])
        self.assertEqual(read_header(saved)[0]["__metadata__"]["model"], "lenet5-thresholded")
        self.assertIn("without thresholds", self.output(*asked))
        # Several losses: each is what it is alone, and the table has a line for each.
        several = ("eval", "--model", self.run_folder, *DATA, "--relu-threshold", "0.5%,20%")
        front = json.loads(self.output(*several, "--json"))
        self.assertEqual(front["test_accuracy"], before["test_accuracy"])
        self.assertEqual([point["most_lost"] for point in front["relu_thresholds"]], [0.5, 20])
        last = front["relu_thresholds"][1]
        self.assertEqual({key: last[key] for key in chosen}, chosen)
        for key in ("test_accuracy", "test_loss", "relu_density"):
            self.assertEqual(last[key], result[key])
        self.assertRegex(self.output(*several), r"(?s)no thresholds .*\n0\.5% .*\n20% ")
        self.assert_refused(2, "--save-model: writes one net, so --relu-threshold takes one number with it, got 2",
                            *several, "--save-model", saved)  # fmt: skip
        self.assert_refused(2, "--relu-threshold", *asked[:-1], "1%%,2")
        self.assert_refused(2, "relu_threshold: what may be lost must not be negative, got -1", *asked[:-1], "-1")
        self.assert_refused(2, "is not the folder of a run", "eval", "--model", self.model, "--relu-threshold", "1")
        self.assert_refused(2, "--relu-threshold", "eval", "--model", self.run_folder, "--save-model", saved)

    def test_predict(self):
        out = self.folder / "predictions.csv"
        self.output("predict", "--model", self.model, "--limit", "30", "--out", out)
        with out.open() as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 30)
        for row in rows:
            logits = [float(row[f"logit{k}"]) for k in range(10)]
            self.assertEqual(int(row["predicted"]), logits.index(max(logits)))
            for logit in logits:  # nine digits hold a float32
                self.assertEqual(f"{struct.unpack('f', struct.pack('f', logit))[0]:.9g}", f"{logit:.9g}")
        result = json.loads(self.output("eval", "--model", self.model, "--limit", "30", "--json"))
        correct = sum(row["label"] == row["predicted"] for row in rows)
        self.assertEqual(correct, round(30 * result["test_accuracy"]))

    def test_logits_that_are_not_finite(self):
        """Not an accuracy, wherever the NaN is."""
        bad = self.folder / "nan.safetensors"
        header, body = read_header(self.model)
        at = header["linear3.bias"]["data_offsets"][0]
        for label in (0, 4):
            write_safetensors(bad, header, body[: at + 4 * label] + struct.pack("<f", float("nan")) + body[at + 4 * label + 4 :])
            text = "evaluate: 100 of 100 images of synthetic have logits that are not finite; the net's linear3.bias holds"
            self.assert_refused(1, text, "eval", "--model", bad, "--limit", "100")
            out = self.folder / "nan.csv"
            self.assert_refused(1, text, "predict", "--model", bad, "--limit", "100", "--out", out)
            self.assertFalse(out.exists())

    def test_forced_implementation(self):
        forced = {**os.environ, "JOULE_FORCE": "conv2d:reference"}
        result = json.loads(self.output("eval", "--model", self.model, *DATA, "--json", env=forced))
        used = {line["implementation"] for line in result["inference"]["lines"] if line["op"] == "conv2d"}
        self.assertEqual(used, {"reference"})
        wrong = {**os.environ, "JOULE_FORCE": "conv2d:warp"}
        self.assert_refused(2, "no implementation named warp", "eval", "--model", self.model, env=wrong)
        for text in ("conv2d", "conv2d:", ":reference"):
            bad = {**os.environ, "JOULE_FORCE": text}
            self.assert_refused(2, f"JOULE_FORCE: expected op:implementation[,op:implementation...], got '{text}'",
                                "eval", "--model", self.model, env=bad)  # fmt: skip

    def losses(self, threads, **environment):
        """Of a training, epoch by epoch."""
        out = self.folder / "losses"
        done = joule("train", "--data", "synthetic", "--limit", 320, "--epochs", 2, "--batch", 64, "--threads", threads,
                     "--overwrite", "--out", out, env={**os.environ, **environment})  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line)["train_loss"] for line in (out / "metrics.jsonl").read_text().splitlines()]

    def test_fewer_threads_than_asked_for_compute_the_same(self):
        self.assertEqual(self.losses(2, OMP_THREAD_LIMIT="1"), self.losses(1))
        self.assertEqual(self.losses(4, OMP_THREAD_LIMIT="2"), self.losses(2))
        self.assertEqual(self.losses(2, OMP_DYNAMIC="true"), self.losses(2))

    def test_too_many_threads_are_refused(self):
        refused = "threads: expected at most 1024, got 100000"
        self.assert_refused(2, refused, "train", *DATA, "--threads", 100000, "--out", self.folder / "many")
        self.assert_refused(2, refused, "eval", "--model", self.model, "--threads", 100000)
        self.assert_refused(2, refused, "bench", "conv", "--threads", 100000)
        self.assert_refused(2, "threads: OMP_NUM_THREADS: expected 1 to 1024, got 100000", "train", *DATA,
                            "--out", self.folder / "many", env={**os.environ, "OMP_NUM_THREADS": "100000"})  # fmt: skip
        self.assertFalse((self.folder / "many").exists())

    def test_without_memory_it_says_so(self):
        """Wherever the limit strikes: in Joule's tensors, in oneDNN's code or in its scratch memory."""
        for megabytes in [*range(150, 330, 10), 400, 600]:
            def set_limit(size=megabytes << 20):
                resource.setrlimit(resource.RLIMIT_AS, (size, size))

            with self.subTest(megabytes=megabytes):
                done = joule("train", *DATA, "--epochs", 1, "--batch", 60, "--threads", 2, "--overwrite",
                             "--out", self.folder / "little memory", preexec_fn=set_limit)  # fmt: skip
                self.assertIn(done.returncode, (0, 1), done.stderr)
                if done.returncode:
                    self.assertRegex(done.stderr.splitlines()[-1], "out of memory|too little memory")

    def test_waiting_threads_sleep_unless_the_environment_says_otherwise(self):
        def policy(**set_by_user):
            """What OpenMP says that it does, and what the program's children find in the environment."""
            environment = {name: value for name, value in os.environ.items()
                           if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}  # fmt: skip
            done = joule("meter", "--", "sh", "-c", "env", env={**environment, "OMP_DISPLAY_ENV": "verbose", **set_by_user})
            shown = [line for line in done.stderr.splitlines() if "OMP_WAIT_POLICY" in line or "GOMP_SPINCOUNT" in line]
            kept = {line for line in done.stdout.splitlines() if line.startswith(("OMP_WAIT", "GOMP_SPIN", "JOULE_START"))}
            return shown[-2:], kept

        shown, kept = policy()
        self.assertIn("GOMP_SPINCOUNT = '3000'", shown[1])
        self.assertEqual(kept, set())
        shown, kept = policy(OMP_WAIT_POLICY="active")
        self.assertIn("ACTIVE", shown[0])
        self.assertEqual(kept, {"OMP_WAIT_POLICY=active"})
        shown, kept = policy(GOMP_SPINCOUNT="77")
        self.assertIn("77", shown[1])
        self.assertEqual(kept, {"GOMP_SPINCOUNT=77"})

    def test_deterministic_passes_over_what_depends_on_the_threads(self):
        ops = json.loads(self.output("info", "--json"))["ops"]
        invariant = {(op, row["name"]) for op, rows in ops.items() for row in rows if row["thread_invariant"]}
        result = json.loads(self.output("eval", "--model", self.model, *DATA, "--json", "--deterministic"))
        for line in result["inference"]["lines"]:
            self.assertIn((line["op"], line["implementation"]), invariant)

    def test_weights_are_rounded_to_bf16_only_if_asked_for(self):
        rows = json.loads(self.output("info", "--json"))["ops"]["conv2d"]
        precisions = {row["name"]: row["precision"] for row in rows if row["device"] == "cpu"}
        self.assertEqual({name for name, precision in precisions.items() if precision != "f32"},
                         {"cpu.skip_zero_bf16_weights", "cpu.skip_zero_runs_bf16_weights"})  # fmt: skip

        def used(*arguments, **options):
            result = json.loads(self.output("eval", "--model", self.model, *DATA, "--json", *arguments, **options))
            return {line["implementation"] for line in result["inference"]["lines"] if line["op"] == "conv2d"}

        off = {**os.environ, "JOULE_TUNING": "off"}
        rounding = {**off, "JOULE_FORCE": "conv2d:cpu.skip_zero_bf16_weights"}
        self.assertFalse(any("bf16" in name for name in used(env=off)))
        self.assertEqual(used("--precision", "bf16", env=rounding), {"cpu.skip_zero_bf16_weights"})
        self.assert_refused(2, "cpu.skip_zero_bf16_weights: is less precise than asked for",
                            "eval", "--model", self.model, env=rounding)  # fmt: skip
        note = "products in f32, weights rounded to bf16 by the implementations *_bf16_weights"
        self.assertIn(note, self.output("eval", "--model", self.model, "--precision", "bf16"))
        self.assertNotIn("products in", self.output("eval", "--model", self.model))
        self.assert_refused(2, "precision: the CPU has f32, and bf16 for weights, got 'tf32'",
                            "eval", "--model", self.model, "--precision", "tf32")  # fmt: skip

    def test_winograd_convolves_only_if_asked_for(self):
        rows = json.loads(self.output("info", "--json"))["ops"]["conv2d"]
        algorithms = {row["name"]: row["algorithm"] for row in rows if row["algorithm"] != "direct"}
        self.assertEqual(algorithms, {"cpu.winograd": "winograd", "cpu.winograd_2x2": "winograd-2x2"})
        net = self.folder / "winograd"  # its kernels are 3x3
        self.output("train", *DATA, "--model", "small-cnn", "--epochs", "1", "--batch", "20", "--out", net,
                    "--algorithms", "winograd")  # fmt: skip
        self.assertEqual(json.loads((net / "config.json").read_text())["algorithms"], "winograd")
        self.assert_refused(2, 'algorithms is "winograd", got "direct"',
                            "train", "--resume", "--out", net, "--algorithms", "direct")  # fmt: skip
        for name, algorithm in algorithms.items():
            forced = {**os.environ, "JOULE_FORCE": f"conv2d:{name}"}
            result = json.loads(self.output("eval", "--model", net, "--algorithms", algorithm, "--json", env=forced))
            used = {line["implementation"] for line in result["inference"]["lines"] if line["op"] == "conv2d"}
            self.assertEqual(used, {name})
            self.assertIn(f"products in f32, convolutions also by {algorithm}\n",
                          self.output("eval", "--model", net, "--algorithms", algorithm))  # fmt: skip
            self.assert_refused(2, f"{name}: its algorithm is not allowed", "eval", "--model", net, env=forced)

    def test_default_learning_rate_is_that_of_the_optimizer(self):
        out = self.folder / "adam"
        for arguments, lr in (([], 0.001), (["--lr", "0.02"], 0.02)):
            self.output("train", *DATA, *NET, "--optimizer", "adam", *arguments, "--overwrite", "--out", out)
            self.assertEqual(json.loads((out / "config.json").read_text())["lr"], lr)
        self.output("train", *DATA, *NET, "--optimizer", "lars", "--overwrite", "--out", out)
        self.assertEqual(json.loads((out / "config.json").read_text())["lr"], 0.1)

    def test_demo(self):
        out = self.folder / "demo"
        dense = {**os.environ, "JOULE_FORCE": "linear:reference"}  # nothing else of lenet5 skips
        text = self.output("demo", *DATA, "--limit", "500", "--model", "lenet5", "--l0-lambda", "5", "--out", out,
                           env=dense)  # fmt: skip
        for word in ("test accuracy", "density of relu4", "zero operand", "horowitz45", "odelled", "not skipped"):
            self.assertIn(word, text)
        self.assertIn(f"{out}/compare.html: ", text)
        page = (out / "compare.html").read_text()
        self.assertIn("Comparison of 2 training runs", page)
        self.assertIn("n = 1 of standard, l0: there is no interval", page)
        summary = json.loads((out / "summary.json").read_text())
        for name in ("standard", "l0"):
            own = json.loads((out / name / "summary.json").read_text())
            self.assertEqual(summary[name]["test_accuracy"], own["test_accuracy"])
            self.assertTrue("The trained net" in (out / name / "report.html").read_text())
            config = json.loads((out / name / "config.json").read_text())
            self.assertEqual((config["l0_lambda"], config["l0_warmup"]), (5, 0.5) if name == "l0" else (0, 0))
        self.assertLess(summary["difference"]["relu_outputs_nonzero"], 0)

    # What they refuse.

    def test_usage(self):
        self.assert_refused(2, "subcommand", "")
        self.assert_refused(2, "--lambda", "train", "--out", "x", "--lambda", "3")
        self.assert_refused(2, "--out", "train")
        self.assert_refused(2, "--epochs", "train", "--out", "x", "--epochs", "many")
        self.assert_refused(2, "expected HEIGHTxWIDTHxCHANNELS", "summary", "--input", "32x32")
        self.assert_refused(2, "there is no 'alexnet'; there are autoencoder, dense-linear", "summary", "--model", "alexnet")

    def test_bad_values(self):
        self.assert_train_refused(2, "lr: must be positive, got -1", "--lr", "-1")
        self.assert_train_refused(2, "epochs: expected at least 1, got 0", "--epochs", "0")
        self.assert_train_refused(2, "batch: expected at least 1, got 0", "--batch", "0")
        self.assert_train_refused(2, "momentum: must lie in [0, 1), got 1", "--momentum", "1")
        for sigma in ("0", "-1", "1e-40", "1e+39"):
            self.assert_train_refused(2, f"l0_sigma: must be from 1.17549e-38 to 1.1259e+15, got {sigma}",
                                      "--l0-lambda", "1", f"--l0-sigma={sigma}")  # fmt: skip
        self.assert_train_refused(2, "l0_lambda: its size must lie between 1.17549e-38 and 3.40282e+38, got 1e-40",
                                  "--l0-lambda", "1e-40")  # fmt: skip
        self.assert_train_refused(2, "schedule: expected one of constant, step", "--schedule", "random")
        self.assert_train_refused(2, "threads: must not be negative, got -1", "--threads", "-1")
        self.assert_train_refused(2, "multiples of 32, got 28x28", "--model", "vgg16")
        self.assert_train_refused(2, "nonsense", "--data", "nonsense")

    def test_no_cuda(self):
        cuda = json.loads(self.output("info", "--json"))["devices"][1]
        if cuda["available"]:
            self.skipTest("there is a CUDA device")
        text = f"device: {cuda['reason']}; use cpu"
        self.assert_train_refused(4, text, "--device", "cuda")
        self.assert_refused(4, text, "eval", "--model", self.model, "--device", "cuda")

    def test_data_that_is_missing_or_bad(self):
        nowhere = {**os.environ, "JOULE_DATA": str(self.folder / "nowhere")}
        self.assert_train_refused(3, "cifar-10", "--data", "cifar-10", env=nowhere)
        bad = self.folder / "bad"
        bad.mkdir()
        for name in ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte"):
            (bad / name).write_bytes(struct.pack(">4i", 0x803, 2**31 - 1, 28, 28) + b"\0" * 100)
        for name in ("train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"):
            (bad / name).write_bytes(struct.pack(">2i", 0x801, 2**31 - 1) + b"\0" * 100)
        few = 2 << 30  # not the 1.7 TB that the header promises
        self.assert_train_refused(3, "idx", "--data", bad,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (few, few)))  # fmt: skip

    def test_folders_that_cannot_be_written(self):
        file = self.folder / "file"
        file.write_text("")
        self.assert_refused(3, str(file), "train", *DATA, *NET, "--out", file / "run")
        self.assert_refused(3, str(file), "train", *DATA, *NET, "--out", file)
        self.assert_refused(3, "nowhere", "predict", "--model", self.model, *DATA, "--out", self.folder / "nowhere" / "p")

    def test_full_disk(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        out = self.folder / "full"
        self.assert_refused(3, f"{out}: cannot take the", "train", *DATA, *NET, "--out", out, preexec_fn=limit)
        self.assertFalse(out.exists())
        csv_file = self.folder / "full.csv"
        self.assert_refused(3, "full.csv", "predict", "--model", self.model, "--out", csv_file,
                            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)))  # fmt: skip
        self.assertFalse(csv_file.exists())

    def test_bad_models(self):
        bad = self.folder / "bad.safetensors"

        def refused(text):
            self.assert_refused(3, text, "eval", "--model", bad, *DATA)

        refused("bad.safetensors")
        good = self.model.read_bytes()
        for size in (0, 7, 8, 100, len(good) - 1):
            bad.write_bytes(good[:size])
            refused("bad.safetensors")
        bad.write_bytes(struct.pack("<Q", 2**40) + good[8:])
        refused("header")
        header, body = read_header(self.model)
        wrong = {
            "image": "99999999999x2", "classes": "1000000000000", "channels": "0", "model": "alexnet",
            "mean": "[1,2,3]", "deviation": "[0]",
        }  # fmt: skip
        for key, value in wrong.items():
            write_safetensors(bad, {**header, "__metadata__": {**header["__metadata__"], key: value}}, body)
            refused("alexnet" if key == "model" else f"'{key}'")
        larger = {**header["__metadata__"], "image": "2000x2000", "model": "simple-cnn"}
        write_safetensors(bad, {**header, "__metadata__": larger}, body)
        refused("bad.safetensors")
        write_safetensors(bad, {name: value for name, value in header.items() if name != "__metadata__"}, body)
        refused("not a model of Joule's")
        self.assert_refused(2, "takes images [32,32,1], those of synthetic are [28,28,1]", "eval", "--model", self.model_of_32_pixels(), *DATA)

    def model_of_32_pixels(self):
        path = self.folder / "padded.safetensors"
        header, body = read_header(self.model)
        # 32x32 without padding and 28x28 with it have weights of the same shapes: only the graph tells.
        metadata = {**header["__metadata__"], "image": "32x32"}
        write_safetensors(path, {**header, "__metadata__": metadata}, body)
        self.assert_refused(3, "padded.safetensors: its graph is lenet5, images [28,28,1], not", "eval", "--model", path)
        del metadata["net"]
        write_safetensors(path, {**header, "__metadata__": metadata}, body)
        return path

    def test_bad_checkpoints(self):
        run = self.folder / "checkpoint"
        self.assertEqual(joule("train", *DATA, *NET, "--out", run).returncode, 0)
        path = run / "checkpoint.safetensors"
        good = path.read_bytes()
        model = (run / "model.safetensors").read_bytes()
        path.write_bytes(good[: len(good) // 2])
        self.assert_refused(3, "checkpoint.safetensors", "train", "--out", run, "--resume")
        shutil.copy(self.model, path)
        self.assert_refused(3, "states that its weights lie as oihw, expected ohwi", "train", "--out", run, "--resume")
        (run / "config.json").write_text("{")
        self.assert_refused(3, "config.json: not JSON at byte 2", "train", "--out", run, "--resume")
        self.assertEqual((run / "model.safetensors").read_bytes(), model)

    # Training that cannot go on.

    def test_loss_that_is_not_a_number(self):
        self.assert_train_stopped("the loss is", "--lr", "1e30", "--schedule", "constant")

    def test_penalty_that_kills_the_net(self):
        self.assert_train_stopped("has been silent for 20 steps", "--l0-lambda", "1000", "--schedule", "constant",
                                  "--lr", "0.3", "--epochs", "40")  # fmt: skip

    def assert_train_stopped(self, text, *arguments):
        out = self.folder / "stopped"
        shutil.rmtree(out, ignore_errors=True)
        done = joule("train", *DATA, *NET, "--out", out, *arguments)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        last = done.stderr.splitlines()[-1]
        self.assertRegex(last, r"\Ajoule: training stopped at epoch \d+, step \d+ of 6: ")
        self.assertIn(text, last)
        self.assertIn("try a", last)
        self.assertFalse((out / "summary.json").exists())
        self.assertFalse(list(out.glob("*.tmp")))


if __name__ == "__main__":
    unittest.main()
