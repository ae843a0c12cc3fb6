import Foundation
import TLS

/// Keys and certificates for the tests, made by the `openssl` command once a run: nothing secret is committed, and
/// nothing expires.
enum Fixtures {
    static let directory: URL = {
        let directory = URL(fileURLWithPath: NSTemporaryDirectory())
            .appendingPathComponent("postern-tls-\(UInt64.random(in: 0...UInt64.max))")
        try! FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let script = """
            set -eu
            cd "$1"
            key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
            authority() {
                key "$1"
                openssl req -x509 -new -key "$1.key" -subj "/CN=Test authority $1" -days 30 -out "$1.pem" \
                    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
            }
            leaf() { # name, authority, subjectAltName, days
                key "$1"
                printf 'subjectAltName=%s\\n' "$3" > "$1.ext"
                openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
                openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -days "$4" -extfile "$1.ext" -out "$1.pem"
            }
            authority ca
            authority stranger
            leaf docs ca "DNS:docs.example.com,DNS:127.0.0.1.example.com,IP:127.0.0.1,IP:::1" 30
            leaf wild ca "DNS:*.wild.example.com,DNS:Exact.Wild.Example.com" 30
            leaf partial ca "DNS:w*.example.com" 30
            leaf expired ca "DNS:docs.example.com" -1
            leaf foreign stranger "DNS:docs.example.com" 30
            key self
            openssl req -x509 -new -key self.key -subj /CN=self -days 30 -out self.pem \
                -addext subjectAltName=DNS:docs.example.com
            openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key
            openssl req -x509 -new -key rsa.key -subj /CN=rsa -days 30 -out rsa.pem \
                -addext subjectAltName=DNS:rsa.example.com
            openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out weak.key
            openssl req -x509 -new -key weak.key -subj /CN=weak -days 30 -out weak.pem
            openssl pkey -in docs.key -aes256 -passout pass:secret -out encrypted.key
            openssl ec -in docs.key -aes256 -passout pass:secret -out encrypted-old.key
            key middle
            openssl req -new -key middle.key -subj "/CN=Test intermediate" -out middle.csr
            printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign\\n' > middle.ext
            openssl x509 -req -in middle.csr -CA ca.pem -CAkey ca.key -days 30 -extfile middle.ext -out middle.pem
            leaf deep middle "DNS:deep.example.com" 30
            cat deep.pem middle.pem > chain.pem
            cat middle.pem deep.pem > reversed.pem
            # Certificates that name an OCSP responder, and its responses.
            more='authorityInfoAccess=OCSP;URI:http://127.0.0.1:9/ocsp'
            leaf stapled middle "DNS:stapled.example.com
            $more" 30
            leaf must middle "DNS:must.example.com
            $more
            tlsfeature=status_request" 30
            for name in stapled must; do cp $name.pem $name-alone.pem; cp $name.key $name-alone.key; cat middle.pem >> $name.pem; done
            leaf delegate middle "DNS:responder.example.com
            extendedKeyUsage=OCSPSigning" 30
            leaf impostor middle "DNS:responder.example.com" 30
            status() { # serial's status, certificate: a line of the authority's index
                printf '%s\t301231235959Z\t%s\t%s\tunknown\t/CN=%s\n' "$1" "$2" \
                    "$(openssl x509 -noout -serial -in "$3.pem" | cut -d= -f2)" "$3"
            }
            respond() { # name, signer, index, certificate asked for
                openssl ocsp -index "$3" -CA middle.pem -rsigner "$2.pem" -rkey "$2.key" -issuer middle.pem \
                    -cert "$4.pem" -ndays 2 -no_nonce -noverify -respout "$1.der"
            }
            { status V '' stapled; status V '' must; } > good.txt
            status R 250101000000Z stapled > revoked.txt
            status V '' must > other.txt
            respond good middle good.txt stapled
            respond delegated delegate good.txt stapled
            respond impostor impostor good.txt stapled
            respond stranger stranger good.txt stapled
            respond revoked middle revoked.txt stapled
            respond unknown middle other.txt stapled
            respond other middle good.txt must
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, "sh", directory.path]
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try! process.run()
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { fatalError(String(decoding: text, as: UTF8.self)) }
        atexit { try? FileManager.default.removeItem(at: Fixtures.directory) }
        return directory
    }()

    static func file(_ name: String) -> [UInt8] {
        [UInt8](try! Data(contentsOf: directory.appendingPathComponent(name)))
    }

    static func certificate(_ name: String) -> TLSCertificate {
        TLSCertificate(chainPEM: file(name + ".pem"), keyPEM: file(name + ".key"))
    }

    static func server(_ names: String..., alpn: [String] = [], minimum: TLSVersion = .tls12) -> TLSServerContext {
        try! TLSServerContext(certificates: names.map(certificate), alpn: alpn, minimum: minimum)
    }

    static func client(_ authority: String = "ca", newest: TLSVersion = .tls13) -> TLSClientContext {
        try! TLSClientContext(caPEM: file(authority + ".pem"), maximum: newest, systemRoots: false)
    }
}
