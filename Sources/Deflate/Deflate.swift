import CZlib

/// Which zlib this program runs with.
package enum ZlibVersion {
    package static var text: String { String(cString: zlibVersion()) }
}
