import Origins
import Testing

struct S3ErrorDocumentTests {
    func code(_ text: String) -> String? { S3ErrorDocument.code(in: Array(text.utf8)) }

    @Test(arguments: [
        (
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>m</Message></Error>",
            "NoSuchKey"
        ),
        ("<Error>\n  <Code>AccessDenied</Code>\n</Error>", "AccessDenied"),
        ("<Error xmlns=\"x\"><Message>a</Message><Code>SlowDown</Code></Error>", "SlowDown"),
        (
            "<Error><Code>ServerSideEncryptionConfigurationNotFoundError</Code></Error>",
            "ServerSideEncryptionConfigurationNotFoundError"
        ),
    ])
    func theCodeIsRead(_ document: String, _ expected: String) {
        #expect(code(document) == expected)
    }

    @Test(arguments: [
        "", "<Error>", "<Code>NoSuchKey</Code>", "<Error><Code></Code></Error>", "<Error><Code>No Such</Code></Error>",
        "<Error><Code>a&amp;b</Code></Error>", "<Error><Code>NoSuchKey", "<Error><Code>NoSuchKey</Message></Error>",
        "<html>404</html>", "<Error><Code>a\nb</Code></Error>", "<Error><Code>a<b></b></Code></Error>",
    ])
    func whatIsNoCodeIsNot(_ document: String) {
        #expect(code(document) == nil)
    }

    @Test func aCodeHas64CharactersAtMost() {
        let longest = String(repeating: "A", count: 64)
        #expect(code("<Error><Code>\(longest)</Code></Error>") == longest)
        #expect(code("<Error><Code>\(longest)A</Code></Error>") == nil)
    }

    @Test func onlyTheBeginningIsLookedAt() {
        #expect(code("<Error>" + String(repeating: " ", count: 16_000) + "<Code>A</Code></Error>") == "A")
        #expect(code("<Error>" + String(repeating: " ", count: 20_000) + "<Code>A</Code></Error>") == nil)
    }
}
