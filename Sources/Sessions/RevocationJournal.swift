import Cryptography

/// Revocations as bytes, one after the other, for a file that is only ever added to.
///
///     version (1) | space (1), and 0x80 for all of it | 0 (6) | key (16) | before (8) | until (8) | checksum (8)
///
/// Numbers are big-endian; the checksum is the first eight bytes of SHA-256 over all that stands before it. A reader
/// passes over what is no entry to the next that is one: a write that was cut short loses its own entry and no other.
package enum RevocationJournal {
    package static let entrySize = 48
    private static let checkedSize = 40
    private static let version: UInt8 = 1
    private static let everything: UInt8 = 0x80

    package static func encode(_ revocations: [Revocation]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(revocations.count * entrySize)
        for revocation in revocations { append(revocation, to: &out) }
        return out
    }

    private static func append(_ revocation: Revocation, to out: inout [UInt8]) {
        var entry: [UInt8] = [version]
        switch revocation.subject {
        case .key(let key): entry += [key.space.rawValue, 0, 0, 0, 0, 0, 0] + key.bytes
        case .everything(let space): entry += [space.rawValue | everything] + [UInt8](repeating: 0, count: 22)
        }
        for number in [revocation.before, revocation.until] {
            for shift in stride(from: 56, through: 0, by: -8) {
                entry.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        out += entry + checksum(entry[...])
    }

    /// What came out of some bytes.
    package struct Read: Sendable, Equatable {
        package var revocations: [Revocation] = []
        /// Bytes that were read, from the first on. What stands behind them may be the beginning of an entry.
        package var consumed = 0
        /// Bytes among them that are no entry's.
        package var damaged = 0
    }

    package static func decode(_ bytes: [UInt8]) -> Read {
        var read = Read()
        while bytes.count - read.consumed >= entrySize {
            if let revocation = entry(bytes[read.consumed..<read.consumed + entrySize]) {
                read.revocations.append(revocation)
                read.consumed += entrySize
            } else {
                read.damaged += 1
                read.consumed += 1
            }
        }
        return read
    }

    private static func entry(_ bytes: ArraySlice<UInt8>) -> Revocation? {
        let start = bytes.startIndex
        guard bytes[start] == version, let space = RevocationSpace(rawValue: bytes[start + 1] & ~everything),
            bytes[start + 2..<start + 8].allSatisfy({ $0 == 0 }),
            checksum(bytes[..<(start + checkedSize)]).elementsEqual(bytes[(start + checkedSize)...])
        else { return nil }
        func number(_ offset: Int) -> Int64 {
            Int64(bitPattern: bytes[start + offset..<start + offset + 8].reduce(0) { $0 << 8 | UInt64($1) })
        }
        let key = Array(bytes[start + 8..<start + 24])
        let subject: Revocation.Subject
        if bytes[start + 1] & everything != 0 {
            guard key.allSatisfy({ $0 == 0 }) else { return nil }
            subject = .everything(space)
        } else {
            guard let key = RevocationKey(space, key) else { return nil }
            subject = .key(key)
        }
        return Revocation(subject, before: number(24), until: number(32))
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(SHA256.digest(Array(bytes)).bytes.prefix(8))
    }
}
