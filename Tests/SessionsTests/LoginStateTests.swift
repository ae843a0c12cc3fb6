import Bytes
import Cryptography
import Sessions
import Testing

@Suite struct LoginStateTests {
    private let login = LoginState(ring: Samples.ring(1), site: "docs")
    private let binding = BrowserBinding.make()
    private let now = Samples.now

    private func start(_ target: String = "/a?b=c") -> (flow: LoginFlow, state: String) {
        login.start(provider: "corp", returnTarget: target, binding: binding, now: now)
    }

    private func flow(_ opened: LoginState.Opened) -> LoginFlow? {
        if case .flow(let flow) = opened { flow } else { nil }
    }

    private func isInvalid(_ opened: LoginState.Opened) -> Bool {
        if case .invalid = opened { true } else { false }
    }

    @Test func aFlowComesBack() {
        let (began, state) = start("/päge?a=1&b=%20#x")
        let ended = flow(login.open(state, binding: binding, now: now + 60))
        #expect(ended?.id == began.id)
        #expect(ended?.provider == "corp")
        #expect(ended?.returnTarget == "/päge?a=1&b=%20#x")
        #expect(ended?.issuedAt == now)
        #expect(ended?.codeVerifier == began.codeVerifier)
        #expect(ended?.nonce == began.nonce)
        #expect(began.codeVerifier.reveal().utf8.count == 43)
        #expect(began.nonce.utf8.count == 43)
        #expect(began.nonce != began.codeVerifier.reveal())
        #expect(!"\(began)".contains(began.codeVerifier.reveal()))
    }

    @Test func fortyTabsKnowNothingOfEachOther() {
        let tabs = (0..<40).map { (index: $0, start("/page/\($0)")) }
        #expect(Set(tabs.map(\.1.state)).count == 40)
        #expect(Set(tabs.map(\.1.flow.nonce)).count == 40)
        #expect(Set(tabs.map { $0.1.flow.codeVerifier.reveal() }).count == 40)
        for tab in tabs.shuffled() {
            let ended = flow(login.open(tab.1.state, binding: binding, now: now + 10))
            #expect(ended?.returnTarget == "/page/\(tab.index)")
            #expect(ended?.codeVerifier == tab.1.flow.codeVerifier)
            #expect(ended?.nonce == tab.1.flow.nonce)
        }
    }

    @Test func anotherBrowserLearnsOnlyWhereTheSignInWantedToGo() {
        let (_, state) = start()
        for other in [BrowserBinding.make(), "", binding + "A", nil] {
            guard case .otherBrowser(let target) = login.open(state, binding: other, now: now) else {
                Issue.record("a state opened without its browser")
                continue
            }
            #expect(target == "/a?b=c")
        }
    }

    @Test func anotherSiteOrKeyIsInvalid() {
        let (_, state) = start()
        #expect(isInvalid(LoginState(ring: Samples.ring(1), site: "wiki").open(state, binding: binding, now: now)))
        #expect(isInvalid(LoginState(ring: Samples.ring(2), site: "docs").open(state, binding: binding, now: now)))
    }

    @Test func everyChangedCharacterIsInvalid() {
        let (_, state) = start()
        let text = Array(state.utf8)
        for index in text.indices {
            var changed = text
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(isInvalid(login.open(String(decoding: changed, as: UTF8.self), binding: binding, now: now)))
            #expect(isInvalid(login.open(String(decoding: text[..<index], as: UTF8.self), binding: binding, now: now)))
        }
        #expect(isInvalid(login.open("", binding: binding, now: now)))
    }

    @Test func aSessionIsNoState() throws {
        let cookie = try Samples.cookies().encode(Samples.record())[0].value
        #expect(isInvalid(login.open(cookie, binding: binding, now: now)))
    }

    @Test func aFlowLastsFifteenMinutes() {
        let (_, state) = start()
        #expect(flow(login.open(state, binding: binding, now: now + 899)) != nil)
        guard case .expired(let late) = login.open(state, binding: binding, now: now + 900) else {
            Issue.record("900 s are not too late")
            return
        }
        #expect(late.returnTarget == "/a?b=c")
        #expect(flow(login.open(state, binding: binding, now: now - 60)) != nil)
        #expect(flow(login.open(state, binding: binding, now: now - 61)) == nil)
        #expect(flow(login.open(state, binding: binding, now: .min)) == nil)
        #expect(flow(login.open(state, binding: binding, now: .max)) == nil)
    }

    @Test func aFlowOutlivesARotationOfTheKeys() {
        let (began, state) = start()
        let rotated = LoginState(ring: Samples.ring(2, 1), site: "docs")
        let ended = flow(rotated.open(state, binding: binding, now: now))
        #expect(ended?.codeVerifier == began.codeVerifier)
        #expect(ended?.nonce == began.nonce)
    }

    @Test func theVerifierDependsOnTheBrowserAndTheSite() {
        let id = SessionID.random()
        func verifier(_ site: String, _ binding: String) -> String {
            LoginState(ring: Samples.ring(1), site: site).start(
                provider: "corp", returnTarget: "/", binding: binding, now: now, id: id
            ).flow.codeVerifier.reveal()
        }
        let other = BrowserBinding.make()
        #expect(Set([verifier("docs", binding), verifier("docs", other), verifier("wiki", binding)]).count == 3)
        #expect(verifier("docs", binding) == verifier("docs", binding))
    }

    @Test func aBindingHasOneForm() {
        #expect(BrowserBinding.isWellFormed(binding))
        for text in ["", binding + "A", String(binding.dropLast()), String(binding.dropLast()) + "=", "ü"] {
            #expect(!BrowserBinding.isWellFormed(text))
        }
    }

    @Test func theLongestTargetFitsAURL() {
        let (_, state) = start("/" + String(repeating: "x", count: 2047))
        #expect(state.utf8.count < 3000)
        #expect(flow(login.open(state, binding: binding, now: now))?.returnTarget.utf8.count == 2048)
    }
}
