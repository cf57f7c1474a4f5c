#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants one breach of each rule of check_sources.py in a small tree: each must be found."""

import tempfile
import unittest
from pathlib import Path

from check_sources import check

CMAKE = "joule_folder(core)\njoule_folder(kernels core)\njoule_folder(layers kernels)\njoule_folder(optim core)\n"
TOP = "// SPDX-License-Identifier: MIT\n"
HEADER = TOP + "#pragma once\n"


class CheckSources(unittest.TestCase):
    def breaches(self, files=()):
        """What check() says of a sound tree with `files` (path -> text) put in."""
        tree = {
            "CMakeLists.txt": CMAKE,
            "joule.h": HEADER + '#include "joule/layers/linear.h"\n',
            "core/tensor.h": HEADER + "#include <cstdint>\n#include <vector>\n",
            "kernels/simd.h": HEADER + "#include <hwy/highway.h>\n",
            "kernels/relu/relu.h": HEADER + '#include "joule/core/tensor.h"\n',
            "kernels/relu/relu.cpp": TOP + '#include "joule/kernels/simd.h"\n#include "joule/kernels/relu/relu.h"\n',
            "layers/linear.h": HEADER + '#include "joule/core/tensor.h"\n#include "joule/kernels/relu/relu.h"\n',
            "tests/kernels/relu_test.cpp": TOP + '#include <gtest/gtest.h>\n#include "joule/layers/linear.h"\n',
        }
        tree.update(files)
        with tempfile.TemporaryDirectory() as folder:
            for path, text in tree.items():
                file = Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return check(Path(folder))

    def test_sound_tree(self):
        self.assertEqual(self.breaches(), [])

    def test_arrow_upwards(self):
        found = self.breaches(files={"core/grad.cpp": TOP + '#include "joule/kernels/relu/relu.h"\n'})
        self.assertEqual(found, ['core/grad.cpp:2: "kernels/relu/relu.h": core may include only core'])

    def test_cuda_headers_are_for_kernels_alone(self):
        files = {
            "core/cuda/launch.h": HEADER + "#include <cuda_runtime.h>\n",
            "kernels/relu/relu_cuda.cu": TOP + '#include "joule/core/cuda/launch.h"\n',
        }
        self.assertEqual(self.breaches(files=files), [])
        files["kernels/relu/relu_cpu.cpp"] = TOP + '#include "joule/core/cuda/launch.h"\n'
        self.assertEqual(
            self.breaches(files=files),
            [
                'kernels/relu/relu_cpu.cpp:2: "core/cuda/launch.h" is private to core: '
                "it needs a third-party header"
            ],
        )

    def test_arrow_sideways(self):
        found = self.breaches(files={"optim/sgd.cpp": TOP + '\n  #  include "joule/layers/linear.h"\n'})
        self.assertEqual(found, ['optim/sgd.cpp:3: "layers/linear.h": optim may include only core, optim'])

    def test_nothing_includes_the_tests(self):
        files = {"tests/counted.h": HEADER, "cli/main.cpp": TOP + '#include "joule/tests/counted.h"\n'}
        self.assertEqual(self.breaches(files=files), ['cli/main.cpp:2: "tests/counted.h": nothing includes tests'])
        files = {"tests/counted.h": HEADER, "core/main.cpp": TOP + '#include "joule/tests/counted.h"\n'}
        self.assertEqual(
            self.breaches(files=files), ['core/main.cpp:2: "tests/counted.h": core may include only core']
        )

    def test_unknown_folder(self):
        found = self.breaches(files={"search/grid.h": HEADER})
        self.assertEqual(found, ["search/grid.h:1: the folder search has no joule_folder() line in CMakeLists.txt"])

    def test_path_not_from_the_root(self):
        for path in ("relu.h", "../relu/relu.h", "kernels/relu/relu.h"):
            found = self.breaches(files={"kernels/relu/relu_cpu.cpp": TOP + f'#include "{path}"\n'})
            self.assertEqual(found, [f'kernels/relu/relu_cpu.cpp:2: "{path}": write "joule/" and the path from the root'])

    def test_third_party_in_a_public_header(self):
        found = self.breaches(files={"core/tensor.h": HEADER + "#include <omp.h>\n"})
        self.assertIn('joule.h:3: "layers/linear.h" is private to layers: it needs a third-party header', found)
        self.assertIn('tests/kernels/relu_test.cpp:3: "layers/linear.h" is private to layers: it needs a third-party header', found)
        found = self.breaches(files={"joule.h": HEADER + "#include <fmt/core.h>\n"})
        self.assertEqual(found, ["joule.h:3: a public header includes fmt/core.h"])

    def test_json_values_are_for_all_sources_but_no_public_header(self):
        files = {
            "core/size_json.h": HEADER + '#include <nlohmann/json_fwd.hpp>\n#include "joule/core/tensor.h"\n',
            "kernels/cost_json.h": HEADER + '#include "joule/core/size_json.h"\n',
            "layers/cost.cpp": TOP + '#include "joule/kernels/cost_json.h"\n',
        }
        self.assertEqual(self.breaches(files=files), [])
        public = {"joule.h": HEADER + '#include "joule/kernels/cost_json.h"\n'}
        self.assertEqual(
            self.breaches(files={**files, **public}),
            ['joule.h:3: "kernels/cost_json.h" is private to kernels: it needs a third-party header'],
        )
        whole = {"core/size_json.h": HEADER + "#include <nlohmann/json.hpp>\n"}
        self.assertEqual(len(self.breaches(files={**files, **whole})), 2)

    def test_private_header_of_another_folder(self):
        found = self.breaches(files={"layers/conv.cpp": TOP + '#include "joule/kernels/simd.h"\n'})
        self.assertEqual(found, ['layers/conv.cpp:2: "kernels/simd.h" is private to kernels: it needs a third-party header'])

    def test_form(self):
        self.assertEqual(
            self.breaches(files={"core/a.h": TOP}), ["core/a.h:1: the header has no #pragma once"]
        )
        self.assertEqual(
            self.breaches(files={"core/a.cpp": "\n" + TOP}),
            ["core/a.cpp:1: the first line must say SPDX-License-Identifier: MIT"],
        )
        self.assertEqual(self.breaches(files={"core/a.h": HEADER + "\n" * 148}), [])
        self.assertEqual(
            self.breaches(files={"core/a.h": HEADER + "\n" * 149}),
            ["core/a.h:151: the header has 151 lines, at most 150"],
        )

    def test_a_source_is_not_longer_than_500_lines_unless_it_is_a_test(self):
        text = TOP + 500 * "\n"
        files = {"core/a.cpp": text, "core/b.py": text, "tests/core/a_test.cpp": text, "core/c.cpp": text[:-1]}
        self.assertEqual(
            self.breaches(files=files),
            [f"core/{name}:501: the file has 501 lines, at most 500" for name in ("a.cpp", "b.py")],
        )

    def test_crowded_folder(self):
        crowd = {f"core/crowd/{n}.h": HEADER for n in range(25)}
        self.assertEqual(self.breaches(files=crowd), [])
        crowd["core/crowd/25.cpp"] = TOP
        self.assertEqual(self.breaches(files=crowd), ["core/crowd:1: the folder has 26 files, at most 25"])

    def test_a_second_door_to_the_command_line(self):
        uses = TOP + "#include <CLI/CLI.hpp>\n"
        found = self.breaches(files={"cli/train.cpp": uses, "cli/options/option.cpp": uses})
        self.assertEqual(found, ["cli/train.cpp:2: CLI/CLI.hpp: take the command line of cli/options/option.h"])

    def test_casts_of_layers(self):
        cast = TOP + "auto* conv =\n    dynamic_cast<const nn::Conv2d*>(layer);\n"
        found = self.breaches(files={"core/a.cpp": cast, "tests/core/a_test.cpp": cast})
        self.assertEqual(found, ["core/a.cpp:3: no dynamic_cast: a layer says by spec() what it is (layers/graph)"])

    def test_wide_line_of_a_document(self):
        files = {"docs/a.md": f"{'a' * 140}\n| {'b' * 140} |\n```\n{'c' * 141}\n```\n"}
        self.assertEqual(self.breaches(files=files), [])
        files["docs/a.md"] += "d" * 141
        self.assertEqual(self.breaches(files=files), ["docs/a.md:6: the line has 141 characters, at most 140"])

    def test_readme(self):
        program = "int main() {}\n"
        readme = "`examples/one.cpp`, run by the tests:\n\n```cpp\n%s```\n"
        files = {"examples/one.cpp": TOP + program, "README.md": readme % program}
        self.assertEqual(self.breaches(files=files), [])
        files["README.md"] = readme % "int main() { return 1; }\n"
        said = "README.md:1: the program is not examples/one.cpp (without its first line)"
        self.assertEqual(self.breaches(files=files), [said])


if __name__ == "__main__":
    unittest.main()
