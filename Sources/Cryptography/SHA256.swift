import Bytes
import COpenSSL

/// 32 bytes of SHA-256 (FIPS 180-4) as a value that lies inline: a dictionary key that allocates nothing.
package struct SHA256Digest: Hashable, Sendable {
    /// The digest's eight-byte groups, each read big-endian.
    private let first, second, third, fourth: UInt64

    /// - Precondition: exactly 32 bytes.
    package init(_ bytes: Span<UInt8>) {
        precondition(bytes.count == SHA256.byteCount)
        first = Self.word(bytes, at: 0)
        second = Self.word(bytes, at: 8)
        third = Self.word(bytes, at: 16)
        fourth = Self.word(bytes, at: 24)
    }

    /// The digest as it lies in memory.
    fileprivate typealias BigEndianWords = (UInt64, UInt64, UInt64, UInt64)

    fileprivate init(bigEndianWords words: BigEndianWords) {
        first = UInt64(bigEndian: words.0)
        second = UInt64(bigEndian: words.1)
        third = UInt64(bigEndian: words.2)
        fourth = UInt64(bigEndian: words.3)
    }

    fileprivate var bigEndianWords: BigEndianWords {
        (first.bigEndian, second.bigEndian, third.bigEndian, fourth.bigEndian)
    }

    package var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(SHA256.byteCount)
        append(to: &out)
        return out
    }

    /// Appends the 32 bytes.
    package func append(to out: inout [UInt8]) {
        for word in [first, second, third, fourth] {
            for shift in stride(from: 56, through: 0, by: -8) { out.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
    }

    /// 64 lower-case digits.
    package var hex: String {
        var out: [UInt8] = []
        appendHex(to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// Appends `hex`.
    package func appendHex(to out: inout [UInt8]) {
        out.append(addingCapacity: 2 * SHA256.byteCount) { (out: inout OutputSpan<UInt8>) in
            Self.appendHex(first, to: &out)
            Self.appendHex(second, to: &out)
            Self.appendHex(third, to: &out)
            Self.appendHex(fourth, to: &out)
        }
    }

    private static func appendHex(_ word: UInt64, to out: inout OutputSpan<UInt8>) {
        var rest = word
        for _ in 0..<16 {
            rest = rest << 4 | rest >> 60
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            out.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }

    /// Half of a digest spreads keys as well as all of it; equality compares the whole.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(first)
        hasher.combine(second)
    }

    private static func word(_ bytes: Span<UInt8>, at start: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in start..<start + 8 { word = word << 8 | UInt64(bytes[index]) }
        return word
    }
}

extension SHA256Digest: CustomStringConvertible {
    package var description: String { hex }
}

/// SHA-256 of bytes that are all at hand.
package enum SHA256 {
    package static let byteCount = 32

    /// Fetched once: OpenSSL 3 looks an algorithm up by name on every call that is not given one,
    /// which costs three times the digest of a small input.
    nonisolated(unsafe) static let algorithm: OpaquePointer = {
        guard let algorithm = EVP_MD_fetch(nil, "SHA256", nil) else { fatalError("OpenSSL offers no SHA-256") }
        return algorithm
    }()

    package static func digest(_ bytes: Span<UInt8>) -> SHA256Digest {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finish()
    }

    package static func digest(_ bytes: [UInt8]) -> SHA256Digest { digest(bytes.span) }

    package static func digest(of bytes: [UInt8]) -> SHA256Digest { digest(bytes.span) }
}

/// SHA-256 of bytes that come in pieces. `finish` answers, and makes it ready for the next message.
package struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer
    private var isStarted = false

    package init() {
        guard let context = EVP_MD_CTX_new() else { fatalError("out of memory") }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    package mutating func update(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBytes { update($0) }
    }

    package mutating func update(_ bytes: [UInt8]) { update(bytes.span) }

    package mutating func update(_ text: String) { update(Array(text.utf8).span) }

    package mutating func update(_ digest: SHA256Digest) {
        var words = digest.bigEndianWords
        withUnsafeBytes(of: &words) { update($0) }
    }

    package mutating func finish() -> SHA256Digest {
        start()
        isStarted = false
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let done = withUnsafeMutableBytes(of: &words) {
            EVP_DigestFinal_ex(context, $0.assumingMemoryBound(to: UInt8.self).baseAddress, nil)
        }
        precondition(done == 1)
        return SHA256Digest(bigEndianWords: words)
    }

    private mutating func update(_ bytes: UnsafeRawBufferPointer) {
        start()
        let done = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(done == 1)
    }

    private mutating func start() {
        if isStarted { return }
        let done = EVP_DigestInit_ex2(context, SHA256.algorithm, nil)
        precondition(done == 1)
        isStarted = true
    }
}
