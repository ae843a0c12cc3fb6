import HTTP
import Origins
import Posix
import Settings
import Transport

// The config's limits, as the modules below take them.

extension ServerLimits {
    init(_ limits: LimitSettings) {
        self.init()
        handshakes = limits.tlsHandshakes
        handshakeTime = Nanoseconds(limits.tlsHandshakeTimeout)
        headTime = Nanoseconds(limits.headTimeout)
        idleTime = Nanoseconds(limits.idleTimeout)
        bodyIdleTime = Nanoseconds(limits.readTimeout)
        writeIdleTime = Nanoseconds(limits.writeTimeout)
        requestTime = Nanoseconds(limits.requestTimeout)
        drainIdleTime = Nanoseconds(limits.drainIdleTimeout)
        minReadRate = limits.minReadRate
        minWriteRate = limits.minWriteRate
        // Those of all workers are counted together.
        connections = .max
        requestsPerConnection = limits.requestsPerConnection
        http2.concurrentStreams = limits.streamsPerConnection
        http2.clientResets = .init(limits.http2Resets)
        http2.serverResets = .init(limits.http2Refusals)
        http2.idleFrames = .init(limits.http2IdleFrames)
        http2.continuations = limits.http2Continuations
        http1 = HTTP1Limits(
            requestLine: limits.requestLine, fieldsSize: limits.fieldsSize, fieldCount: limits.fieldsCount)
    }
}

extension ConnectionCensus {
    /// - Parameters:
    ///   - descriptors: how many the process may have. A quarter of them, and a few, are kept for origins, files and
    ///     logs: a server without a descriptor left serves nobody.
    ///   - old: whose place it takes.
    convenience init(_ configuration: Configuration, descriptors: Int, continuing old: ConnectionCensus?) {
        let trusted = configuration.trustedProxies
        self.init(
            limit: min(configuration.limits.connections, Self.most(descriptors: descriptors)),
            limitPerAddress: configuration.limits.connectionsPerAddress, continuing: old,
            isExempt: { RequestSource.contains(trusted, $0.ipBytes) })
    }

    static func most(descriptors: Int) -> Int { max(descriptors / 4 * 3 - 32, 8) }
}

extension ClientLimits {
    init(origin limits: LimitSettings) {
        self.init()
        connectTime = Nanoseconds(limits.originConnectTimeout)
        firstByteTime = Nanoseconds(limits.originFirstByteTimeout)
        betweenBytesTime = Nanoseconds(limits.originIdleTimeout)
        connections = limits.originConnections
        queueSize = limits.originQueue
    }
}

extension LimitSettings {
    /// Whether origins would be no other by these limits.
    func areSameForOrigins(as other: LimitSettings) -> Bool {
        originConnections == other.originConnections && originQueue == other.originQueue
            && originConnectTimeout == other.originConnectTimeout
            && originFirstByteTimeout == other.originFirstByteTimeout && originIdleTimeout == other.originIdleTimeout
            && originRetries == other.originRetries && originRetriesPerSecond == other.originRetriesPerSecond
    }
}

extension RetryBudget {
    init(_ limits: LimitSettings) {
        self.init(percent: limits.originRetries, perSecond: limits.originRetriesPerSecond)
    }
}

extension Nanoseconds {
    init(_ span: TimeSpan) { self.init(span.nanoseconds) }
}
