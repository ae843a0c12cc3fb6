import COpenSSL

/// A digest of the SHA-2 family (FIPS 180-4), where which one it is comes with the data: signatures and `at_hash`.
/// What is always SHA-256 uses `SHA256`.
package enum SHA2: Sendable {
    case sha256, sha384, sha512

    package var byteCount: Int {
        switch self {
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    package func digest(_ bytes: Span<UInt8>) -> [UInt8] {
        let byteCount = byteCount, algorithm = algorithm
        return [UInt8](unsafeUninitializedCapacity: byteCount) { out, count in
            let done = bytes.withUnsafeBytes {
                EVP_Digest($0.baseAddress, $0.count, out.baseAddress, nil, algorithm, nil)
            }
            precondition(done == 1)
            count = byteCount
        }
    }

    package func digest(_ bytes: [UInt8]) -> [UInt8] { digest(bytes.span) }

    var algorithm: OpaquePointer {
        switch self {
        case .sha256: SHA256.algorithm
        case .sha384: Self.sha384Algorithm
        case .sha512: Self.sha512Algorithm
        }
    }

    nonisolated(unsafe) private static let sha384Algorithm = fetch("SHA384")
    nonisolated(unsafe) private static let sha512Algorithm = fetch("SHA512")

    private static func fetch(_ name: String) -> OpaquePointer {
        guard let algorithm = EVP_MD_fetch(nil, name, nil) else { fatalError("OpenSSL offers no \(name)") }
        return algorithm
    }
}
