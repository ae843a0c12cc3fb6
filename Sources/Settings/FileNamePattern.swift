/// Names of files in which `*` is any run of characters and `?` is one. A name that begins with a dot is met only by a
/// pattern that does.
struct FileNamePattern {
    private let bytes: [UInt8]

    init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

    static func isPattern(_ text: some StringProtocol) -> Bool { text.utf8.contains { $0 == 0x2A || $0 == 0x3F } }

    func matches(_ name: String) -> Bool {
        let name = Array(name.utf8)
        guard name.first != 0x2E || bytes.first == 0x2E else { return false }
        var (index, place) = (0, 0)
        /// The last `*` and where what it stands for ends: it takes one more where the rest does not match.
        var star: (index: Int, end: Int)?
        while place < name.count {
            if index < bytes.count, bytes[index] == 0x2A {
                star = (index, place)
                index += 1
            } else if index < bytes.count, bytes[index] == name[place] || bytes[index] == 0x3F {
                index += 1
                place += 1
            } else if let last = star {
                star = (last.index, last.end + 1)
                index = last.index + 1
                place = last.end + 1
            } else {
                return false
            }
        }
        return bytes[index...].allSatisfy { $0 == 0x2A }
    }
}
