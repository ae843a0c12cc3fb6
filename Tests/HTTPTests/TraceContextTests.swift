import HTTP
import Testing

/// W3C Trace Context, section 3.2.
struct TraceContextTests {
    private let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    @Test(arguments: [
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like",
    ])
    func whatHoldsHasItsID(text: String) {
        #expect(TraceContext(text)?.traceID == trace)
        #expect(TraceContext(text)?.text == text)
        #expect(TraceContext([FieldName("traceparent"): text])?.traceID == trace)
    }

    @Test(arguments: [
        "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.x",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-" + String(repeating: "a", count: 500),
    ])
    func whatDoesNotHoldIsNone(text: String) { #expect(TraceContext(text) == nil) }

    @Test func severalAreNone() {
        var fields = Fields()
        #expect(TraceContext(fields) == nil)
        fields.append(.traceparent, "00-\(trace)-00f067aa0ba902b7-01")
        #expect(TraceContext(fields) != nil)
        fields.append(.traceparent, "00-\(trace)-00f067aa0ba902b7-01")
        #expect(TraceContext(fields) == nil)
    }

    @Test func aNewOneHolds() {
        for byte in [UInt8.min, .max] {
            let new = TraceContext(random: Array(repeating: byte, count: 24))
            #expect(TraceContext(new.text) == new && new.text.hasPrefix("00-") && new.text.hasSuffix("-01"))
        }
    }
}
