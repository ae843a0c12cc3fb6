import ArgumentParser
import CNghttp2
import Cryptography
import Deflate
import Posix
import Telemetry

struct ShowVersion: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Prints the versions of Postern and of what it is built on.")

    func run() {
        let build = Version.build
        StandardStreams.print(
            """
            postern \(build.version)
            Swift \(build.swift)
            \(build.openSSL)
            nghttp2 \(build.nghttp2)
            zlib \(build.zlib)

            """)
    }
}

enum Version {
    static var build: BuildInfo {
        BuildInfo(
            version: Release.version, swift: swift, openSSL: OpenSSLVersion.text,
            nghttp2: String(cString: nghttp2_version(0).pointee.version_str), zlib: ZlibVersion.text)
    }

    /// The compiler's, as far as the language lets a program know it.
    static let swift: String = {
        #if compiler(>=6.5)
            "6.5 or later"
        #elseif compiler(>=6.4)
            "6.4"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }()
}
