import Settings

/// Spanish, with usted.
extension PageTexts {
    static let spanish: [PageText: String] = [
        // Buttons, links and labels
        .tryAgain: "Volver a intentarlo",
        .startPage: "Ir a la página de inicio",
        .useAnotherAccount: "Usar otra cuenta",
        .signInAgain: "Volver a iniciar sesión",
        .signOut: "Cerrar sesión",
        .staySignedIn: "Mantener la sesión",
        .contact: "Contacto",
        .reference: "Referencia",
        .signedInAs: "Ha iniciado sesión como {account}.",
        // What is asked for
        .badRequestTitle: "Esta dirección no funciona",
        .badRequest: "La solicitud no se entiende. Compruebe que la dirección no contenga errores.",
        .unknownHostTitle: "Aquí no hay ningún sitio con ese nombre",
        .unknownHost: "Este servidor no aloja el sitio que indica la dirección.",
        .misdirectedTitle: "Esta conexión pertenece a otro sitio",
        .misdirected:
            "Su navegador pidió este sitio por una conexión que había abierto para otro. Vuelva a cargar la página.",
        .tooLargeTitle: "Es demasiado grande",
        .tooLarge: "Los datos enviados superan lo que este servidor admite.",
        .tooSlowTitle: "Ha tardado demasiado",
        .tooSlow: "Los datos enviados no llegaron a tiempo. Vuelva a intentarlo.",
        .methodTitle: "Eso no es posible aquí",
        .method: "Este sitio solo se puede consultar; no admite envíos.",
        .notFoundTitle: "Esta página no existe",
        .notFound: "Puede que se haya movido o que la dirección contenga un error.",
        // Who may see it
        .forbiddenTitle: "Su cuenta no tiene acceso a esta página",
        .forbidden: "Pida acceso a los responsables de este sitio o use otra cuenta.",
        .stepUpTitle: "Esta página exige un inicio de sesión más seguro",
        .stepUp:
            "El proveedor de identidad no ha confirmado su identidad como esta página exige: por ejemplo, con un segundo factor o con un nuevo inicio de sesión.",
        .closedTitle: "Esta página está cerrada",
        .closed: "No se puede abrir con ninguna cuenta.",
        // Signing in
        .chooseTitle: "Iniciar sesión",
        .choose: "¿Cómo desea iniciar sesión en {site}?",
        .signInFailedTitle: "No se ha podido iniciar sesión",
        .callbackIncomplete: "La dirección con la que ha vuelto del proveedor de identidad está incompleta.",
        .callbackExpired: "El inicio de sesión ha tardado demasiado.",
        .callbackOtherBrowser:
            "Este inicio de sesión comenzó en otro lugar, o en otra pestaña que fue más rápida.",
        .callbackUnknown: "Este inicio de sesión no comenzó aquí.",
        .callbackIssuer: "La respuesta no procede del proveedor de identidad consultado.",
        .callbackUsed: "Este inicio de sesión ya se ha completado.",
        .callbackRefused: "El proveedor de identidad ya no acepta este inicio de sesión.",
        .callbackInvalid: "La respuesta del proveedor de identidad no es válida.",
        .signInDenied: "El proveedor de identidad no le ha dado acceso, o usted ha cancelado.",
        .signInError: "El proveedor de identidad informa de un problema ({code}).",
        .cookiesTitle: "Su navegador no ha guardado una cookie",
        .cookies:
            "Para iniciar sesión hace falta una cookie, y su navegador no la ha enviado. Permita las cookies en este sitio y vuelva a intentarlo en el mismo navegador.",
        .loopTitle: "El inicio de sesión no termina nunca",
        .loop:
            "Ha iniciado sesión varias veces en un minuto, y cada vez su navegador ha vuelto sin la sesión.",
        .loopHelp:
            "Permita las cookies en este sitio o borre las que ya tiene, y compruebe la fecha y la hora de su dispositivo. Después, vuelva a intentarlo. Si no funciona, pruebe con otro navegador.",
        .accountTooLargeTitle: "Su cuenta es demasiado grande para iniciar sesión",
        .accountTooLarge:
            "El proveedor de identidad envía más datos de su cuenta de los que un navegador puede guardar: casi siempre, muchísimos grupos.",
        .accountTooLargeHelp: "Los responsables de este sitio pueden hacer que envíe menos datos.",
        .providerDownTitle: "En este momento no se puede iniciar sesión",
        .providerDown: "El proveedor de identidad no responde. Vuelva a intentarlo dentro de un minuto.",
        // Signing out
        .signOutTitle: "¿Desea cerrar la sesión?",
        .signedOutTitle: "Ha cerrado la sesión",
        .signedOut: "Su sesión en este sitio ha terminado.",
        .noSession: "No hay ninguna sesión en este navegador.",
        // What failed
        .contentDownTitle: "En este momento no se puede cargar la página",
        .contentDown:
            "El almacenamiento de este sitio no responde como debería. Vuelva a intentarlo dentro de un minuto.",
        .internalTitle: "Algo ha fallado aquí",
        .internal: "El error es de este servidor, no suyo. Vuelva a intentarlo.",
    ]
}
