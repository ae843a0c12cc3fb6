import Bytes
import Testing

@Suite struct HTMLEscapeTests {
    @Test func markupBecomesText() {
        #expect(
            HTMLEscape.escape("</pre><script a=\"b\" c='d'>&amp;h\u{E9}")
                == "&lt;/pre&gt;&lt;script a=&quot;b&quot; c=&#39;d&#39;&gt;&amp;amp;h\u{E9}")
    }
}
