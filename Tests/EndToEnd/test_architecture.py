"""The picture in Package.swift is true."""

import layers
import pytest


def test_the_layers_hold():
    assert not layers.problems()


def write(root, package, sources):
    (root / "Package.swift").write_text(package)
    (root / "Tests").mkdir()
    for name, text in sources.items():
        path = root / "Sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


PACKAGE = 'targets: [ pure("Low", []), binding("Posix", ["Low"]), pure("High", ["Low", "Posix"]) ]'


@pytest.mark.parametrize("package,sources,sign", [
    (PACKAGE, {"Low/a.swift": "import High\n"}, "imports High"),
    (PACKAGE, {"Low/a.swift": "package import struct Posix.X\n"}, "imports Posix"),
    (PACKAGE, {"High/a.swift": "let x = unsafe pointer.pointee\n"}, "unsafe"),
    (PACKAGE, {"High/a.swift": "final class A: @unchecked Sendable {}\n"}, "@unchecked Sendable"),
    (PACKAGE, {"Other/a.swift": ""}, "no target"),
    ('targets: [ pure("Low", ["High"]), pure("High", []) ]', {"Low/a.swift": ""}, "not above it"),
])
def test_a_broken_layer_is_seen(tmp_path, package, sources, sign):
    write(tmp_path, package, sources)
    found = layers.problems(str(tmp_path))
    assert len(found) == 1 and sign in found[0], found


def test_a_good_package_has_no_problems(tmp_path):
    write(tmp_path, PACKAGE, {"Low/a.swift": '// unsafe\nlet text = "unsafe"\n', "Posix/b.swift": "import Low\nunsafe f()\n",
                              "High/c.swift": "import Glibc\nimport Low\nimport Posix\n"})
    assert not layers.problems(str(tmp_path))
