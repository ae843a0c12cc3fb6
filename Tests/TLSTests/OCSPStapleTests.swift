import Glibc
import TLS
import Testing

@Suite struct OCSPStapleTests {
    private let now = Int64(time(nil))

    private func staple(_ name: String = "stapled") throws -> OCSPStaple {
        try #require(try TLSServerContext(certificates: [Fixtures.certificate(name)]).staples[0])
    }

    private func refusal(_ bytes: [UInt8], _ staple: OCSPStaple, now: Int64? = nil) -> OCSPStaple.Refusal? {
        do throws(OCSPStaple.Refusal) {
            _ = try staple.accept(bytes, now: now ?? self.now)
            return nil
        } catch {
            return error
        }
    }

    @Test func aCertificateIsAskedAboutWhereItNamesAResponderAndItsIssuerIsThere() throws {
        let context = Fixtures.server("stapled", "stapled-alone", "docs", "deep", "must")
        let url = "http://127.0.0.1:9/ocsp"
        #expect(context.staples.map { $0?.responder } == [url, nil, nil, nil, url])
        #expect(context.certificates.map { $0.responder != nil } == [true, true, false, false, true])
        #expect(context.certificates.map(\.mustStaple) == [false, false, false, false, true])
        let off = try TLSServerContext(certificates: [Fixtures.certificate("stapled")], stapling: false)
        #expect(off.staples.allSatisfy { $0 == nil })
    }

    @Test(arguments: ["good", "delegated"])
    func aResponseOfTheIssuerOrOfWhomItHasAuthorizedIsTaken(_ name: String) throws {
        let staple = try staple()
        #expect(staple.validity(now: now) == nil)
        #expect(refusal(Fixtures.file(name + ".der"), staple) == nil)
        let validity = try #require(staple.validity(now: now))
        #expect(validity.until - validity.from == 2 * 86_400)
        #expect(staple.validity(now: validity.until) == nil)
    }

    @Test func otherResponsesAreRefusedAndTheLastGoodOneStays() throws {
        let staple = try staple()
        let good = Fixtures.file("good.der")
        _ = try staple.accept(good, now: now)
        for name in ["impostor", "stranger"] {
            guard case .badSignature = refusal(Fixtures.file(name + ".der"), staple) else {
                Issue.record("\(name)")
                continue
            }
        }
        #expect(refusal(Fixtures.file("unknown.der"), staple) == .unknown)
        #expect(refusal(Fixtures.file("other.der"), staple) == .otherCertificate)
        #expect(refusal(good, staple, now: now + 3 * 86_400) == .expired)
        #expect(refusal(good, staple, now: now - 3600) == .notYetValid)
        #expect(refusal([0x30, 0x03, 0x0A, 0x01, 0x06], staple) == .unsuccessful("unauthorized"))
        #expect(refusal([], staple) == .malformed)
        #expect(refusal(good + [0], staple) == .malformed)
        #expect(refusal([UInt8](repeating: 0x30, count: OCSPStaple.largest + 1), staple) == .malformed)
        #expect(staple.validity(now: now) != nil)
    }

    @Test func noTruncatedOrChangedResponseIsTaken() throws {
        let staple = try staple()
        let good = Fixtures.file("good.der")
        for count in 0..<good.count { #expect(refusal(Array(good[..<count]), staple) == .malformed) }
        for index in good.indices {
            var changed = good
            changed[index] ^= 0x41
            _ = refusal(changed, staple)
        }
        #expect(refusal(good, staple) == nil)
    }

    @Test func aRevokedCertificateLosesItsGoodResponse() throws {
        let staple = try staple()
        _ = try staple.accept(Fixtures.file("good.der"), now: now)
        #expect(refusal(Fixtures.file("revoked.der"), staple) == .revoked)
        #expect(staple.validity(now: now) == nil)
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func aHandshakeCarriesTheResponseOfTheCertificateThatTheNameChose(_ version: String) throws {
        let context = Fixtures.server("docs", "stapled")
        func transcript(_ name: String) throws -> String {
            let peer = try CommandLineClient(
                arguments: [version, "-servername", name, "-status", "-CAfile", Fixtures.directory.path + "/ca.pem"],
                server: context)
            peer.type("Q\n")
            peer.pumpUntilEnd()
            return peer.transcript
        }
        #expect(try transcript("stapled.example.com").contains("OCSP response: no response sent"))
        _ = try #require(context.staples[1]).accept(Fixtures.file("good.der"), now: now)
        let stapled = try transcript("stapled.example.com")
        #expect(stapled.contains("OCSP Response Status: successful") && stapled.contains("Cert Status: good"))
        #expect(try transcript("docs.example.com").contains("OCSP response: no response sent"))
    }

    @Test func aRenewedContextKeepsTheResponsesOfTheCertificatesThatStay() throws {
        let old = Fixtures.server("stapled", "docs")
        _ = try #require(old.staples[0]).accept(Fixtures.file("good.der"), now: now)
        let new = try TLSServerContext(
            certificates: ["wild", "stapled", "must"].map(Fixtures.certificate), continuing: old)
        #expect(new.staples[1] === old.staples[0])
        #expect(new.staples[0] == nil && new.staples[2]?.validity(now: now) == nil)
    }
}
