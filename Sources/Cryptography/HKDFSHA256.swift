/// HKDF with SHA-256 (RFC 5869): keys for one purpose each from a secret that serves many.
package enum HKDFSHA256 {
    /// - Parameters:
    ///   - salt: may be empty, which stands for 32 zero bytes.
    ///   - count: 1...8160 bytes.
    package static func derive(secret: SecretBytes, salt: [UInt8], info: String, count: Int) -> SecretBytes {
        precondition(count > 0 && count <= 255 * SHA256.byteCount)
        let pseudoRandomKey = secret.withBytes { HMACSHA256.authenticate($0, key: salt) }
        let expander = HMACSHA256(key: pseudoRandomKey)
        var out: [UInt8] = []
        var block: [UInt8] = []
        var counter: UInt8 = 1
        while out.count < count {
            block = expander.authenticate(block + Array(info.utf8) + [counter]).bytes
            out += block
            counter &+= 1
        }
        return SecretBytes(Array(out.prefix(count)))
    }
}
