import Deflate
import Testing
@Test func zlibTellsItsVersion() { #expect(ZlibVersion.text.hasPrefix("1.")) }
