"""okdok for Conan 2: `conan create packaging/conan`. Needs cargo, make and binutils."""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.files import copy, load

required_conan_version = ">=2.0"

SOURCES = (
    *("Cargo.toml", "Cargo.lock", "build.rs", "cbindgen.toml", "Makefile", "LICENSE-*"),
    *("src/*", "include/*", "scripts/*", "packaging/packaging.mk", "packaging/build-archive"),
    # cargo needs every member of its workspace.
    "tests/faults/*",
)


class Okdok(ConanFile):
    name = "okdok"
    description = "Deletes an OKdokument signature request"
    license = "MIT OR Apache-2.0"
    url = homepage = "https://github.com/okdok/okdok"
    topics = ("okdokument", "e-signature", "rust")
    package_type = "library"
    settings = "os", "arch"
    options = {"shared": [True, False]}  # noqa: RUF012 # Conan requires it
    default_options = {"shared": True}  # noqa: RUF012

    def set_version(self):
        manifest = load(self, os.path.join(self.recipe_folder, "..", "..", "Cargo.toml"))
        self.version = re.search(r'^version = "(.*)"', manifest, re.MULTILINE)[1]

    def export_sources(self):
        for pattern in SOURCES:
            copy(self, pattern, os.path.join(self.recipe_folder, "..", ".."), self.export_sources_folder)

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("this recipe builds for Linux")

    def build(self):
        self.run("make library" if self.options.shared else "make static-library")

    def package(self):
        copy(self, "LICENSE-*", self.source_folder, os.path.join(self.package_folder, "licenses"))
        headers = os.path.join(self.source_folder, "include")
        copy(self, "okdok.h*", headers, os.path.join(self.package_folder, "include"))
        pattern, folder = ("libokdok.so*", "target/release") if self.options.shared else ("libokdok.a", "build/static")
        built = os.path.join(self.build_folder, folder)
        # Without the copies that cargo keeps in subfolders.
        copy(self, pattern, built, os.path.join(self.package_folder, "lib"), excludes="*/*")

    def package_info(self):
        self.cpp_info.libs = ["okdok"]
        if not self.options.shared:
            self.cpp_info.system_libs = ["pthread", "dl"]
