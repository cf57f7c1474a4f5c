#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the Python package is built with, in the images of cibuildwheel (AlmaLinux 9).  EPEL has no ONNX and no oneDNN 2: without
# them the wheel reads no .onnx files, and convolutions have Joule's own implementations.
set -euo pipefail
dnf install -y epel-release
dnf install -y --enablerepo=crb highway-devel fmt-devel zlib-devel libjpeg-turbo-devel libpng-devel json-devel eigen3-devel \
  boost-devel protobuf-devel protobuf-compiler
