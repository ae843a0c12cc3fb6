import COpenSSL

/// Comparison that takes as long for a near miss as for a far one.
package enum ConstantTime {
    /// Whether both hold the same bytes. Only the lengths can be told from the time it takes.
    package static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    package static func equal(_ left: String, _ right: String) -> Bool {
        equal(Array(left.utf8), Array(right.utf8))
    }
}
