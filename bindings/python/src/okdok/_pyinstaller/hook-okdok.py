"""Makes PyInstaller include the shared library, which no import statement names."""

from PyInstaller.utils.hooks import collect_dynamic_libs

binaries = collect_dynamic_libs("okdok")
