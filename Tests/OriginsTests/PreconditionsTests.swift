import HTTP
import Origins
import Testing

/// RFC 9110 section 13.2.2, as a table. The object has the tag "v1" and was modified at 1000.
struct PreconditionsTests {
    typealias Verdict = Preconditions.Verdict

    struct Row: Sendable, CustomTestStringConvertible {
        var ifMatch: String?
        var unmodifiedSince: Int64?
        var ifNoneMatch: String?
        var modifiedSince: Int64?
        let verdict: Verdict
        var tag: String? = "\"v1\""
        var modified: Int64? = 1000
        var testDescription: String {
            "IM \(ifMatch ?? "-") IUS \(unmodifiedSince ?? -1) INM \(ifNoneMatch ?? "-") IMS \(modifiedSince ?? -1) "
                + "on \(tag ?? "-") \(modified ?? -1): \(verdict)"
        }
    }

    static let rows: [Row] = [
        Row(verdict: .proceed),
        Row(ifMatch: "\"v1\"", verdict: .proceed),
        Row(ifMatch: "\"v0\", \"v1\"", verdict: .proceed),
        Row(ifMatch: "\"v0\"", verdict: .failed),
        Row(ifMatch: "W/\"v1\"", verdict: .failed),
        Row(ifMatch: "\"v1\"", verdict: .failed, tag: "W/\"v1\""),
        Row(ifMatch: "*", verdict: .proceed),
        Row(ifMatch: "*", verdict: .proceed, tag: nil),
        Row(ifMatch: "\"v1\"", verdict: .failed, tag: nil),
        Row(unmodifiedSince: 1000, verdict: .proceed),
        Row(unmodifiedSince: 1001, verdict: .proceed),
        Row(unmodifiedSince: 999, verdict: .failed),
        Row(unmodifiedSince: 999, verdict: .proceed, modified: nil),
        Row(ifMatch: "\"v1\"", unmodifiedSince: 999, verdict: .proceed),
        Row(ifNoneMatch: "\"v1\"", verdict: .notModified),
        Row(ifNoneMatch: "W/\"v1\"", verdict: .notModified),
        Row(ifNoneMatch: "\"v1\"", verdict: .notModified, tag: "W/\"v1\""),
        Row(ifNoneMatch: "\"v0\", W/\"v1\"", verdict: .notModified),
        Row(ifNoneMatch: "\"v0\"", verdict: .proceed),
        Row(ifNoneMatch: "*", verdict: .notModified),
        Row(ifNoneMatch: "\"v1\"", verdict: .proceed, tag: nil),
        Row(modifiedSince: 1000, verdict: .notModified),
        Row(modifiedSince: 1001, verdict: .notModified),
        Row(modifiedSince: 999, verdict: .proceed),
        Row(modifiedSince: 1000, verdict: .proceed, modified: nil),
        Row(ifNoneMatch: "\"v0\"", modifiedSince: 1000, verdict: .proceed),
        Row(ifMatch: "\"v0\"", ifNoneMatch: "\"v1\"", verdict: .failed),
        Row(ifMatch: "\"v1\"", ifNoneMatch: "\"v1\"", verdict: .notModified),
        Row(unmodifiedSince: 999, modifiedSince: 1000, verdict: .failed),
    ]

    @Test(arguments: rows)
    func verdictIsTheRFCs(_ row: Row) {
        var conditions = Conditions()
        conditions.ifMatch = row.ifMatch.flatMap { EntityTag.Condition([$0]) }
        conditions.ifUnmodifiedSince = row.unmodifiedSince
        conditions.ifNoneMatch = row.ifNoneMatch.flatMap { EntityTag.Condition([$0]) }
        conditions.ifModifiedSince = row.modifiedSince
        #expect(
            Preconditions.evaluate(conditions, tag: row.tag.flatMap { EntityTag($0) }, modified: row.modified)
                == row.verdict)
    }

    @Test func ifRangeHoldsForTheSameVersionOnly() {
        var conditions = Conditions()
        #expect(Preconditions.rangeHolds(conditions, tag: nil, modified: nil))
        conditions.ifRange = .tag(EntityTag("\"v1\"")!)
        #expect(Preconditions.rangeHolds(conditions, tag: EntityTag("\"v1\""), modified: 1))
        #expect(!Preconditions.rangeHolds(conditions, tag: EntityTag("\"v2\""), modified: 1))
        #expect(!Preconditions.rangeHolds(conditions, tag: EntityTag("W/\"v1\""), modified: 1))
        #expect(!Preconditions.rangeHolds(conditions, tag: nil, modified: 1))
        conditions.ifRange = .date(1000)
        #expect(Preconditions.rangeHolds(conditions, tag: nil, modified: 1000))
        #expect(!Preconditions.rangeHolds(conditions, tag: nil, modified: 999))
        #expect(!Preconditions.rangeHolds(conditions, tag: nil, modified: nil))
    }
}
