import TLS
import Testing

@Suite struct ConfigurationTests {
    private func refusal(chain: String, key: String) -> TLSError? {
        do {
            _ = try TLSServerContext(
                certificates: [TLSCertificate(chainPEM: Fixtures.file(chain), keyPEM: Fixtures.file(key))])
            return nil
        } catch { return error }
    }

    @Test func aKeyOfAnotherCertificateIsRefused() {
        #expect(refusal(chain: "docs.pem", key: "wild.key")?.kind == .keyMismatch)
        #expect(refusal(chain: "docs.pem", key: "rsa.key")?.kind == .keyMismatch)
    }

    @Test func aChainInTheWrongOrderIsRefused() {
        #expect(refusal(chain: "reversed.pem", key: "deep.key")?.text.contains("certificate 2") == true)
    }

    @Test(arguments: ["encrypted.key", "encrypted-old.key"])
    func anEncryptedKeyIsRefused(key: String) {
        let error = refusal(chain: "docs.pem", key: key)
        #expect(error?.kind == .keyEncrypted)
        #expect(error?.text.contains("openssl pkey") == true)
    }

    @Test func textThatIsNoPEMIsRefused() {
        #expect(refusal(chain: "docs.key", key: "docs.key")?.kind == .certificateUnreadable)
        #expect(refusal(chain: "docs.pem", key: "docs.pem")?.kind == .keyUnreadable)
        var broken = Fixtures.file("docs.pem")
        broken[100] = UInt8(ascii: "!")
        #expect(throws: TLSError.self) {
            try TLSServerContext(certificates: [TLSCertificate(chainPEM: broken, keyPEM: Fixtures.file("docs.key"))])
        }
        #expect(throws: TLSError.self) {
            try TLSServerContext(certificates: [TLSCertificate(chainPEM: [], keyPEM: [])])
        }
        #expect(throws: TLSError.self) { try TLSServerContext(certificates: []) }
        #expect(throws: TLSError.self) { try TLSClientContext(caPEM: Array("nothing".utf8)) }
    }

    @Test func aWeakKeyIsRefused() {
        #expect(refusal(chain: "weak.pem", key: "weak.key")?.kind == .certificateRefused)
    }

    @Test func aCertificateTellsItsNamesAndDates() {
        let summary = Fixtures.server("wild").certificates[0]
        #expect(summary.names == ["*.wild.example.com", "exact.wild.example.com"])
        #expect(summary.notAfter - summary.notBefore == 30 * 86400)
    }
}
