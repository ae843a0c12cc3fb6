/// The listeners and the admin listener.
extension ConfigurationReader {
    mutating func listeners(in root: SettingSection, hasTrustedProxies: Bool) -> [Located<ListenerSettings>] {
        let sections = root.section("listeners").named
        if sections.isEmpty {
            faults.error(
                root.section("listeners").position, "listeners", "no listener is configured",
                "Add one, as in: listeners.public.address: 0.0.0.0:443")
        }
        let listeners = sections.compactMap { listener(in: $0, hasTrustedProxies: hasTrustedProxies) }
        for (index, later) in listeners.enumerated() {
            guard let earlier = listeners[..<index].first(where: { overlap($0.value.address, later.value.address) })
            else { continue }
            faults.error(
                later.position, "listeners.\(later.value.name).address",
                "\(later.value.address) is taken by listener \(earlier.value.name) (\(earlier.value.address), \(earlier.position.shown(beside: later.position)))",
                "Give each listener an address or port of its own")
        }
        return listeners
    }

    private mutating func listener(
        in section: SettingSection, hasTrustedProxies: Bool
    ) -> Located<ListenerSettings>? {
        let tls = tls(in: section.section("tls"))
        let redirects = section.value(Options.listenerRedirect)
        if redirects, section.section("tls").isPresent {
            faults.error(
                section.position(of: Options.listenerRedirect), section.key(of: Options.listenerRedirect),
                "the listener speaks TLS already", "Set it on the listener for plain HTTP")
        }
        guard let address = section.required(Options.listenerAddress, &faults),
            let placed = place(
                address, section.position(of: Options.listenerAddress), section.key(of: Options.listenerAddress))
        else { return nil }
        let proxyProtocol = section.value(Options.listenerProxyProtocol)
        if proxyProtocol, !hasTrustedProxies, case .ip = placed {
            faults.error(
                section.position(of: Options.listenerProxyProtocol), section.key(of: Options.listenerProxyProtocol),
                "nobody could connect, for no proxy is trusted", "Name the proxy's address in trusted_proxies")
        }
        let reusePort = reusePort(Options.listenerReusePort, in: section, placed)
        return Located(
            value: ListenerSettings(
                name: section.name, address: placed, tls: tls, redirectToHTTPS: redirects, proxyProtocol: proxyProtocol,
                reusePort: reusePort),
            position: section.position(of: Options.listenerAddress))
    }

    private mutating func reusePort(
        _ option: Option<Bool>, in section: SettingSection, _ address: ListenAddress
    ) -> Bool {
        guard section.value(option) else { return false }
        guard case .ip = address else {
            guard section.has(option) else { return false }
            faults.error(
                section.position(of: option), section.key(of: option), "\(address) has no port",
                "Leave it out: a socket from systemd can be shared as it is, and a Unix socket's path cannot")
            return false
        }
        return true
    }

    /// The address with a Unix socket's path made absolute.
    private mutating func place(_ address: ListenAddress, _ position: Position, _ key: String) -> ListenAddress? {
        guard case .unix(let path) = address else { return address }
        let absolute = source.path(path, at: position)
        guard absolute.utf8.count <= 107 else {
            faults.error(position, key, "the socket's path is longer than 107 bytes", "Name a shorter one")
            return nil
        }
        if source.files.status(PathText.directory(of: absolute))?.isDirectory != true {
            // A unit may make it at the start (RuntimeDirectory=).
            faults.warning(
                position, key, "the directory \(PathText.directory(of: absolute)) does not exist",
                "Make it, or name another socket")
        }
        return .unix(absolute)
    }

    private mutating func tls(in section: SettingSection) -> TLSSettings? {
        guard section.isPresent else { return nil }
        let certificates = section.required(Options.listenerCertificate, &faults)
        let keys = section.required(Options.listenerKey, &faults)
        guard let certificates, let keys else { return nil }
        guard certificates.count == keys.count, !certificates.isEmpty else {
            faults.error(
                section.position(of: Options.listenerKey), section.key(of: Options.listenerKey),
                "there are \(certificates.count) certificates and \(keys.count) keys",
                "Name one key for each certificate, in the same order")
            return nil
        }
        var pairs: [CertificateSettings] = []
        for (certificate, key) in zip(certificates, keys) {
            let chain = source.pem(
                certificate, label: "CERTIFICATE", isSecret: false, key: section.key(of: Options.listenerCertificate),
                &faults)
            let secret = source.pem(
                key, label: "PRIVATE KEY", isSecret: true, key: section.key(of: Options.listenerKey), &faults)
            guard let chain, let secret else { continue }
            pairs.append(
                CertificateSettings(
                    chain: chain, key: Secret(secret.bytes), chainFile: source.file(of: certificate),
                    keyFile: source.file(of: key)))
        }
        guard pairs.count == certificates.count else { return nil }
        return TLSSettings(
            certificates: pairs, stapling: section.value(Options.listenerStapling),
            clients: clientCertificates(in: section))
    }

    private mutating func clientCertificates(in section: SettingSection) -> ClientCertificateSettings? {
        let mode = section.optional(Options.listenerClientCertificates)
        guard let reference = section.located(Options.listenerClientCA) else {
            if let mode, mode != .none, !section.has(Options.listenerClientCA) {
                faults.error(
                    section.position(of: Options.listenerClientCertificates),
                    section.key(of: Options.listenerClientCertificates),
                    "there is no authority to check clients' certificates by", "Name one in client_ca")
            }
            return nil
        }
        let authorities = source.pem(
            reference, label: "CERTIFICATE", isSecret: false, key: section.key(of: Options.listenerClientCA), &faults)
        guard let authorities, mode != ClientCertificateMode.none else { return nil }
        return ClientCertificateSettings(
            authorities: authorities, file: source.file(of: reference), isRequired: mode != .optional)
    }

    /// Whether two listeners would want the same socket. IPv6 listeners take no IPv4 connections.
    private func overlap(_ left: ListenAddress, _ right: ListenAddress) -> Bool {
        guard case .ip(let a, let portA) = left, case .ip(let b, let portB) = right else { return left == right }
        guard portA == portB, portA != 0, a.isIPv6 == b.isIPv6 else { return false }
        return a == b || a.isAny || b.isAny
    }

    mutating func admin(in section: SettingSection, listeners: [Located<ListenerSettings>]) -> AdminSettings? {
        guard section.isPresent else { return nil }
        let key = section.key(of: Options.adminAddress)
        let position = section.position(of: Options.adminAddress)
        guard let address = place(section.value(Options.adminAddress), position, key) else { return nil }
        if let listener = listeners.first(where: { overlap($0.value.address, address) }) {
            faults.error(
                position, key,
                "\(address) is taken by listener \(listener.value.name) (\(listener.position.shown(beside: position)))",
                "Give the admin listener an address of its own")
        } else if case .ip = address, !address.isLocal {
            faults.warning(
                position, key, "the admin listener can be reached from other machines, and asks nobody who they are",
                "Use 127.0.0.1 or a Unix socket, or see that a firewall stands before it")
        }
        return AdminSettings(
            address: address, reusePort: reusePort(Options.adminReusePort, in: section, address),
            socket: adminSocket(in: section, address))
    }

    /// It is bound under another name in its folder first, which has to fit as well.
    private static let longestSocketPath = 98

    private mutating func adminSocket(in section: SettingSection, _ address: ListenAddress) -> String? {
        guard let path = section.located(Options.adminSocket).map(source.path) else { return nil }
        let position = section.position(of: Options.adminSocket)
        let key = section.key(of: Options.adminSocket)
        guard path.utf8.count <= Self.longestSocketPath else {
            faults.error(
                position, key, "the socket's path is longer than \(Self.longestSocketPath) bytes",
                "Name a shorter one")
            return nil
        }
        if address == .unix(path) {
            faults.error(
                position, key, "\(path) is the admin listener's own address", "Give the socket a path of its own")
        }
        if source.files.status(PathText.directory(of: path))?.isDirectory != true {
            // A unit may make it at the start (RuntimeDirectory=).
            faults.warning(
                position, key, "the directory \(PathText.directory(of: path)) does not exist",
                "Make it, or name another socket")
        }
        return path
    }

    /// A listener for plain HTTP beside TLS, on which browsers would stay.
    mutating func warnOfPlainListeners(
        _ listeners: [Located<ListenerSettings>], _ sites: [SiteSettings], hasTrustedProxies: Bool
    ) {
        guard !hasTrustedProxies, listeners.contains(where: { $0.value.tls != nil }),
            sites.contains(where: { $0.hosts.contains { !$0.isLoopback } })
        else { return }
        for listener in listeners
        where listener.value.tls == nil && !listener.value.redirectToHTTPS && !listener.value.address.isLocal {
            faults.warning(
                listener.position, "listeners.\(listener.value.name)", "the listener serves plain HTTP beside TLS",
                "Set redirect_to_https: true on it")
        }
    }
}
