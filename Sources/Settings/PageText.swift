/// What Postern's own pages say: a closed list of names, under which each language has its words, and by which a
/// site's config may have others.
package enum PageText: String, Sendable, CaseIterable {
    // Buttons, links and labels
    case tryAgain = "try_again"
    case startPage = "start_page"
    case useAnotherAccount = "use_another_account"
    case signInAgain = "sign_in_again"
    case signOut = "sign_out"
    case staySignedIn = "stay_signed_in"
    case contact
    case reference
    case signedInAs = "signed_in_as"

    // What is asked for
    case badRequestTitle = "bad_request_title"
    case badRequest = "bad_request"
    case unknownHostTitle = "unknown_host_title"
    case unknownHost = "unknown_host"
    case misdirectedTitle = "misdirected_title"
    case misdirected
    case tooLargeTitle = "too_large_title"
    case tooLarge = "too_large"
    case tooSlowTitle = "too_slow_title"
    case tooSlow = "too_slow"
    case methodTitle = "method_title"
    case method
    case notFoundTitle = "not_found_title"
    case notFound = "not_found"

    // Who may see it
    case forbiddenTitle = "forbidden_title"
    case forbidden
    case stepUpTitle = "step_up_title"
    case stepUp = "step_up"
    case closedTitle = "closed_title"
    case closed

    // Signing in
    case chooseTitle = "choose_title"
    case choose
    case signInFailedTitle = "sign_in_failed_title"
    case callbackIncomplete = "callback_incomplete"
    case callbackExpired = "callback_expired"
    case callbackOtherBrowser = "callback_other_browser"
    case callbackUnknown = "callback_unknown"
    case callbackIssuer = "callback_issuer"
    case callbackUsed = "callback_used"
    case callbackRefused = "callback_refused"
    case callbackInvalid = "callback_invalid"
    case signInDenied = "sign_in_denied"
    case signInError = "sign_in_error"
    case cookiesTitle = "cookies_title"
    case cookies
    case loopTitle = "loop_title"
    case loop
    case loopHelp = "loop_help"
    case accountTooLargeTitle = "account_too_large_title"
    case accountTooLarge = "account_too_large"
    case accountTooLargeHelp = "account_too_large_help"
    case providerDownTitle = "provider_down_title"
    case providerDown = "provider_down"

    // Signing out
    case signOutTitle = "sign_out_title"
    case signedOutTitle = "signed_out_title"
    case signedOut = "signed_out"
    case noSession = "no_session"

    // What failed
    case contentDownTitle = "content_down_title"
    case contentDown = "content_down"
    case internalTitle = "internal_title"
    case `internal` = "internal"
}

/// The languages that they are said in, by their tags (RFC 5646).
package enum PageLanguage: String, Sendable, CaseIterable {
    case english = "en"
    case german = "de"
    case french = "fr"
    case spanish = "es"
    case japanese = "ja"
}
