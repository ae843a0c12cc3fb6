import Testing
import TLS
@Test func placeholder() {}
