import Foundation
import Testing
import Tokens

/// `Vectors/tokens.json`, as `Vectors/make_vectors.py` writes it.
struct VectorFile: Decodable, Sendable {
    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let token: String
        /// `ok`, or `TokenError.code`.
        let expect: String
        /// The name of a key set.
        let keys: String
        /// `id` or `bearer`.
        let kind: String
        let nonce: String?
        let accessToken: String?
        let issuedWithin: Int64?
        let subject: String?
        let displayName: String?
        let email: String?
        let hasNoEmail: Bool?
        let emailVerified: Bool?
        let groups: [String]?
        let expiresAt: Int64?
        let issuedAt: Int64?

        var testDescription: String { name }
    }

    let now: Int64
    let issuer: String
    let audiences: [String]
    /// Each the JSON text of a key set.
    let keySets: [String: String]
    let vectors: [Vector]

    static let loaded = Result {
        let url = try #require(Bundle.module.url(forResource: "Vectors", withExtension: nil))
        return try JSONDecoder().decode(
            VectorFile.self, from: Data(contentsOf: url.appendingPathComponent("tokens.json")))
    }
    static var shared: VectorFile? { try? loaded.get() }

    var policy: TokenPolicy { TokenPolicy(issuer: issuer, audiences: audiences) }

    func keySet(_ name: String) throws -> KeySet {
        try KeySet.parse(json: Array(try #require(keySets[name]).utf8))
    }

    func vector(_ name: String) throws -> Vector { try #require(vectors.first { $0.name == name }) }
}

@Suite struct TokenVectorTests {
    @Test func theVectorsAreThere() throws {
        let file = try VectorFile.loaded.get()
        #expect(file.vectors.count > 400)
        #expect(file.vectors.count { $0.expect == "ok" } > 60)
    }

    @Test(arguments: VectorFile.shared?.vectors ?? [])
    func everyTokenIsJudgedAsItsMakerSays(vector: VectorFile.Vector) throws {
        let file = try #require(VectorFile.shared)
        let keys = try file.keySet(vector.keys)
        var policy = file.policy
        policy.issuedWithin = vector.issuedWithin
        do {
            let identity =
                vector.kind == "bearer"
                ? try TokenVerifier.verifyBearer(vector.token, keys: keys, policy: policy, now: file.now)
                : try TokenVerifier.verifyIDToken(
                    vector.token, keys: keys, policy: policy, nonce: vector.nonce, accessToken: vector.accessToken,
                    now: file.now)
            #expect(vector.expect == "ok")
            #expect(identity.issuer == file.issuer)
            if let subject = vector.subject { #expect(identity.subject == subject) }
            if let name = vector.displayName { #expect(identity.name == name) }
            if let email = vector.email { #expect(identity.email == email) }
            if vector.hasNoEmail == true { #expect(identity.email == nil) }
            if let verified = vector.emailVerified { #expect(identity.emailVerified == verified) }
            if let groups = vector.groups { #expect(identity.groups == groups) }
            if let expiresAt = vector.expiresAt { #expect(identity.expiresAt == expiresAt) }
            if let issuedAt = vector.issuedAt { #expect(identity.issuedAt == issuedAt) }
        } catch {
            #expect(error.code == vector.expect)
        }
    }

    @Test func everyRefusalIsProvokedByAVector() throws {
        let file = try #require(VectorFile.shared)
        let provoked = Set(file.vectors.map(\.expect))
        let errors: [TokenError] =
            [
                .tooLarge, .notCompact, .algorithm, .unsupportedExtension, .foreignKey, .type, .keyIdentifier,
                .unknownKey(nil),
                .ambiguousKey, .signature, .issuer, .audience, .authorizedParty, .expired, .notYetValid,
                .issuedInFuture, .issuedTooLongAgo, .nonce, .accessTokenHash, .eventToken,
            ]
            + [.header, .payload, .signature].map { .encoding($0) }
            + [.header, .payload].map { .notJSON($0) }
            + [.iss, .sub, .aud, .exp, .iat, .nonce].map { .missing($0) }
            // Those that logout tokens alone have are LogoutTokenTests'.
            + Claim.allCases.filter { $0 != .jti && $0 != .sid }.map { .malformed($0) }
        for error in errors { #expect(provoked.contains(error.code), "\(error.code)") }
    }

    @Test func anUnknownKeySaysWhichOneWasAskedFor() throws {
        let file = try #require(VectorFile.shared)
        let keys = try file.keySet("main")
        #expect(throws: TokenError.unknownKey("c")) {
            try TokenVerifier.verifyIDToken(
                file.vector("kid: unknown").token, keys: keys, policy: file.policy, nonce: nil, now: file.now)
        }
    }

    @Test func everyChangedCharacterOfATokenIsNoticed() throws {
        let file = try #require(VectorFile.shared)
        let keys = try file.keySet("main")
        let token = Array(try file.vector("good").token.utf8)
        for index in token.indices {
            for replacement in [UInt8(ascii: "A"), UInt8(ascii: "Q"), UInt8(ascii: "."), 0xFF]
            where replacement != token[index] {
                var changed = token
                changed[index] = replacement
                #expect(throws: TokenError.self) {
                    try TokenVerifier.verifyIDToken(changed, keys: keys, policy: file.policy, nonce: nil, now: file.now)
                }
            }
        }
    }

    @Test func everyTruncationOfATokenIsNoticed() throws {
        let file = try #require(VectorFile.shared)
        let keys = try file.keySet("main")
        let token = Array(try file.vector("good").token.utf8)
        for count in 0..<token.count {
            #expect(throws: TokenError.self) {
                try TokenVerifier.verifyIDToken(
                    Array(token.prefix(count)), keys: keys, policy: file.policy, nonce: nil, now: file.now)
            }
        }
    }

    @Test func theSkewIsThePolicys() throws {
        let file = try VectorFile.loaded.get()
        let keys = try file.keySet("main")
        let token = try file.vector("good").token
        for skew in [0, 1, 300] as [Int64] {
            let policy = TokenPolicy(issuer: file.issuer, audiences: file.audiences, clockSkew: skew)
            let last = file.now + 300 + skew - 1
            #expect(throws: Never.self) {
                try TokenVerifier.verifyIDToken(token, keys: keys, policy: policy, nonce: nil, now: last)
            }
            #expect(throws: TokenError.expired) {
                try TokenVerifier.verifyIDToken(token, keys: keys, policy: policy, nonce: nil, now: last + 1)
            }
        }
    }

    @Test func groupsComeFromTheClaimThatThePolicyNames() throws {
        let file = try VectorFile.loaded.get()
        var policy = file.policy
        policy.groupClaims = ["nowhere.here", "name"]
        let identity = try TokenVerifier.verifyIDToken(
            file.vector("good").token, keys: file.keySet("main"), policy: policy, nonce: nil, now: file.now)
        #expect(identity.groups == ["Ada Lovelace"])
    }

    @Test func anAccountIsItsIssuerAndSubject() throws {
        let file = try VectorFile.loaded.get()
        func identity(_ name: String) throws -> Identity {
            try TokenVerifier.verifyIDToken(
                file.vector(name).token, keys: file.keySet("main"), policy: file.policy, nonce: nil, now: file.now)
        }
        let good = try identity("good")
        #expect(good.isSameAccount(as: try identity("identity: no groups")))
        #expect(!good.isSameAccount(as: try identity("sub: umlaut")))
    }

    @Test func oneKeyServesManyTasks() async throws {
        let file = try VectorFile.loaded.get()
        let keys = try file.keySet("main")
        let good = try file.vector("good").token
        let forged = try file.vector("signature: n - s").token
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    (0..<100).allSatisfy { _ in
                        let holds = try? TokenVerifier.verifyIDToken(
                            good, keys: keys, policy: file.policy, nonce: nil, now: file.now)
                        let fails = try? TokenVerifier.verifyIDToken(
                            forged, keys: keys, policy: file.policy, nonce: nil, now: file.now)
                        return holds != nil && fails == nil
                    }
                }
            }
            for await right in group { #expect(right) }
        }
    }
}
