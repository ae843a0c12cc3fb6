import Origins

/// What credentials are read from: shared files, the JSON of agents, the XML of STS. What is taken can be signed with.
@Sendable func fuzzCredentials(_ input: [UInt8]) {
    let documents = [try? CredentialDocument.read(input, now: 0), try? STSDocument.read(input, now: 0)]
    for credentials in documents.compactMap(\.self) {
        let token = credentials.sessionToken?.reveal() ?? ""
        expect((credentials.expiresAt ?? 0) > 0 && !credentials.holds(at: .max), "an end")
        expect(!credentials.accessKeyID.isEmpty && !credentials.accessKeyID.contains("/"), "an ID for a scope")
        expect(token.utf8.allSatisfy { (0x21...0x7E).contains($0) } && !token.isEmpty, "a field's value")
    }
    let text = String(decoding: input, as: UTF8.self)
    let alone = SharedProfiles(config: "", credentials: text).profiles
    for profile in alone.values {
        expect(profile.keys.allSatisfy { !$0.isEmpty && $0 == $0.lowercased() }, "names in lower case")
    }
    let both = SharedProfiles(config: text, credentials: text).profiles
    expect(alone.allSatisfy { name, settings in settings.allSatisfy { both[name]?[$0.key] == $0.value } }, "they win")
}
