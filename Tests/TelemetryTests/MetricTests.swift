import Telemetry
import Testing

struct MetricTests {
    let layout = MetricLayout(
        names: MetricNames(sites: ["docs", "a\"b\\c\n"], listeners: ["web"], providers: ["corp"], origins: ["s3"]))
    let build = BuildInfo(version: "1", swift: "6", openSSL: "3", nghttp2: "1.5", zlib: "1.2")

    @Test func namesAndLabelsFollowPrometheus() throws {
        let name = try Regex("postern_[a-z0-9_]+")
        for metric in Metric.allCases {
            let declaration = metric.declaration
            #expect(declaration.name.wholeMatch(of: name) != nil)
            #expect((declaration.kind == .counter) == declaration.name.hasSuffix("_total"), "\(declaration.name)")
            #expect(declaration.help.hasSuffix("."))
        }
        #expect(Set(Metric.allCases.map(\.declaration.name)).count == Metric.allCases.count)
    }

    @Test func closedListsCountThemselvesInOrder() {
        func check<Value: MetricLabelValue>(_ type: Value.Type) {
            #expect(Value.allCases.map(\.index) == Array(0..<Value.allCases.count))
        }
        check(Outcome.self)
        check(MetricResult.self)
        check(StatusClass.self)
        check(CloseReason.self)
        check(SignInStep.self)
        check(TokenCheck.self)
        check(OriginAnswer.self)
        check(OriginRecovery.self)
        check(RenewalOutcome.self)
        check(CacheLookup.self)
        check(RequestStage.self)
        check(TLSVersionUsed.self)
        check(CipherSuite.self)
        check(LoopKind.self)
        check(LogKind.self)
    }

    @Test func requestIsCountedInAllItsMetrics() {
        let counters = Counters(layout)
        counters.count(site: 1, outcome: .served, status: 200, bytes: 10, duration: 2500)
        counters.count(site: 1, outcome: .served, status: 200, bytes: 10, duration: 2501)
        counters.count(site: 0, outcome: .unknownHost, status: 421, bytes: 0, duration: 99_000_000)
        let text = PrometheusText.render(counters.snapshot, build: build)
        for line in [
            #"postern_requests_total{site="docs",outcome="served"} 2"#,
            #"postern_requests_total{site="",outcome="unknown_host"} 1"#,
            #"postern_responses_total{site="docs",class="2xx"} 2"#,
            #"postern_response_body_bytes_total{site="docs"} 20"#,
            #"postern_request_duration_seconds_bucket{site="docs",le="0.001"} 0"#,
            #"postern_request_duration_seconds_bucket{site="docs",le="0.0025"} 1"#,
            #"postern_request_duration_seconds_bucket{site="docs",le="0.005"} 2"#,
            #"postern_request_duration_seconds_bucket{site="docs",le="+Inf"} 2"#,
            #"postern_request_duration_seconds_sum{site="docs"} 0.005001"#,
            #"postern_request_duration_seconds_count{site="docs"} 2"#,
            #"postern_request_duration_seconds_bucket{site="",le="30"} 0"#,
            #"postern_request_duration_seconds_bucket{site="",le="+Inf"} 1"#,
            #"postern_response_body_bytes_total{site="a\"b\\c\n"} 0"#,
            "# TYPE postern_requests_total counter", "# TYPE postern_request_duration_seconds histogram",
        ] {
            #expect(text.split(separator: "\n").contains { $0 == line }, "\(line)")
        }
    }

    @Test func everyMetricIsShownByItsTypeFromTheStart() {
        let text = PrometheusText.render(MetricSnapshot(layout), build: build)
        for metric in Metric.allCases {
            #expect(text.contains("# TYPE \(metric.declaration.name) \(metric.declaration.kind.rawValue)\n"))
        }
    }

    @Test func workersAddUp() {
        var sum = MetricSnapshot(layout)
        for _ in 0..<3 {
            let counters = Counters(layout)
            counters.add(1, to: .logLinesDropped, LogKind.events)
            counters.add(2, to: .connectionsOpen, 1)
            counters.add(-1, to: .connectionsOpen, 1)
            sum.merge(counters.snapshot)
        }
        let text = PrometheusText.render(sum, build: build)
        #expect(text.contains("postern_log_lines_dropped_total{log=\"events\"} 3\n"))
        #expect(text.contains("postern_connections_open{listener=\"web\"} 3\n"))
        #expect(
            text.contains(
                "postern_build_info{version=\"1\",swift=\"6\",openssl=\"3\",nghttp2=\"1.5\",zlib=\"1.2\"} 1\n"))
    }

    @Test func countsSurviveAReloadByName() {
        let counters = Counters(layout)
        counters.add(5, to: .responseBytes, 1)
        counters.add(7, to: .responseBytes, 2)
        counters.observe(1, in: .requestDuration, 1)
        counters.add(3, to: .requests, 1, Outcome.served)
        counters.add(1, to: .workers)
        var next = MetricSnapshot(MetricLayout(names: MetricNames(sites: ["new", "docs"])))
        next.merge(counters.snapshot)
        let text = PrometheusText.render(next, build: build)
        #expect(text.contains("postern_response_body_bytes_total{site=\"docs\"} 5\n"))
        #expect(text.contains("postern_response_body_bytes_total{site=\"new\"} 0\n"))
        #expect(text.contains("postern_request_duration_seconds_count{site=\"docs\"} 1\n"))
        #expect(text.contains("postern_requests_total{site=\"docs\",outcome=\"served\"} 3\n"))
        #expect(text.contains("postern_workers 1\n"))
        #expect(!text.contains("a\\\"b"))
    }

    @Test func aNameThatHasGoneCountsOnAndIsInNoStateAnyMore() {
        let counters = Counters(layout)
        counters.add(5, to: .responseBytes, 1)
        counters.set(.connectionsOpen, 1, to: 4)
        let names = MetricNames(sites: ["new"], listeners: ["other"], continuing: layout.names)
        let next = Counters(MetricLayout(names: names), continuing: counters)
        next.add(1, to: .responseBytes, 1)
        let text = PrometheusText.render(next.snapshot)
        #expect(text.contains("postern_response_body_bytes_total{site=\"docs\"} 5\n"))
        #expect(text.contains("postern_response_body_bytes_total{site=\"new\"} 1\n"))
        #expect(text.contains("postern_connections_open{listener=\"other\"} 0\n"))
        #expect(!text.contains("postern_connections_open{listener=\"web\"}"), "what was set ends with who set it")
        let back = Counters(MetricLayout(names: MetricNames(sites: ["docs"], continuing: names)), continuing: next)
        #expect(PrometheusText.render(back.snapshot).contains("postern_response_body_bytes_total{site=\"docs\"} 5\n"))
    }

    @Test func ofNamesThatHaveGoneTheLatestAreRemembered() {
        var names = MetricNames(sites: ["0"])
        for number in 1...250 { names = MetricNames(sites: ["\(number)"], continuing: names) }
        #expect(names.sites.prefix(3) == ["", "250", "249"])
        #expect(names.sites.count == 202 && names.sites.last == "50")
    }
}
