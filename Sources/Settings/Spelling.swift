/// Finds what a misspelt word was meant to be.
enum Spelling {
    /// The candidate nearest to `word`, where it is near enough to be meant: at most a third of the
    /// word's letters away, or one begins with the other. Of equally near ones the first.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        let plain = fold(word)
        guard !plain.isEmpty, plain.count <= 64 else { return nil }
        var best: (distance: Int, candidate: String)?
        for candidate in candidates {
            let other = fold(candidate)
            var distance = distance(plain, other)
            if min(plain.count, other.count) >= 4, plain.starts(with: other) || other.starts(with: plain) {
                distance = min(distance, 2)
            }
            guard distance <= max(1, max(plain.count, other.count) / 3) else { continue }
            if best.map({ distance < $0.distance }) ?? true { best = (distance, candidate) }
        }
        return best?.candidate
    }

    /// Lower case, `-` as `_`.
    private static func fold(_ text: String) -> [UInt8] {
        text.lowercased().utf8.map { $0 == 0x2D ? 0x5F : $0 }
    }

    /// Edits that lead from one to the other: a letter more, less or another, or two neighbours swapped.
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var before: [Int] = []
        var previous = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(row[j] + 1, previous[j + 1] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
                row.append(cost)
            }
            before = previous
            previous = row
        }
        return previous[b.count]
    }
}
