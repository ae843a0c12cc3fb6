/// Text as protocols mean it: bytes first, and nothing invisible where people read it.
extension String {
    /// Equality byte for byte. `==` compares by canonical equivalence: U+212A and `K` are one to it.
    package func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    /// C0, DEL or C1: what could break a line of a log or a header.
    var hasControlCharacters: Bool {
        unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
    }

    /// The text cut to `longest` characters, with a space for each control character; nil where it is empty.
    func visibleLine(longest: Int) -> String? {
        var line = UnicodeScalarView()
        for scalar in unicodeScalars.prefix(longest) {
            line.append(String(scalar).hasControlCharacters ? " " : scalar)
        }
        return line.isEmpty ? nil : String(line)
    }
}
