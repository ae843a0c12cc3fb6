import Cryptography
import Foundation
import Testing

/// Keys as `openssl` writes them, and signatures as it checks them.
@Suite struct SigningKeyTests {
    private func openssl(_ arguments: String...) throws -> [UInt8] {
        let process = Process(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return bytes
    }

    private func key(_ pem: [UInt8]) throws -> SigningKey { try SigningKey(pem: SecretBytes(pem)) }

    private func refusal(_ pem: [UInt8]) -> SigningKeyError? {
        do {
            _ = try key(pem)
            return nil
        } catch { return error as? SigningKeyError }
    }

    @Test func aKeySignsByTheSchemesOfItsKind() throws {
        let keys: [([UInt8], [SignatureScheme])] = [
            (try openssl("genrsa", "2048"), [.rsaSHA256, .rsaPSSSHA256, .rsaSHA384, .rsaSHA512]),
            (try openssl("genrsa", "-traditional", "2048"), [.rsaSHA256, .rsaPSSSHA256, .rsaSHA384, .rsaSHA512]),
            (
                try openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"),
                [.rsaPSSSHA256]
            ),
            (try openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"), [.p256SHA256]),
            (try openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout"), [.p256SHA256]),
            (try openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"), [.p384SHA384]),
            (try openssl("genpkey", "-algorithm", "ED25519"), [.ed25519]),
        ]
        for (pem, schemes) in keys {
            let key = try key(pem)
            #expect(key.schemes == schemes)
            for scheme in SignatureScheme.allCases {
                let signature = key.sign([1, 2, 3], by: scheme)
                #expect((signature != nil) == schemes.contains(scheme))
                let sizes = [SignatureScheme.p256SHA256: 64, .p384SHA384: 96, .ed25519: 64]
                if let signature { #expect(signature.count == sizes[scheme] ?? 256) }
            }
        }
    }

    @Test func keysOfOtherKindsAreRefused() throws {
        #expect(refusal(try openssl("genrsa", "1024")) == .kind)
        #expect(refusal(try openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521")) == .kind)
        #expect(refusal(try openssl("genpkey", "-algorithm", "ED448")) == .kind)
        #expect(refusal(try openssl("genpkey", "-algorithm", "X25519")) == .kind)
    }

    @Test func whatIsNoPrivateKeyIsRefused() throws {
        for text in ["", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            #expect(refusal(Array(text.utf8)) == .unreadable)
        }
        let locked = try openssl("genpkey", "-algorithm", "ED25519", "-aes-128-cbc", "-pass", "pass:secret")
        #expect(refusal(locked) == .unreadable)
    }
}
