import Posix
import Testing

struct ProcessorsTests {
    private static func quota(_ groups: String, _ files: [String: String]) -> Int? {
        Processors.quota(groups: groups) { files[$0] }
    }

    @Test func thereIsOneAtLeast() {
        #expect(Processors.available >= 1)
    }

    @Test func theAffinityIsAMaskInHexadecimal() {
        #expect(Processors.allowed(status: "Name:\tx\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\n") == 4)
        #expect(Processors.allowed(status: "Cpus_allowed:\tffffffff,00000001\n") == 33)
        #expect(Processors.allowed(status: "Cpus_allowed:\t0\n") == nil)
        #expect(Processors.allowed(status: "") == nil)
    }

    @Test func aQuotaIsRoundedUpToWholeProcessors() {
        for (text, processors) in [
            ("100000 100000\n", 1), ("150000 100000\n", 2), ("400000 100000\n", 4), ("1000 100000\n", 1),
        ] {
            #expect(Self.quota("0::/\n", ["/sys/fs/cgroup/cpu.max": text]) == processors, "\(text)")
        }
    }

    @Test func theTightestOfTheGroupsAboveCounts() {
        let files = [
            "/sys/fs/cgroup/a/b/cpu.max": "800000 100000\n", "/sys/fs/cgroup/a/cpu.max": "200000 100000\n",
            "/sys/fs/cgroup/cpu.max": "max 100000\n",
        ]
        #expect(Self.quota("0::/a/b\n", files) == 2)
        #expect(Self.quota("0::/a/b/c\n", files) == 2, "a group without the controller")
    }

    @Test func aContainersOwnGroupIsTheOutermostThatIsSeen() {
        #expect(Self.quota("0::/../../pod/container\n", ["/sys/fs/cgroup/cpu.max": "300000 100000\n"]) == 3)
    }

    @Test func versionOneHasAFileEach() {
        let files = [
            "/sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us": "250000\n",
            "/sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us": "100000\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        ]
        #expect(Self.quota("5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n0::/\n", files) == 3)
    }

    @Test func whatSaysNothingLimitsNothing() {
        for groups in ["", "0::/\n", "nonsense\n", "4:cpuset:/\n", "::\n"] {
            #expect(Self.quota(groups, [:]) == nil, "\(groups)")
        }
        for text in ["", "max 100000", "0 100000", "-1 100000", "100000 0", "100000", "a b", "1 2 3"] {
            #expect(Self.quota("0::/\n", ["/sys/fs/cgroup/cpu.max": text]) == nil, "\(text)")
        }
    }
}
