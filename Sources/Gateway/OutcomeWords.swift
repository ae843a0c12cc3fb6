import Telemetry

/// What an operator is told of an outcome: what happened, and what can be done.
extension Outcome {
    /// In a sentence.
    var reason: String {
        switch self {
        case .served: "The content was served."
        case .partial: "The part that was asked for was served."
        case .notModified: "The browser's copy is current."
        case .notFound: "There is nothing at this address: neither an object nor a page of Postern's."
        case .preconditionFailed: "The object is not the one that the request was for."
        case .rangeNotSatisfiable: "No byte of the range that was asked for exists."
        case .signInStarted: "Nobody was signed in, and the browser was sent to the provider."
        case .signInRequired:
            "Nobody was signed in, and it was no navigation of a browser's that could be sent to the provider."
        case .signedIn: "The sign-in ended in a session."
        case .signInFailed: "The way back from the provider could not be used."
        case .signInLoop: "The browser signed in again and again, and came back without a session each time."
        case .signInDenied: "The provider ended the sign-in with an error."
        case .stepUpRequired: "The sign-in is not what the rule demands, and it was no navigation that could repeat it."
        case .stepUpFailed: "The provider was asked for the sign-in that the rule demands, and did another."
        case .sessionTooLarge: "What the provider says of this account does not fit into the browser's cookies."
        case .signedOut: "The session was ended."
        case .badToken: "The bearer token does not hold: it is over, for somebody else, or not signed by the provider."
        case .forbidden: "This account, or this token, is not let in."
        case .ownPage: "It is a page of Postern's own."
        case .redirected: "The browser was sent to the address that counts."
        case .preflight: "A browser was told that another origin's script may ask."
        case .unknownHost: "No site has the host that was asked for."
        case .misdirected: "The connection was made for another site, by a certificate of its own."
        case .badRequest: "The request does not hold: its head, its path, its form, or where it came from."
        case .methodNotAllowed: "The method is none that may be used here."
        case .requestTimeout: "The request did not come in time."
        case .limited: "A limit was reached, and the answer was cut."
        case .draining: "The instance went down, and could not wait any longer."
        case .proxyRefused: "The connection had no PROXY header that holds, or did not come from a trusted proxy."
        case .originFailed: "The origin could not be reached, broke off, or answered with a fault of its own."
        case .originTimeout: "The origin did not answer in time."
        case .originDenied: "The origin refused Postern's own credentials."
        case .providerFailed: "The provider cannot be asked, or its keys are not loaded."
        case .clientGone: "The client left before the answer was whole."
        case .internalError: "A fault of Postern's own."
        }
    }

    /// What can be done.
    var remedy: String {
        switch self {
        case .served, .partial, .notModified, .signInStarted, .signedIn, .signedOut, .ownPage, .redirected, .preflight,
            .clientGone:
            "Nothing has to be done."
        case .notFound: "Look where the path leads: postern explain URL lists the keys that are tried."
        case .preconditionFailed, .rangeNotSatisfiable: "Have the client ask without its precondition or range."
        case .signInRequired: "Open the page in a browser, or send a bearer token of the site's provider."
        case .signInFailed: "Have the person try again; if it stays, compare the clocks and the hosts of all instances."
        case .signInLoop:
            "See that the browser keeps cookies of this host, and that all instances have the same session_keys."
        case .signInDenied: "Look in the provider's own log: the client, its scopes, or the account is refused there."
        case .stepUpRequired: "Open the page in a browser, which signs in again as the rule demands."
        case .stepUpFailed: "Have the provider do what the rule's acr or max_age asks for, or change the rule."
        case .sessionTooLarge: "Have the provider put fewer groups and claims into this client's ID tokens."
        case .badToken:
            "Get a new token of the site's provider; see bearer.audiences if it is meant for another client."
        case .forbidden:
            "Give the account what the rule asks for at the provider, or change the rule: postern explain tries it."
        case .unknownHost: "Add the host to sites.NAME.hosts, or point its DNS name elsewhere."
        case .misdirected: "The client asks again on a new connection; one certificate for both hosts avoids it."
        case .badRequest: "Correct the client; for its form, open the page again."
        case .methodNotAllowed: "Use GET or HEAD; content is read only, and apps have their own methods."
        case .requestTimeout: "Try again; on slow lines raise limits.head_timeout or limits.read_timeout."
        case .limited: "Raise the limit if the client is right: postern_limits_reached_total names it."
        case .draining: "Try again; limits.drain_timeout is how long answers are waited for."
        case .proxyRefused: "Add the proxy to trusted_proxies, and have it send PROXY headers."
        case .originFailed, .originTimeout: "Look at the origin: postern status and postern doctor tell how it is."
        case .originDenied:
            "Give the credentials s3:GetObject and s3:ListBucket on the bucket: postern doctor checks them."
        case .providerFailed: "Look at the provider: postern status and postern doctor tell how it is."
        case .internalError: "Please report it, with the lines of the log around this time."
        }
    }
}
