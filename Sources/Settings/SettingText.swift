/// A config file's bytes as lines of text: what both spellings ask of them, and no more than their limits.
struct SettingText {
    /// Bytes of one file.
    static let maximumSize = 1024 * 1024
    /// Sections within sections.
    static let maximumDepth = 16
    /// Keys and values of one file.
    static let maximumNodes = 20_000

    let file: String
    let text: String

    /// Nil where the bytes are too many, or no UTF-8, or hold control characters; `faults` says which,
    /// and where.
    init?(file: String, bytes: [UInt8], faults: inout [Fault]) {
        guard bytes.count <= Self.maximumSize else {
            faults.append(
                Fault(
                    .error, file: file, line: nil, message: "the file is larger than 1 MiB",
                    remedy: "A config is at most 1 MiB; point to other files from it"))
            return nil
        }
        let marked = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        let before = faults.count
        var lines = marked.split(separator: 0x0A, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let content = line.last == 0x0D ? line.dropLast() : line
            lines[index] = content
            if String(validating: content, as: UTF8.self) == nil {
                faults.append(
                    Fault(
                        .error, file: file, line: index + 1, message: "the line is not UTF-8",
                        remedy: "Save the file as UTF-8"))
            } else if content.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) {
                faults.append(
                    Fault(
                        .error, file: file, line: index + 1, message: "the line holds a control character",
                        remedy: "Remove it"))
            }
            if faults.count - before >= 20 { break }
        }
        guard faults.count == before else { return nil }
        self.file = file
        text = String(decoding: Array(lines.joined(separator: [0x0A])), as: UTF8.self)
    }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
}
