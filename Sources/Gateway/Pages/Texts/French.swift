import Settings

/// French, with vous, and a space before two-part signs.
extension PageTexts {
    static let french: [PageText: String] = [
        // Buttons, links and labels
        .tryAgain: "Réessayer",
        .startPage: "Aller à la page d’accueil",
        .useAnotherAccount: "Utiliser un autre compte",
        .signInAgain: "Se reconnecter",
        .signOut: "Se déconnecter",
        .staySignedIn: "Rester connecté",
        .contact: "Contact",
        .reference: "Référence",
        .signedInAs: "Vous êtes connecté en tant que {account}.",
        // What is asked for
        .badRequestTitle: "Cette adresse ne fonctionne pas",
        .badRequest:
            "La demande n’est pas compréhensible. Veuillez vérifier que l’adresse ne contient pas de faute de frappe.",
        .unknownHostTitle: "Aucun site de ce nom ici",
        .unknownHost: "Ce serveur n’héberge pas le site indiqué dans l’adresse.",
        .misdirectedTitle: "Cette connexion appartient à un autre site",
        .misdirected:
            "Votre navigateur a demandé ce site par une connexion établie pour un autre. Veuillez recharger la page.",
        .tooLargeTitle: "C’est trop volumineux",
        .tooLarge: "Les données envoyées dépassent ce que ce serveur accepte.",
        .tooSlowTitle: "Le délai est dépassé",
        .tooSlow: "Les données envoyées ne sont pas arrivées à temps. Veuillez réessayer.",
        .methodTitle: "Cette action est impossible ici",
        .method: "Ce site se consulte seulement\u{A0}; rien ne peut lui être envoyé.",
        .notFoundTitle: "Cette page n’existe pas",
        .notFound: "Elle a peut-être été déplacée, ou l’adresse contient une faute de frappe.",
        // Who may see it
        .forbiddenTitle: "Votre compte n’a pas accès à cette page",
        .forbidden: "Demandez l’accès aux responsables de ce site ou utilisez un autre compte.",
        .stepUpTitle: "Cette page exige une connexion renforcée",
        .stepUp:
            "Le fournisseur d’identité n’a pas confirmé votre identité comme cette page l’exige\u{A0}: par exemple avec un second facteur ou par une nouvelle connexion.",
        .closedTitle: "Cette page est fermée",
        .closed: "Aucun compte ne permet de l’ouvrir.",
        // Signing in
        .chooseTitle: "Se connecter",
        .choose: "Comment souhaitez-vous vous connecter à {site}\u{A0}?",
        .signInFailedTitle: "La connexion a échoué",
        .callbackIncomplete: "L’adresse de retour du fournisseur d’identité est incomplète.",
        .callbackExpired: "La connexion a pris trop de temps.",
        .callbackOtherBrowser: "Cette connexion a été commencée ailleurs, ou un autre onglet a été plus rapide.",
        .callbackUnknown: "Cette connexion n’a pas été commencée ici.",
        .callbackIssuer: "La réponse ne vient pas du fournisseur d’identité interrogé.",
        .callbackUsed: "Cette connexion est déjà terminée.",
        .callbackRefused: "Le fournisseur d’identité n’accepte plus cette connexion.",
        .callbackInvalid: "La réponse du fournisseur d’identité n’est pas valide.",
        .signInDenied: "Le fournisseur d’identité ne vous a pas laissé entrer, ou vous avez annulé.",
        .signInError: "Le fournisseur d’identité signale un problème ({code}).",
        .cookiesTitle: "Votre navigateur n’a pas conservé un cookie",
        .cookies:
            "La connexion nécessite un cookie, et votre navigateur ne l’a pas envoyé. Veuillez autoriser les cookies pour ce site et réessayer dans le même navigateur.",
        .loopTitle: "La connexion tourne en rond",
        .loop:
            "Vous vous êtes connecté plusieurs fois en une minute, et chaque fois votre navigateur est revenu sans sa session.",
        .loopHelp:
            "Autorisez les cookies pour ce site ou supprimez ceux qu’il possède, et vérifiez la date et l’heure de votre appareil. Réessayez ensuite. Si cela ne suffit pas, essayez un autre navigateur.",
        .accountTooLargeTitle: "Votre compte est trop volumineux pour se connecter",
        .accountTooLarge:
            "Le fournisseur d’identité envoie plus d’informations sur votre compte qu’un navigateur ne peut en conserver\u{A0}: le plus souvent, de très nombreux groupes.",
        .accountTooLargeHelp: "Les responsables de ce site peuvent lui faire envoyer moins d’informations.",
        .providerDownTitle: "La connexion est impossible pour le moment",
        .providerDown: "Le fournisseur d’identité ne répond pas. Veuillez réessayer dans une minute.",
        // Signing out
        .signOutTitle: "Voulez-vous vous déconnecter\u{A0}?",
        .signedOutTitle: "Vous êtes déconnecté",
        .signedOut: "Votre session sur ce site est terminée.",
        .noSession: "Il n’y a pas de session dans ce navigateur.",
        // What failed
        .contentDownTitle: "Cette page ne peut pas être chargée pour le moment",
        .contentDown:
            "Le stockage de ce site ne répond pas comme il le devrait. Veuillez réessayer dans une minute.",
        .internalTitle: "Une erreur s’est produite ici",
        .internal: "L’erreur vient de ce serveur, pas de vous. Veuillez réessayer.",
    ]
}
