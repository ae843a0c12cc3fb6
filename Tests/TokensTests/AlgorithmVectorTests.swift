import Foundation
import Testing

@testable import Tokens

/// `Vectors/algorithms.json`, as `Vectors/make_algorithm_vectors.py` writes it.
struct AlgorithmVectorFile: Decodable, Sendable {
    struct Token: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let token: String
        /// `ok`, or `TokenError.code`.
        let expect: String
        /// What the provider is pinned to.
        let algorithms: [String]
        /// Which of the key sets.
        let keys: Int
        let accessToken: String?

        var testDescription: String { name }
    }

    struct Entry: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        /// The JSON text of a JWK.
        let entry: String
        /// `ok`, or `UnusableKey`.
        let expect: String

        var testDescription: String { name }
    }

    let now: Int64
    let issuer: String
    let audience: String
    let keySets: [String]
    let tokens: [Token]
    let entries: [Entry]

    static let loaded = Result {
        let url = try #require(Bundle.module.url(forResource: "Vectors", withExtension: nil))
        return try JSONDecoder().decode(
            AlgorithmVectorFile.self, from: Data(contentsOf: url.appendingPathComponent("algorithms.json")))
    }
    static var shared: AlgorithmVectorFile? { try? loaded.get() }
}

@Suite struct AlgorithmVectorTests {
    @Test func theVectorsAreThere() throws {
        let file = try AlgorithmVectorFile.loaded.get()
        #expect(file.tokens.count > 400)
        #expect(file.tokens.count { $0.expect == "ok" } > 40)
        #expect(file.entries.count > 150)
    }

    @Test(arguments: AlgorithmVectorFile.shared?.tokens ?? [])
    func everySignatureIsJudgedAsItsMakerSays(vector: AlgorithmVectorFile.Token) throws {
        let file = try #require(AlgorithmVectorFile.shared)
        let algorithms = try vector.algorithms.map { try #require(JWSAlgorithm.named($0)) }
        let keys = try KeySet.parse(json: Array(file.keySets[vector.keys].utf8))
        let policy = TokenPolicy(issuer: file.issuer, audiences: [file.audience], algorithms: algorithms)
        do {
            _ = try TokenVerifier.verifyIDToken(
                vector.token, keys: keys, policy: policy, nonce: nil, accessToken: vector.accessToken, now: file.now)
            #expect(vector.expect == "ok")
        } catch {
            #expect(error.code == vector.expect)
        }
    }

    @Test(arguments: AlgorithmVectorFile.shared?.entries ?? [])
    func everyKeyIsJudgedAsItsMakerSays(vector: AlgorithmVectorFile.Entry) throws {
        let set = try KeySet.parse(json: Array("{\"keys\":[\(vector.entry)]}".utf8))
        #expect(set.skipped.first?.reason.rawValue ?? "ok" == vector.expect)
    }

    @Test func aKeyForNoneOfTheAlgorithmsIsSkipped() throws {
        let file = try AlgorithmVectorFile.loaded.get()
        let json = Array(file.keySets[0].utf8)
        for algorithm in JWSAlgorithm.allCases {
            let set = try KeySet.parse(json: json, algorithms: [algorithm])
            #expect(!set.isEmpty)
            #expect(set.keys.allSatisfy { $0.serves(algorithm) })
            #expect(set.skipped.allSatisfy { $0.reason == .algorithm })
        }
        #expect(try KeySet.parse(json: json, algorithms: []).isEmpty)
    }

    @Test func theSameNumbersUnderAnotherKindAreAnotherKey() throws {
        let file = try AlgorithmVectorFile.loaded.get()
        let set = try KeySet.parse(json: Array(file.keySets[0].utf8))
        #expect(Set(set.keys.map(\.fingerprint)).count == set.keys.count)
    }
}
