"""The layers, as Package.swift draws them: a target may depend on what is declared above it, a source may import only
what its target depends on, and `unsafe` stays in the modules that bind C or the kernel."""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINDING = {"Posix", "Cryptography", "TLS", "Deflate", "Reactor", "HTTP2"}
SYSTEM = {"Glibc", "Foundation", "FoundationEssentials", "Synchronization", "Testing", "Dispatch"}
PRODUCTS = {"yams": "Yams", "logging": "Logging", "argumentParser": "ArgumentParser"}


def targets(text):
    """Name to the names that it depends on, in the order of the file."""
    found = {}
    pattern = r'(?:\.target|\.systemLibrary|\.executableTarget|pure|binding|tests)\(\s*(?:name:\s*)?"(\w+)"'
    marks = list(re.finditer(pattern, text))
    for mark, following in zip(marks, [*marks[1:], None]):
        body = text[mark.end(): following.start() if following else len(text)]
        body = re.sub(r"//.*", "", body)
        lists = re.search(r"\[(.*?)\]", body, re.S) if not text[mark.start():].startswith(".systemLibrary") else None
        words = re.findall(r'"(\w+)"|\b(' + "|".join(PRODUCTS) + r")\b", lists[1]) if lists else []
        found[mark[1]] = [quoted or PRODUCTS[name] for quoted, name in words]
    return found


def without_comments(source):
    source = re.sub(r"/\*.*?\*/", "", source, flags=re.S)
    return re.sub(r"//.*", "", source)


def problems(root=ROOT):
    found = []
    with open(os.path.join(root, "Package.swift"), encoding="utf-8") as source:
        graph = targets(source.read())
    above = set(PRODUCTS.values())
    for name, dependencies in graph.items():
        found += [f"Package.swift: {name} depends on {one}, which is not above it"
                  for one in dependencies if one not in above]
        above.add(name)
    for folder in ("Sources", "Tests"):
        for name in sorted(os.listdir(os.path.join(root, folder))):
            if name not in graph:
                if folder == "Sources":
                    found.append(f"Sources/{name}: no target of Package.swift")
                continue
            for path in swift_files(os.path.join(root, folder, name)):
                found += check_file(os.path.relpath(path, root), path, name, set(graph[name]))
    return found


def swift_files(folder):
    for parent, _, names in os.walk(folder):
        yield from (os.path.join(parent, name) for name in sorted(names) if name.endswith(".swift"))


def check_file(shown, path, module, granted):
    with open(path, encoding="utf-8") as source:
        text = without_comments(source.read())
    modules = re.findall(r"^\s*(?:@\w+\s+|(?:package|internal|public|private)\s+)*import\s+(?:struct |enum |func )?(\w+)",
                         text, re.M)
    found = [f"{shown}: imports {one}, which {module} does not depend on"
             for one in modules if one not in granted | SYSTEM]
    if shown.startswith("Sources") and module not in BINDING:
        code = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
        found += [f"{shown}: {word} outside the modules that bind C or the kernel"
                  for word in ("unsafe", "@unchecked Sendable", "nonisolated(unsafe)") if re.search(
                      r"(?<![\w@])" + re.escape(word) + r"(?!\w)", code)]
    return found


if __name__ == "__main__":
    wrong = problems()
    print("\n".join(wrong) if wrong else "The layers hold.")
    sys.exit(1 if wrong else 0)
