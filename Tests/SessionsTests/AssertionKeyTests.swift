import Bytes
import Cryptography
import Sessions
import Testing

@Suite struct AssertionKeyTests {
    private func ring(_ keys: String...) throws -> KeyRing { try KeyRing(keys.map { SecretBytes(Array($0.utf8)) }) }
    private let old = String(repeating: "0a1b", count: 16)
    private let new = String(repeating: "2c3d", count: 16)

    @Test func allInstancesHaveTheSameKeysAndTheNewestIsFirst() throws {
        let both = try ring(new, old).assertionKeys.map(\.id)
        #expect(both == [try ring(new).assertionKeys[0].id, try ring(old).assertionKeys[0].id])
        #expect(both[0] != both[1])
    }

    @Test func whatIsSignedHoldsByThePublishedKey() throws {
        let key = try ring(new).assertionKeys[0]
        let parts = key.sign { $0.member("sub", "a") }.split(separator: ".").map(String.init)
        #expect(parts.count == 3 && Base64URL.decode(parts[1]) == Array("{\"sub\":\"a\"}".utf8))
        let header = "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"\(key.id)\"}"
        #expect(Base64URL.decode(parts[0]) == Array(header.utf8))
        let bytes = try #require(Base64URL.decode(key.x)), signature = try #require(Base64URL.decode(parts[2]))
        let known = try PublicKey(ed25519: bytes)
        #expect(known.verifies(signature, of: Array("\(parts[0]).\(parts[1])".utf8), by: .ed25519))
        #expect(!known.verifies(signature, of: Array("\(parts[0]).e30".utf8), by: .ed25519))
    }

    /// RFC 8032 section 7.1, test 1.
    @Test func theKeyIsTheOneThatTheSeedMakes() throws {
        let seed = try #require(Hex.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
        let key = SigningKey(ed25519: SecretBytes(seed))
        let known = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        #expect(key.ed25519PublicKey.map { Hex.encode($0) } == known)
    }
}
