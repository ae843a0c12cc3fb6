import Testing
import Tokens

@Suite struct WithdrawnKeysTests {
    private let file = VectorFile.shared

    /// A token that verifies, and a set that its key is in.
    private func sample() throws -> (token: String, keys: KeySet) {
        let file = try #require(file), vector = try file.vector("good")
        return (vector.token, try file.keySet(vector.keys))
    }

    private func emptySet() throws -> KeySet { try KeySet.parse(json: Array("{\"keys\":[]}".utf8)) }

    @Test func aKeyThatIsThereHasEndedNothing() throws {
        let (token, keys) = try sample()
        var withdrawn = WithdrawnKeys()
        #expect(!withdrawn.ended(token, expiry: 1000))
        withdrawn.note(keys, after: nil, now: 10)
        withdrawn.note(keys, after: keys, now: 10)
        #expect(withdrawn.count == 0 && !withdrawn.ended(token, expiry: 1000))
    }

    @Test func aKeyThatWentBeforeTheTokensTimeWasOverHasEndedIt() throws {
        let (token, keys) = try sample()
        var withdrawn = WithdrawnKeys()
        withdrawn.note(try emptySet(), after: keys, now: 999)
        #expect(withdrawn.ended(token, expiry: 1000))
        #expect(!withdrawn.ended(token, expiry: 999))
    }

    @Test func aKeyThatIsBackHasEndedNothing() throws {
        let (token, keys) = try sample()
        var withdrawn = WithdrawnKeys()
        withdrawn.note(try emptySet(), after: keys, now: 10)
        withdrawn.note(keys, after: try emptySet(), now: 20)
        #expect(!withdrawn.ended(token, expiry: 1000))
    }

    @Test func itEndsWhatItSignedAndNothingElse() throws {
        let (token, keys) = try sample()
        var withdrawn = WithdrawnKeys()
        withdrawn.note(try emptySet(), after: keys, now: 10)
        let parts = token.split(separator: ".")
        for other in ["", "x", "a.b.c", "\(parts[0]).\(parts[1]).AAAA", "\(parts[0]).e30.\(parts[2])"] {
            #expect(!withdrawn.ended(other, expiry: 1000), "\(other.prefix(40))")
        }
    }

    @Test func theLatestAreRemembered() throws {
        let (token, keys) = try sample()
        var withdrawn = WithdrawnKeys()
        for _ in 0..<2 * WithdrawnKeys.limit {
            withdrawn.note(try emptySet(), after: keys, now: 10)
            #expect(withdrawn.count <= WithdrawnKeys.limit)
        }
        #expect(withdrawn.ended(token, expiry: 1000))
    }
}
