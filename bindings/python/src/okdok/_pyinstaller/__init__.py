"""Tells PyInstaller, by the entry point ``pyinstaller40``, where the hook of this package is."""

import os


def hook_dirs() -> "list[str]":
    return [os.path.dirname(__file__)]
