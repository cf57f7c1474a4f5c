#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The machine code of the CUDA kernels is no worse than it was (scripts/cuda/machine_code.py): skipped where nvcc
compiled none, or nothing can read it."""

import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts/cuda"))
import machine_code

# As cuobjdump prints it: an instruction has a second line, which holds the rest of its code.
RESOURCES = """
Resource usage:
 Common:
  GLOBAL:0
 Function _ZN5joule4cuda9correlateILi4ELb1EEEvi:
  REG:128 STACK:56 SHARED:5504 LOCAL:0 CONSTANT[0]:800 TEXTURE:0 SURFACE:0 SAMPLER:0
"""
CODE = """
\t\tFunction : _ZN5joule4cuda9correlateILi4ELb1EEEvi
\t.headerflags\t@"EF_CUDA_SM90 EF_CUDA_VIRTUAL_SM(EF_CUDA_SM90)"
        /*0000*/                   LDC R1, c[0x0][0x28] ;                         /* 0x00000a00ff017b82 */
                                                                                  /* 0x000fe20000000800 */
        /*0010*/              @!P0 LDL.64 R2, [R1+0x8] ;                          /* 0x00000a00ff017b82 */
        /*0020*/             @UP1 ST.E.64 desc[UR4][R2.64], R6 ;                  /* 0x00000a00ff017b82 */
        /*0030*/                   LD.E R4, desc[UR4][R2.64] ;                    /* 0x00000a00ff017b82 */
        /*0040*/                   HMMA.1684.F32.TF32 R8, R4, R6, R8 ;            /* 0x00000a00ff017b82 */
        /*0050*/                   HMMA.16816.F32.BF16 R8, R4, R6, R8 ;           /* 0x00000a00ff017b82 */
        /*0060*/                   STL [R1], R2 ;                                 /* 0x00000a00ff017b82 */
        /*0070*/                   LDG.E R4, desc[UR4][R2.64] ;                   /* 0x00000a00ff017b82 */
        /*0080*/                   STS.128 [R5], R8 ;                             /* 0x00000a00ff017b82 */
\t\tFunction : _Z5otherv
        /*0000*/                   EXIT ;                                         /* 0x00000a00ff017b82 */
"""
NAME = "_ZN5joule4cuda9correlateILi4ELb1EEEvi"
COUNTS = {"local": 2, "generic": 2, "hmma_1684": 1}


class MachineCode(unittest.TestCase):
    def test_reads_what_cuobjdump_prints(self):
        self.assertEqual(machine_code.resources(RESOURCES), {NAME: {"registers": 128, "stack": 56, "shared": 5504}})
        none = dict.fromkeys(COUNTS, 0)
        self.assertEqual(machine_code.instructions(CODE), {NAME: COUNTS, "_Z5otherv": none})

    def test_names_are_those_of_the_source(self):
        local = "_ZN5joule4cuda51_GLOBAL__N__a3b1cb8d_18_skip_zero_lists_cu_333bf9f015correlate_listsILi1EEEvNS0_11CorrelationE"
        nested = "_ZN5joule4cuda9correlateINS0_9TapLoaderINS0_7MmaTileILi1EEEEEEEvv"
        names = machine_code.readable([NAME, local, nested, "_Z5otherv"])
        self.assertEqual(names[nested], "correlate<TapLoader<MmaTile<1>>>")
        del names[nested]
        self.assertEqual(names, {NAME: "correlate<4, true>", local: "correlate_lists<1>", "_Z5otherv": "other"})

    def test_every_count_that_grew_is_named(self):
        kernel = {"registers": 1, "stack": 56, "shared": 0} | COUNTS
        self.assertEqual([*machine_code.worse({"a": kernel}, {"a": kernel})], [])
        for key in machine_code.CHECKED:
            less = kernel | {key: kernel[key] - 1}
            self.assertEqual([*machine_code.worse({"a": kernel}, {"a": less})], [f"a: {key} {kernel[key]}, at most {less[key]}"])
        self.assertEqual(len([*machine_code.worse({"new": kernel}, {})]), 4, "a new kernel may have none of them")
        self.assertEqual([*machine_code.worse({}, {"a": kernel})], ["a: there is no such kernel any more"])

    def test_the_page_has_the_table_of_the_bounds(self):
        known = json.loads(machine_code.BOUNDS.read_text())["kernels"]
        page = machine_code.PAGE.read_text()
        self.assertEqual(page, machine_code.page_with(machine_code.table(known), page), "scripts/cuda/machine_code.py --write")

    def test_variants_that_differ_in_flags_share_a_line(self):
        one = {"registers": 90, "stack": 0, "shared": 1024} | COUNTS
        lines = machine_code.table({"f.cu k<4, true>": one, "f.cu k<4, false>": one | {"registers": 96}, "f.cu plain": {"stack": 1}})
        self.assertEqual(lines.splitlines()[2:], ["| `k<4>`, f.cu | 96 | 1.0 KiB | 0 | 2 | 2 | 1 |"])

    def test_says_what_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            build = Path(folder)
            with self.assertRaisesRegex(machine_code.Unavailable, "is no build"):
                machine_code.compiler_of(build)
            (build / "CMakeCache.txt").write_text("JOULE_CUDA:STRING=SIMT\n")
            with self.assertRaisesRegex(machine_code.Unavailable, "compiles the kernels for the CPU"):
                machine_code.compiler_of(build)
            (build / "CMakeCache.txt").write_text("JOULE_CUDA:STRING=OFF\n")
            with self.assertRaisesRegex(machine_code.Unavailable, "was configured without CUDA"):
                machine_code.compiler_of(build)

    def test_no_kernel_got_worse(self):
        known = json.loads(machine_code.BOUNDS.read_text())
        try:
            build = Path(os.environ["JOULE_BUILD"])
            nvcc, version = machine_code.compiler_of(build)
            if version != known["nvcc"]:
                self.skipTest(f"the bounds are of nvcc {known['nvcc']}, this build of {version}")
            kernels = machine_code.read(build, machine_code.find_cuobjdump(nvcc))
        except machine_code.Unavailable as reason:
            self.skipTest(str(reason))
        self.assertEqual([*machine_code.worse(kernels, known["kernels"])], [])


if __name__ == "__main__":
    unittest.main()
