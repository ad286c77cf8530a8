#!/usr/bin/env python3
"""Compares exports, structs, options and statuses wherever they are named: library, header, sources, bindings, docs.

tests/abi/exports.py          compares
tests/abi/exports.py --keep   writes layout.txt again: when a struct has grown, as docs/abi.md allows
"""

from __future__ import annotations

import ctypes
import platform
import re
import struct
import subprocess
import sys
import tempfile
import unittest
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LIBRARY = ROOT / "target/release/libokdok.so"
ARCHIVE = ROOT / "build/static/libokdok.a"
LAYOUT = HERE / "layout.txt"


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def run(*command: str | Path) -> str:
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout


HEADER = read("include/okdok.h")
CPP = read("include/okdok.hpp")


@cache
def exported(*command: str | Path) -> list[str]:
    return sorted(re.findall(r" [A-Z] (\S+)$", run(*command), re.MULTILINE))


def exports() -> list[str]:
    return exported("nm", "-D", "--defined-only", LIBRARY)


def declarations() -> dict[str, tuple[str, list[str], str]]:
    """Functions of the header: result, names of the parameters, comment."""
    found = re.findall(r"/\*\*((?:(?!\*/).)*)\*/\n([^\n/;]*?)(\w+)\(([^)]*)\);", HEADER, re.DOTALL)
    return {
        name: (result.strip(), [] if parameters == "void" else re.findall(r"(\w+)(?:,|$)", parameters), comment)
        for comment, result, name, parameters in found
    }


def structs() -> dict[str, list[str]]:
    """Structs of the header and their fields."""
    return {
        name: re.findall(r"^  [^*/\n][^;\n]*?(\w+)(?:\[\d+\])?;$", fields, re.MULTILINE)
        for name, fields in re.findall(r"typedef struct (\w+) \{\n(.*?)\n\} \1;", HEADER, re.DOTALL)
    }


def layout(option: str) -> list[tuple[str, int, int]]:
    """Name, offset and size of each struct and field, read from an object file, so nothing has to run."""
    names = [(name, field) for name, fields in structs().items() for field in [None, *fields]]
    numbers = [
        f"0, sizeof({name})" if field is None else f"offsetof({name}, {field}), sizeof((({name} *)0)->{field})"
        for name, field in names
    ]
    source = f"#include <okdok.h>\nconst uint32_t layout[] = {{ {', '.join(numbers)} }};\n"
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch, "layout.o")
        compile_it = ["cc", "-x", "c", option, "-ffreestanding", f"-I{ROOT / 'include'}", "-c", "-o", str(made), "-"]
        subprocess.run(compile_it, input=source, check=True, text=True)
        run("objcopy", "-O", "binary", "-j", ".rodata", made)
        values = [value for (value,) in struct.iter_unpack("<I", made.read_bytes())]
    return [
        (name if field is None else f"{name}.{field}", offset, size)
        for (name, field), offset, size in zip(names, values[::2], values[1::2])
    ]


def layout_text() -> str:
    lines = ["# struct.field  64 bits: offset size  32 bits: offset size\n"]
    for (name, *wide), (_, *narrow) in zip(layout("-m64"), layout("-m32")):
        lines.append(" ".join(map(str, [name, *wide, *narrow])) + "\n")
    return "".join(lines)


def statuses() -> dict[str, int]:
    """The list that all others follow."""
    found = re.findall(
        r"^pub const OKDOK_STATUS_(\w+): okdok_status = (\d+);$", read("src/outcome/status.rs"), re.MULTILINE
    )
    return {name: int(value) for name, value in found}


def snake(pascal: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", pascal).lower()


def pascal_case(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def csharp() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "bindings/csharp/Okdok").glob("*.cs")))


def unguarded(body: str) -> str:
    """What a function does outside `guarded(…)` and constants."""
    body = re.sub(r"\bconst [^;]*?;\n(?=\s*guarded)", "", body, flags=re.DOTALL)
    while "guarded(" in body:
        start = body.index("guarded(")
        depth, end = 0, start + len("guarded")
        for end in range(start + len("guarded"), len(body)):
            depth += {"(": 1, ")": -1}.get(body[end], 0)
            if depth == 0:
                break
        body = body[:start] + body[end + 1 :]
    return body


class Exports(unittest.TestCase):
    def test_library_and_archive_export_what_is_listed(self) -> None:
        self.assertTrue(exports())
        listed = re.findall(r"^ (\w+)@Base ", read("packaging/debian/libokdok0.symbols"), re.MULTILINE)
        self.assertEqual(exports(), listed)
        self.assertEqual(exported("nm", "-g", "--defined-only", ARCHIVE), exports())

    def test_each_is_prefixed(self) -> None:
        for name in exports():
            with self.subTest(export=name):
                self.assertRegex(name, r"^okdok_[a-z_]+$")

    def test_each_is_in_the_header_and_nothing_else(self) -> None:
        self.assertEqual(sorted(declarations()), exports())

    def test_each_is_documented(self) -> None:
        for name in exports():
            with self.subTest(export=name):
                result, parameters, comment = declarations()[name]
                self.assertEqual(re.findall(r"@param (\w+)", comment), parameters)
                self.assertEqual("@return" in comment, result != "void")
                self.assertIn("Any thread", comment)
                self.assertIn("Statuses:", comment)

    def test_each_is_guarded(self) -> None:
        sources = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.rs")))
        found = re.findall(
            r'^#\[unsafe\(no_mangle\)\]\npub (?:unsafe )?extern "C" fn (\w+)\(.*?\{\n(.*?)^\}',
            sources,
            re.DOTALL | re.MULTILINE,
        )
        self.assertEqual(sorted(name for name, _ in found), exports())
        for name, body in found:
            with self.subTest(export=name):
                self.assertIn("guarded(", body)
                # Neither calls nor anything else that could panic.
                self.assertNotRegex(unguarded(body), r"[\w!>\]]\(|\[|unsafe|[-+*/%] ")

    def test_each_is_in_csharp(self) -> None:
        for name in exports():
            with self.subTest(export=name):
                self.assertIn(f'"{name}"', csharp())

    def test_the_glibc_that_is_needed_is_stated(self) -> None:
        # A missing weak symbol is no obstacle.
        strong = [line for line in run("objdump", "-T", LIBRARY).splitlines() if "*UND*" in line and " w " not in line]
        needed = max(
            tuple(map(int, version.split("."))) for version in re.findall(r"GLIBC_([\d.]+)", "\n".join(strong))
        )
        (stated,) = re.findall(r"needs glibc (\d+)\.(\d+) or newer", read("docs/abi.md"))
        self.assertLessEqual(needed, tuple(map(int, stated)), "docs/abi.md states an older glibc than is needed")


class Layout(unittest.TestCase):
    @unittest.skipUnless(platform.machine() in ("x86_64", "i686"), "cc compiles for 32 and 64 bits on x86 only")
    def test_structs_are_laid_out_as_kept(self) -> None:
        self.assertEqual(layout_text(), LAYOUT.read_text())


class Options(unittest.TestCase):
    """An option or a field of an error that is added in src/ alone fails here."""

    def test_each_option_has_its_name_and_default_everywhere(self) -> None:
        python, sharp = read("bindings/python/src/okdok/_client.py"), csharp()
        documented = dict(re.findall(r"default (\d+)(?:(?!\*/).)*\*/\n  uint32_t (\w+);", HEADER, re.DOTALL))
        defaults = {name: value for value, name in documented.items()}
        self.assertEqual(len(defaults), 3)
        for field in structs()["okdok_options"][1:]:
            name = re.sub("_ms$", "", field)
            with self.subTest(option=name):
                default = int(defaults.get(field, 0))
                (cpp,) = re.findall(rf"^  \S+ {name}(?: = |\{{)(.*?)\}}?;$", CPP, re.MULTILINE)
                self.assertEqual(int(cpp.replace("'", "") or 0), default)
                (value,) = set(re.findall(rf"^        {name}: .* = ([\w.]+),$", python, re.MULTILINE))
                scale = 1000 if field.endswith("_ms") else 1
                self.assertEqual(0 if value == "None" else float(value) * scale, default)
                self.assertRegex(sharp, rf"public [\w<>]+\??\s+{pascal_case(name)}\b")
                if default:
                    private = name.split("_")[0] + pascal_case("_".join(name.split("_")[1:]))
                    self.assertRegex(sharp, rf"\b{private} = (TimeSpan\.FromSeconds\()?{default // scale}\b")

    def test_each_field_of_an_error_is_everywhere(self) -> None:
        python, sharp = read("bindings/python/src/okdok/_errors.py"), csharp()
        for field in structs()["okdok_error"]:
            if field in ("message", "reserved"):
                continue
            name = re.sub("_ms$", "", field)
            with self.subTest(field=name):
                self.assertRegex(CPP, rf"\b{name}\(\) const noexcept")
                self.assertRegex(python, rf"(?m)^    {name}: ")
                self.assertRegex(sharp, rf"public [\w<>]+ {pascal_case(name)} (\{{ get; \}}|=>)")


class Statuses(unittest.TestCase):
    """A status that is added in src/ alone fails each of these."""

    def test_the_library_names_them_and_no_others(self) -> None:
        name = ctypes.CDLL(str(LIBRARY)).okdok_status_name
        name.restype, name.argtypes = ctypes.c_char_p, [ctypes.c_int32]
        named = {name(value).decode(): value for value in [*range(-300, 3000), -(2**31), 2**31 - 1]}
        del named["OKDOK_STATUS_UNKNOWN"]
        self.assertEqual(named, {f"OKDOK_STATUS_{status}": value for status, value in statuses().items()})

    def test_the_header_defines_and_documents_them(self) -> None:
        found = re.findall(r"\*/\n#define OKDOK_STATUS_(\w+) (\d+)$", HEADER, re.MULTILINE)
        self.assertEqual({name: int(value) for name, value in found}, statuses())

    def test_cpp_has_them(self) -> None:
        found = re.findall(r"^  (\w+) = OKDOK_STATUS_(\w+),$", CPP, re.MULTILINE)
        self.assertEqual([name.upper() for name, _ in found], [constant for _, constant in found])
        self.assertEqual([constant for _, constant in found], list(statuses()))

    def test_python_has_them(self) -> None:
        found = re.findall(r"^    ([A-Z_]+) = (\d+)$", read("bindings/python/src/okdok/_status.py"), re.MULTILINE)
        self.assertEqual({name: int(value) for name, value in found}, statuses())

    def test_python_has_an_exception_for_each_that_is_an_error(self) -> None:
        source = read("bindings/python/src/okdok/_errors.py")
        found = re.findall(r"^    status: Status = Status\.(\w+)$", source, re.MULTILINE)
        # The base class has that of an unknown error, too.
        self.assertEqual(sorted(set(found)), sorted(name for name, value in statuses().items() if value >= 10))

    def test_csharp_has_them(self) -> None:
        found = re.findall(r"^\s+(\w+) = (\d+),$", read("bindings/csharp/Okdok/OkdokStatus.cs"), re.MULTILINE)
        self.assertEqual({snake(name).upper(): int(value) for name, value in found}, statuses())

    def test_the_readme_lists_them(self) -> None:
        found = re.findall(r"^\| (\d+) \| `OKDOK_STATUS_(\w+)` \|", read("README.md"), re.MULTILINE)
        self.assertEqual({name: int(value) for value, name in found}, statuses())


def main() -> None:
    if sys.argv[1:] == ["--keep"]:
        LAYOUT.write_text(layout_text())
        return
    result = unittest.main(exit=False, argv=sys.argv).result
    failed = len({str(getattr(test, "test_case", test)) for test, _ in result.failures + result.errors})
    passed = result.testsRun - failed - len(result.skipped)
    print(f"abi: {passed} passed, {failed} failed, {len(result.skipped)} skipped")
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}")
    sys.exit(not result.wasSuccessful())


if __name__ == "__main__":
    main()
