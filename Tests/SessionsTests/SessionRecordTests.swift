import Bytes
import Cryptography
import Deflate
import Sessions
import Testing

@Suite struct SessionRecordTests {
    @Test func whatWasEncodedComesBack() {
        let record = Samples.record()
        #expect(SessionRecord(encoded: record.encoded()!) == record)
    }

    @Test func absentPartsStayAbsent() {
        for token in ["", "a", "a.b", "a.b.c", "..", "a=.b.c", "AA.AA.AA", "ü"] {
            for verified in [nil, true, false] as [Bool?] {
                let record = SessionRecord(
                    site: "", provider: "", idToken: token,
                    identity: SessionIdentity(subject: "", emailVerified: verified),
                    createdAt: 0, lastSeenAt: .max, tokenExpiresAt: 255)
                #expect(SessionRecord(encoded: record.encoded()!) == record)
            }
        }
    }

    @Test func aRenewedSessionComesBack() {
        var record = Samples.record()
        record.grantObtainedAt += 3000
        record.grantExpiresAt += 2000
        let known = SessionRecord(encoded: record.encoded()!)
        #expect(known == record && known?.grantObtainedAt == Samples.now + 3000)
        #expect(known?.grantExpiresAt == Samples.now + 5600)
    }

    @Test func everyNumberComesBack() {
        for time in [0, 1, 127, 128, 255, 256, 65_535, 1 << 31, 1 << 40, Int64.max - 1, Int64.max] {
            let record = Samples.record(createdAt: time)
            #expect(SessionRecord(encoded: record.encoded()!)?.createdAt == time)
        }
        #expect(SessionRecord(encoded: Samples.record(createdAt: -5).encoded()!)?.createdAt == 0)
    }

    @Test func theTokenIsStoredSmall() {
        let record = Samples.record()
        #expect(record.encoded()!.count < record.idToken.utf8.count + 150)
    }

    @Test func everyTruncationAndExtensionIsRefused() {
        let bytes = Samples.record().encoded()!
        #expect(bytes[1] == 1)
        for count in bytes.indices { #expect(SessionRecord(encoded: Array(bytes[..<count])) == nil) }
        #expect(SessionRecord(encoded: bytes + [0]) == nil)
    }

    @Test func fieldsThatEndWithinOneAreRefused() {
        let fields = fields(of: Samples.record())
        // Between two fields the list may end, where what is missing is optional: name, e-mail, groups, claims.
        let whole = fields.indices.filter { SessionRecord(encoded: plain(Array(fields[..<$0]))) != nil }
        #expect(whole.count == 5)
        #expect(SessionRecord(encoded: plain(fields)) != nil)
        #expect(SessionRecord(encoded: plain(fields + [0])) == nil)
    }

    @Test func everyChangedByteIsSurvived() {
        let fields = fields(of: Samples.record(signature: 40))
        for index in fields.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF, fields[index] ^ 1] {
                var changed = fields
                changed[index] = value
                if let record = SessionRecord(encoded: plain(changed)) {
                    #expect(SessionRecord(encoded: record.encoded()!) == record)
                }
            }
        }
    }

    @Test func randomBytesAreSurvived() {
        var random = SystemRandomNumberGenerator()
        for round in 0..<20_000 {
            let bytes = (0..<round % 64).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(SessionRecord(encoded: [1, UInt8(round & 1)] + bytes) == nil)
        }
    }

    @Test func unknownFieldsArePassedOverOnlyWhereTheirTagAllows() {
        let fields = fields(of: Samples.record())
        #expect(SessionRecord(encoded: plain(fields + [0x80, 1, 9])) != nil)
        #expect(SessionRecord(encoded: plain(fields + [0x7F, 1, 9])) == nil)
        #expect(SessionRecord(encoded: plain(fields + [0x80, 1, 9, 0x80, 1, 9])) == nil)
        #expect(SessionRecord(encoded: plain(fields + [0x81, 1, 9, 0x80, 1, 9])) == nil)
        #expect(SessionRecord(encoded: plain(fields + [0x80, 0x81, 0, 9])) == nil)
        #expect(SessionRecord(encoded: plain(fields + [0x80, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F])) == nil)
    }

    @Test func anotherVersionOrFormIsRefused() {
        let bytes = Samples.record().encoded()!
        #expect(SessionRecord(encoded: [2] + bytes.dropFirst()) == nil)
        #expect(SessionRecord(encoded: [1, 2] + bytes.dropFirst(2)) == nil)
        #expect(SessionRecord(encoded: []) == nil)
    }

    @Test func aBombIsRefused() {
        let bomb = Deflate.compress([UInt8](repeating: 0, count: 10 << 20))
        #expect(SessionRecord(encoded: [1, 1] + bomb) == nil)
    }

    @Test func theFieldsHaveALimit() {
        var record = Samples.record()
        record.identity.name = nil
        let rest = fields(of: record).count
        // Tag and three bytes of length.
        record.identity.name = String(repeating: "n", count: SessionRecord.fieldsLimit - rest - 4)
        #expect(SessionRecord(encoded: record.encoded()!) == record)
        record.identity.name! += "n"
        #expect(record.encoded() == nil)
    }

    @Test func listsHaveALimit() {
        var record = Samples.record()
        record.identity.groups = (0..<SessionRecord.listLimit).map(String.init)
        #expect(SessionRecord(encoded: record.encoded()!) == record)
        record.identity.groups.append("one more")
        #expect(record.encoded() == nil)
        record.identity.groups = []
        record.identity.claims = [SessionClaim(name: "a", values: (0..<SessionRecord.listLimit).map(String.init))]
        #expect(SessionRecord(encoded: record.encoded()!) == record)
        record.identity.claims = [SessionClaim(name: "a", values: (0...SessionRecord.listLimit).map(String.init))]
        #expect(record.encoded() == nil)
    }

    @Test func aRecordPrintsNothingOfThePerson() {
        let record = Samples.record()
        var dumped = ""
        dump(record, to: &dumped)
        for text in ["\(record)", String(reflecting: record), dumped] {
            for secret in ["ada", "refresh-1", "eyJ", "sid-7", "8f1c6b0e"] { #expect(!text.contains(secret)) }
        }
    }

    private func plain(_ fields: [UInt8]) -> [UInt8] { [1, 0] + fields }

    private func fields(of record: SessionRecord) -> [UInt8] {
        let bytes = record.encoded()!
        return bytes[1] == 1
            ? Deflate.inflate(Array(bytes[2...]), limit: SessionRecord.fieldsLimit)! : Array(bytes[2...])
    }
}
