# SPDX-License-Identifier: MIT
"""The library as a Conan package:  conan create packaging/conan --build=missing"""

import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

FOLDERS = ("cmake", "core", "io", "kernels", "layers", "optim", "energy", "data", "models", "parallel", "training", "scripts")


class Joule(ConanFile):
    name = "joule"
    license = "MIT"
    author = "The Joule developers"
    description = "A deep-learning framework that accounts for energy and skips zeros"
    topics = ("deep-learning", "energy", "sparsity")
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False]}
    default_options = {"shared": False}
    package_type = "library"

    @property
    def root(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        self.version = re.search(r"project\(joule VERSION ([\d.]+)", load(self, os.path.join(self.root, "CMakeLists.txt")))[1]

    def export_sources(self):
        for folder in FOLDERS:
            copy(self, "*", os.path.join(self.root, folder), os.path.join(self.export_sources_folder, folder))
        for name in ("CMakeLists.txt", "LICENSE", "joule.h"):
            copy(self, name, self.root, self.export_sources_folder)

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        self.requires("fmt/[>=9 <12]")
        self.requires("highway/[>=1.0.3 <2]")
        self.requires("libjpeg-turbo/[>=2.1 <4]")
        self.requires("libpng/[>=1.6 <2]")
        self.requires("nlohmann_json/[>=3.11 <4]")
        self.requires("eigen/[>=3.4 <4]")
        self.requires("zlib/[>=1.2.13 <2]")

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        for name in ("TESTS", "CLI", "ONEDNN", "MPI", "CUDA"):
            toolchain.cache_variables[f"JOULE_{name}"] = "OFF"
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        # The package brings its own configuration, components and all.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("lib", "cmake", "joule")]
