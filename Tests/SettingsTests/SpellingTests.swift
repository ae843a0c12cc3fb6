import Settings
import Testing

/// That YAML and INI are two spellings of one tree: every option, written in both, reads the same.
struct SpellingTests {
    /// One option's place and value, to be written either way.
    struct Written {
        let path: [String]
        let items: [String]
        let isList: Bool
    }

    @Test func everyOptionReadsTheSameInBothSpellings() {
        var seen: Set<String> = []
        for option in OptionTable.options {
            for sample in option.samples {
                let written = Self.write(option, [sample])
                let readings = Self.expectSame([written])
                #expect(readings.count == 1, "\(option.path): \(sample)")
                seen.insert(option.path)
            }
        }
        #expect(seen.count == OptionTable.options.count)
    }

    @Test(arguments: 0..<60)
    func anyConfigReadsTheSameInBothSpellings(seed: Int) {
        var random = Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1)
        var written: [Written] = []
        for option in OptionTable.options where Bool.random(using: &random) {
            let count = option.isList ? Int.random(in: 0...4, using: &random) : 1
            written.append(Self.write(option, (0..<count).map { _ in option.samples.randomElement(using: &random)! }))
        }
        written.shuffle(using: &random)
        #expect(Self.expectSame(written).count == written.count)
    }

    static func write(_ option: OptionDeclaration, _ items: [String]) -> Written {
        let parts = option.path.split(separator: ".").map(String.init)
        let path = parts.enumerated().map { index, part in
            part == "*" ? (index == parts.count - 1 ? "/a b/x=1;#/**".replacingHash : "name.1") : part
        }
        return Written(path: path, items: items, isList: option.isList)
    }

    @discardableResult
    static func expectSame(_ written: [Written]) -> [String: String] {
        let yaml = readings(yaml(written), "yaml")
        let ini = readings(ini(written), "ini")
        #expect(yaml == ini, "\(self.yaml(written))\n\(self.ini(written))")
        return yaml
    }

    static func readings(_ text: String, _ ending: String) -> [String: String] {
        var files = MemoryFiles()
        files.files["/etc/postern/c.\(ending)"] = Array(text.utf8)
        let (values, faults) = ConfigurationLoader(files: files).readings(path: "c.\(ending)")
        #expect(faults == [], "\(faults.text)\n\(text)")
        return values
    }

    static func quote(_ text: String) -> String {
        "\"" + text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
    }

    static func yaml(_ written: [Written]) -> String {
        func block(_ group: [Written], _ depth: Int) -> String {
            var out = ""
            var done: Set<String> = []
            for one in group where !done.contains(one.path[depth]) {
                let key = one.path[depth]
                done.insert(key)
                let indentation = String(repeating: "  ", count: depth)
                if one.path.count == depth + 1 {
                    let items = one.items.map(quote).joined(separator: ", ")
                    out += "\(indentation)\(quote(key)): \(one.isList ? "[\(items)]" : items)\n"
                } else {
                    let inner = block(group.filter { $0.path[depth] == key }, depth + 1)
                    out += "\(indentation)\(quote(key)):\n\(inner)"
                }
            }
            return out
        }
        return block(written, 0)
    }

    static func ini(_ written: [Written]) -> String {
        var sections: [[String]: [Written]] = [:]
        for one in written { sections[one.path.dropLast(), default: []].append(one) }
        var out = ""
        for (section, group) in sections.sorted(by: { $0.key.count < $1.key.count }) {
            if !section.isEmpty { out += "[\(section.map(quote).joined(separator: "."))]\n" }
            for one in group {
                out += "\(quote(one.path.last!)) = \(one.items.map(quote).joined(separator: ", "))\n"
            }
        }
        return out
    }
}

extension String {
    /// A pattern may hold no `#`; its encoding may.
    var replacingHash: String { split(separator: "#").joined(separator: "%23") }
}

/// A random generator that a seed decides (splitmix64).
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
