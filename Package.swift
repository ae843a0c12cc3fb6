// swift-tools-version: 6.2
//
// The layers of Postern, lowest first. A module imports only what stands above it in this
// file; the build refuses anything else (--explicit-target-dependency-import-check error).

import PackageDescription

/// Every Swift module: warnings are errors, and an async function that is bound to no actor
/// stays on its caller's executor.
let common: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
]

/// A module that holds no `unsafe`: bytes from outside are parsed here.
func pure(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: common + [.strictMemorySafety()])
}

/// A module that binds a C library or the kernel, and so may hold `unsafe`.
func binding(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: common)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: common)
}

let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "postern",
    products: [.executable(name: "postern", targets: ["postern"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        // C: module maps and shims, no logic
        .target(name: "CEpoll"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // 0
        pure("Bytes", []),

        // 1
        pure("Settings", ["Bytes", yams]),
        pure("Telemetry", ["Bytes", logging]),
        binding("Posix", ["Bytes", "CEpoll"]),
        binding("Cryptography", ["Bytes", "COpenSSL"]),
        binding("TLS", ["Bytes", "COpenSSL"]),
        binding("Deflate", ["Bytes", "CZlib"]),
        pure("HTTP", ["Bytes"]),

        // 2
        binding("Reactor", ["Posix"]),
        binding("HTTP2", ["HTTP", "Bytes", "CNghttp2"]),
        pure("Tokens", ["HTTP", "Cryptography", "Bytes"]),

        // 3
        pure("Transport", ["Reactor", "Posix", "TLS", "HTTP2", "HTTP", "Telemetry", "Bytes"]),

        // 4
        pure("Sessions", ["Cryptography", "Deflate", "Bytes"]),
        pure("Origins", ["Transport", "Tokens", "Reactor", "Posix", "HTTP", "Cryptography", "Bytes"]),

        // 5
        pure(
            "Gateway",
            [
                "Sessions", "Origins", "Transport", "Tokens", "Reactor", "HTTP", "Deflate", "TLS", "Cryptography",
                "Posix", "Telemetry", "Settings", "Bytes", logging,
            ]),

        // 6
        .executableTarget(
            name: "postern",
            dependencies: [
                "Gateway", "Sessions", "Tokens", "Settings", "Telemetry", "Posix", "Cryptography", "Deflate",
                "CNghttp2", "Bytes",
                argumentParser,
            ],
            swiftSettings: common),

        // What the tests end to end hold against other parsers.
        .executableTarget(
            name: "HTTP1Reader", dependencies: ["HTTP", "Bytes"], path: "Tests/HTTP1Reader", swiftSettings: common),

        tests("BytesTests", ["Bytes"]),
        tests("SettingsTests", ["Settings", "Bytes"]),
        tests("TelemetryTests", ["Telemetry", "Bytes", logging]),
        tests("PosixTests", ["Posix", "Bytes"]),
        tests("CryptographyTests", ["Cryptography", "Bytes"]),
        tests("TLSTests", ["TLS", "Bytes"]),
        tests("DeflateTests", ["Deflate", "Bytes"]),
        tests("HTTPTests", ["HTTP", "Bytes"]),
        tests("ReactorTests", ["Reactor", "Posix"]),
        tests("HTTP2Tests", ["HTTP2", "HTTP", "Bytes"]),
        tests("TokensTests", ["Tokens", "HTTP", "Cryptography", "Bytes"], resources: [.copy("Vectors")]),
        tests("TransportTests", ["Transport", "Reactor", "Posix", "TLS", "HTTP2", "HTTP", "Telemetry", "Bytes"]),
        tests("SessionsTests", ["Sessions", "Cryptography", "Deflate", "Bytes"]),
        tests(
            "OriginsTests", ["Origins", "Transport", "Reactor", "Posix", "HTTP", "Cryptography", "Bytes"],
            resources: [.copy("Vectors")]),
        tests(
            "GatewayTests",
            [
                "Gateway", "Sessions", "Origins", "Transport", "Tokens", "Telemetry", "Reactor", "Posix", "Settings",
                "Deflate", "HTTP", "Cryptography", "Bytes",
            ]),
    ],
    swiftLanguageModes: [.v6]
)

// The fuzz targets (scripts/fuzz.py): no part of an ordinary build, for libFuzzer brings their `main`.
if Context.environment["POSTERN_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "Sessions", "Origins", "Transport", "Tokens", "HTTP2", "HTTP", "Deflate", "Cryptography", "Settings",
                "Bytes",
            ],
            path: "Fuzz", exclude: ["Seeds", "Dictionaries", "README.md"], sources: ["Targets"], swiftSettings: common))
}

// What bench/signatures.py measures with.
if Context.environment["POSTERN_BENCH"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Signatures", dependencies: ["Tokens", "Cryptography"], path: "bench/Signatures",
            swiftSettings: common))
}
