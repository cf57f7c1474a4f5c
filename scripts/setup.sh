#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# scripts/setup.sh build|demo|test|bench|tsan|fuzz|docs|package: installs what that target needs and this machine lacks.
# Debian 12 names.  When something cannot be installed: says what and why it is needed, and exits 1.
# JOULE_SETUP=skip skips it (everything is there under other names, as on other distributions).
set -euo pipefail
cd "$(dirname "$0")/.."

# The targets that need it (all: those that compile), the package, the reason.
needs() {
  cat <<'END'
all             g++                    the compiler (C++20)
all             cmake                  configures the build (3.25 or later)
all             ninja-build            runs the build
all             libhwy-dev             SIMD of the CPU kernels
all             libdnnl-dev            oneDNN, an implementation of the convolutions
all             zlib1g-dev             reads gzipped data sets
all             libjpeg62-turbo-dev    reads JPEG images
all             libpng-dev             reads PNG images
all             libmd-dev              MD5: the check sums that data sets are published with
all             nlohmann-json3-dev     reads and writes JSON
all             libfmt-dev             formats text
all             libeigen3-dev          fits energy profiles by least squares; Gaussian processes
all             libnlopt-dev           fits Gaussian processes
all             libboost-math-dev      p-values of statistics; Sobol sequences (of the same headers)
all             libcli11-dev           command lines
all             libsoci-dev            stores studies in SQLite or PostgreSQL
all             libsqlite3-dev         stores tables of architectures
all             libprotobuf-dev        decodes the records of published tables of architectures; encodes TensorBoard's events
all             protobuf-compiler      the same: writes the code for it
all             libonnx-dev            the messages of ONNX files, which nets are read from and written as
all             libjs-chart.js         draws the charts of the reports
demo|test|tsan  dataset-fashion-mnist  the images that the demo and the tests train on
test|tsan       libgtest-dev           the test framework
test|tsan|package  python3            the tests of the sources; the list of what packages hold of third parties
test            clang-format           the test of formatting
test            zsh                    takes the script of joule completion
test            groff                  reads the manual page
test            ccache                 compiles once what several checkouts, and later runs, have in common
test            libboost-context-dev   fibers: the threads of CUDA kernels that tests run on the CPU
test            libopenmpi-dev         MPI: training with several processes
test            openmpi-bin            mpirun, which starts them
test            postgresql             the server that the tests of studies start, beside SQLite
test            iproute2               networks between hosts that the tests make of this machine
test            libfaketime            clocks that are wrong, on these hosts
test            python3-dev            Python's headers: the tests of the Python package build its module
test            python3-venv           lets Python packages read our files and images, and check our statistics
bench           python3-venv           a place for the peers from PyPI: PyTorch, ONNX Runtime, OpenVINO
bench           libbenchmark-dev       the benchmark framework
test|tsan|fuzz  clang                  the compiler whose OpenMP ThreadSanitizer understands, and that has libFuzzer
test|tsan|fuzz  libomp-14-dev          that OpenMP, and Archer, which tells ThreadSanitizer of it
test|fuzz       libclang-rt-14-dev     libFuzzer
docs|test       mkdocs                 the pages of the site
docs|test       mkdocs-material        their theme, light and dark
docs|test       doxygen                the API reference
docs|test       doxygen-awesome-css    its theme
package|test    dpkg-dev               finds what packages depend on
package|test    file                   tells CPack which files of a package are programs
test            debootstrap            a system with nothing else, in which make test-all installs the packages
END
}

target=${1:-}
case $target in
  build | demo | test | bench | tsan | fuzz | docs | package) ;;
  *) echo "usage: scripts/setup.sh build|demo|test|bench|tsan|fuzz|docs|package" >&2; exit 2 ;;
esac
if [[ ${JOULE_SETUP:-} == skip ]]; then exit 0; fi

missing=()   # packages
report=      # a line for each: package, reason
installed=$'\n'$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null || true)$'\n'
while read -r targets package reason; do
  if [[ "|$targets|" == *"|$target|"* || ($targets == all && $target != docs) ]] && [[ $installed != *$'\n'"installed $package"$'\n'* ]]; then
    missing+=("$package")
    report+=$(printf '  %-22s %s' "$package" "$reason")$'\n'
  fi
done < <(needs)

fail() {
  {
    echo "setup: $1.  make $target needs:"
    printf '%s' "$report"
    echo "Install them as root: apt-get install -y ${missing[*]}"
    echo "(Are they there under other names?  JOULE_SETUP=skip make $target)"
  } >&2
  exit 1
}

if ((${#missing[@]})); then
  command -v apt-get >/dev/null || fail "there is no apt-get here"
  as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "installing needs root, and there is no sudo"
    as_root=(sudo)
    [[ -t 0 ]] || as_root+=(-n)  # nobody there to type a password
  fi
  echo "setup: installing ${missing[*]}"
  apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q)
  "${apt[@]}" update || fail "apt-get update failed"
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" || fail "apt-get install failed"
fi

# The peers that read our safetensors and ONNX files, the images that we read, our SPDX documents, our events, metrics and JSON, and
# those that our statistics, fronts and samplers are compared with; what our Python package is built and tested with.  Not in Debian,
# or of another version than the tests' figures are of: their tests are skipped when PyPI is out of reach.
peers=(numpy==1.26.4 safetensors==0.4.5 pillow==11.3.0 scipy==1.17.1 moocore==0.3.2 optuna==5.0.0 scikit-learn==1.7.2 spdx-tools==0.8.5
       onnx==1.23.2 onnxruntime==1.32.0 tensorboard==2.21.0 prometheus-client==0.26.0 jsonschema==4.26.0
       nanobind==3.1.0 scikit-build-core==1.1.2 pytest==9.2.0 pandas==3.0.6)
if [[ $target == test && $(cat build/python/ready 2>/dev/null) != "${peers[*]}" ]]; then
  rm -f build/python/ready
  if python3 -m venv --clear build/python &&
    build/python/bin/pip install -q --timeout 10 --retries 1 "${peers[@]}"; then
    echo "${peers[*]}" >build/python/ready
  else
    echo "setup: no ${peers[*]} from PyPI; the tests that use them will be skipped" >&2
  fi
fi

# cuobjdump, which reads the machine code of the CUDA kernels, where nvcc makes it and came without: the same.
if [[ $target == test && -e build/python/ready ]] && nvcc=$(command -v nvcc) && ! command -v cuobjdump >/dev/null &&
  [[ ! -x $(dirname "$(realpath "$nvcc")")/cuobjdump ]]; then
  readers=(nvidia-cuda-cuobjdump==13.4.92 nvidia-cuda-nvdisasm==13.5.37)
  build/python/bin/pip show -q "${readers[@]%%=*}" 2>/dev/null ||
    build/python/bin/pip install -q --timeout 10 --retries 1 "${readers[@]}" ||
    echo "setup: no ${readers[*]} from PyPI; the machine code of the CUDA kernels will not be checked" >&2
fi
