package doctor

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

const members = "etcdctl member list -w table"

func memberCases() []pictured {
	return []pictured{
		{"a member is down", func(p *Picture) { p.down(2) }, []found{
			{"error member-down m3", "https://10.0.0.3:2379: connection refused; 2 of 3 voting members up, no other may fail", "etcdctl member swap 3 --peer-urls https://10.0.0.3:2380 --dry-run"}}},
		{"no quorum", func(p *Picture) {
			p.down(1)
			p.down(2)
			p.Members[0].Status().Leader = 0
		}, []found{
			{"error no-leader m1", "no member leads; 1 of 3 voting members up, 2 needed", statusOfAll},
			{"error member-down m2", "https://10.0.0.2:2379: connection refused; 1 of 3 voting members up, 2 needed", "etcdctl endpoint health --endpoints https://10.0.0.2:2379"},
			{"error member-down m3", "https://10.0.0.3:2379: connection refused; 1 of 3 voting members up, 2 needed", "etcdctl endpoint health --endpoints https://10.0.0.3:2379"}}},
		{"one is cut off", func(p *Picture) { p.Members[1].Status().Leader = 0 }, []found{{"error no-leader m2", "the others have a leader", statusOfAll}}},
		{"a dead endpoint", func(p *Picture) { p.Strays = []Visit{{Endpoint: "a:1", Given: true, Err: errRefused}} }, []found{
			{"warning endpoint-down", "connection refused", "etcdctl member list"}}},
		{"nothing answers", func(p *Picture) {
			*p = Picture{At: p.At, Strays: []Visit{{Endpoint: "a:1", Given: true, Err: errRefused}}}
		}, []found{{"error endpoint-down", "connection refused", "etcdctl endpoint health --endpoints a:1"}}},
		{"two clusters", func(p *Picture) {
			p.Strays = []Visit{{Endpoint: "a:1", Given: true, ClusterID: 0xbad, MemberID: 9}}
			p.Members[2].Visits[0].ClusterID, p.Members[2].Seen = 0xbad, nil
		}, []found{
			{"error wrong-cluster", "a:1: cluster bad answers, not c0ffee", "etcdctl member list --endpoints a:1"},
			{"error wrong-cluster m3", "https://10.0.0.3:2379: cluster bad answers, not c0ffee", "etcdctl member list --endpoints https://10.0.0.3:2379"}}},
		{"a load balancer", func(p *Picture) {
			p.Members[2].Visits = append(p.Members[2].Visits, Visit{Endpoint: "https://10.0.0.9:2379", MemberID: 1, ClusterID: ownCluster, Web: Web{AsksClient: true}})
		}, []found{{"warning wrong-member m3", "https://10.0.0.9:2379 is answered by m1", members}}},
		{"two members", func(p *Picture) { p.Members = p.Members[:2] }, []found{
			{"warning even-members", "2 voting members, of which 0 may fail, as with 1", "etcdctl member add NAME --learner --peer-urls URL"}}},
		{"a learner", func(p *Picture) {
			p.Members = append(p.Members, healthy().Members[2])
			m := &p.Members[3]
			m.ID, m.Name, m.Learner = 4, "m4", true
			m.Visits[0].MemberID = 4
		}, []found{{"warning learner-ready m4", "20000 of 20000 entries applied", "etcdctl member promote 4"}}},
		{"a learner far behind, in place of the third", func(p *Picture) {
			p.Members[2].Learner = true
			p.Members[2].Status().RaftAppliedIndex = 17_999
			p.Members[2].Status().RaftIndex = 17_999
		}, []found{
			{"warning even-members", "2 voting members, of which 0 may fail, as with 1", "etcdctl member promote 3 --wait"},
			{"warning learner-behind m3", "17999 of 20000 entries applied", "etcdctl member promote 3 --wait"}}},
		{"unstarted", func(p *Picture) {
			m := &p.Members[2]
			*m = Member{ID: 0xabc, PeerURLs: m.PeerURLs}
		}, []found{{"warning member-unstarted abc", "peer URL https://10.0.0.3:2380; 2 of 3 voting members up, no other may fail", "etcdctl member remove abc"}}},
		{"two of one name", func(p *Picture) { p.Members[1].Name = "m1" }, []found{{"warning duplicate-name m1", "2 members: 1 and 2", members}}},
		{"a dead URL", func(p *Picture) {
			p.Members[0].Visits = append(p.Members[0].Visits, Visit{Endpoint: "https://10.0.0.9:2379", Err: errRefused})
		}, []found{{"warning unreachable-urls m1", "connection refused", "etcdctl endpoint health --endpoints https://10.0.0.9:2379"}}},
		{"no URL at all", func(p *Picture) { p.Members[0].ClientURLs, p.Members[0].Visits = nil, nil }, []found{
			{"warning unreachable-urls m1", "it advertises no client URL", members}}},
		{"a loopback URL", func(p *Picture) { p.Members[0].ClientURLs = []string{"http://localhost:2379"} }, []found{
			{"warning loopback-urls m1", "http://localhost:2379", members}}},
	}
}

func serverCases() []pictured {
	return []pictured{
		{"full", func(p *Picture) {
			p.Alarms = []*pb.AlarmMember{{MemberID: 2, Alarm: pb.AlarmType_NOSPACE}}
			p.Members = p.Members[:1]
			p.Members[0].Status().DbSize, p.Members[0].Status().DbSizeInUse = 2<<30, 2<<30
		}, []found{{"error nospace 2", "m1: 2.1 GB of 2.1 GB, 2.1 GB in use", "etcdctl alarm recover"}}},
		{"full of free pages", func(p *Picture) {
			p.Alarms = []*pb.AlarmMember{{MemberID: 1, Alarm: pb.AlarmType_NOSPACE}}
			p.Members = p.Members[:1]
			p.Members[0].Status().DbSize, p.Members[0].Status().DbSizeInUse = 2<<30, 3<<29
		}, []found{{"error nospace m1", "m1: 2.1 GB of 2.1 GB, 1.6 GB in use", "etcdctl alarm recover"}}},
		{"an alarm left armed", func(p *Picture) {
			p.Alarms = []*pb.AlarmMember{{MemberID: 1, Alarm: pb.AlarmType_NOSPACE}, {MemberID: 1, Alarm: pb.AlarmType_CORRUPT}}
			p.Members = p.Members[:1]
		}, []found{
			{"error nospace m1", "m1: 52 MB of 2.1 GB, 42 MB in use", "etcdctl alarm disarm"},
			{"error corrupt m1", "alarm CORRUPT is raised; there is no other member to differ from", "etcdctl alarm disarm"}}},
		{"an alarm, and equal data", func(p *Picture) { p.Alarms = []*pb.AlarmMember{{MemberID: 2, Alarm: pb.AlarmType_CORRUPT}} }, []found{
			{"error corrupt m2", "alarm CORRUPT is raised; the hashes of all 3 members agree", "etcdctl alarm disarm"}}},
		{"an alarm, and other data", func(p *Picture) {
			p.Alarms = []*pb.AlarmMember{{MemberID: 2, Alarm: pb.AlarmType_CORRUPT}}
			p.Members[1].Hash.Hash = 78
		}, []found{
			{"error corrupt m2", "alarm CORRUPT is raised", "etcdctl check consistency"},
			{"error hashes", "m1 and m3: hash 77; m2: hash 78", "etcdctl check consistency"}}},
		{"data differs", func(p *Picture) { p.Members[2].Hash.Hash = 78 }, []found{
			{"error hashes", "m1 and m2: hash 77; m3: hash 78", "etcdctl check consistency"}}},
		{"data differs after another compaction", func(p *Picture) { p.Members[2].Hash.Hash, p.Members[2].Hash.CompactRevision = 78, 801 }, nil},
		{"mixed", func(p *Picture) { p.Members[2].Status().Version = "3.7.3" }, []found{{"warning mixed-versions", "m1 and m2: 3.6.16; m3: 3.7.3", statusOfAll}}},
		{"downgrading", func(p *Picture) {
			p.Members[0].Status().DowngradeInfo = &pb.DowngradeInfo{Enabled: true, TargetVersion: "3.5.0"}
			p.Members[0].Status().StorageVersion = "3.5.0"
		}, []found{{"warning downgrade", "to 3.5.0", "etcdctl downgrade cancel"}}},
		{"old storage", func(p *Picture) { p.Members[0].Status().StorageVersion = "3.5.0" }, []found{
			{"warning storage-version m1", "storage 3.5.0, server 3.6.16, running for 1 day", statusOfAll}}},
		{"old storage just after the start", func(p *Picture) {
			p.Members[0].Status().StorageVersion = "3.5.0"
			p.Members[0].Seen.Web.Metrics = measured(map[string]float64{"process_start_time_seconds": float64(seenAt().Add(-time.Minute / 2).Unix())})
		}, nil},
		{"old releases", func(p *Picture) {
			p.Members = p.Members[:1]
			p.Auth.Enabled = false
			p.Members[0].Status().Version, p.Members[0].Status().StorageVersion = "3.5.5", ""
		}, []found{{"error bad-release m1", "3.5.5, fixed in 3.5.13: members' revisions may diverge after a crash during defragmentation (etcd #14685); " +
			"watches may miss events after a compaction, and an old leader may revoke leases (etcd #17612, #17425)", statusOfAll}}},
		{"a leak, with authentication", func(p *Picture) {
			p.all(func(_ *Member, s *pb.StatusResponse) { s.Version = "3.7.0" })
			p.all(func(_ *Member, s *pb.StatusResponse) { s.StorageVersion = "3.7.0" })
		}, []found{{"error bad-release m1,m2,m3", "3.7.0, fixed in 3.7.1: GHSA-xg4h-6gfc-h4m8: watches read keys without permission", statusOfAll}}},
		{"an unsupported release", func(p *Picture) {
			p.all(func(_ *Member, s *pb.StatusResponse) { s.Version, s.StorageVersion = "3.4.30", "" })
		}, []found{{"warning bad-release m1,m2,m3", "3.4.30 is no longer supported", statusOfAll}}},
		{"nearly full", func(p *Picture) {
			p.Members[0].Status().DbSizeInUse, p.Members[0].Status().DbSize = 96<<20, 96<<20
			p.Members[1].Status().DbSizeInUse, p.Members[1].Status().DbSize = 78<<20, 80<<20
			p.all(func(_ *Member, s *pb.StatusResponse) { s.DbSizeQuota = 100 << 20 })
		}, []found{
			{"error quota m1", "101 MB of 105 MB (96%), 101 MB in use", "etcdctl du --depth 1"},
			{"warning quota m2", "84 MB of 105 MB (80%), 82 MB in use", "etcdctl defrag --cluster --guard"}}},
		{"other quotas, of 3.5", func(p *Picture) {
			p.all(func(m *Member, s *pb.StatusResponse) {
				s.DbSizeQuota = 0
				m.Seen.Web.Metrics = measured(map[string]float64{"etcd_server_quota_backend_bytes": float64(m.ID%2+1) * (1 << 30)})
			})
		}, []found{{"warning quota-differs", "m1 and m3: 2.1 GB; m2: 1.1 GB", statusOfAll}}},
		{"fragmented", func(p *Picture) { p.Members[1].Status().DbSize = 100 << 20 }, []found{
			{"warning fragmentation m2", "105 MB, of which 63 MB (60%) can be given back", "etcdctl defrag --cluster --guard --if-free-percent 30"}}},
		{"large", func(p *Picture) {
			p.all(func(_ *Member, s *pb.StatusResponse) { s.DbSizeQuota = 16 << 30 })
			p.Members[1].Status().DbSize, p.Members[1].Status().DbSizeInUse = 9<<30, 8<<30
		}, []found{{"warning large-database m2", "9.7 GB, 8.6 GB in use", "etcdctl du --depth 1"}}},
		{"lagging", func(p *Picture) {
			p.Members[1].Status().RaftIndex, p.Members[1].Status().RaftAppliedIndex = 14_000, 12_000
		}, []found{
			{"warning raft-lag m2", "index 14000, the leader's is 20000", statusOfAll},
			{"warning apply-lag m2", "12000 of 14000 entries applied", statusOfAll}}},
		{"never compacted", func(p *Picture) {
			p.all(func(m *Member, s *pb.StatusResponse) {
				m.Hash, s.Header.Revision = nil, 10_001
				m.Seen.Web.Metrics = measured(map[string]float64{"etcd_debugging_mvcc_compact_revision": -1})
			})
		}, []found{{"warning no-compaction", "10001 revisions, none compacted", "etcdctl compaction 10001 --physical"}}},
		{"certificates", func(p *Picture) {
			for i, d := range []time.Duration{29 * 24 * time.Hour, -time.Hour} {
				leaf := *p.Members[i].Visits[0].Web.Chain[0]
				leaf.NotAfter = seenAt().Add(d)
				p.Members[i].Visits[0].Web.Chain = []*x509.Certificate{&leaf}
			}
		}, []found{
			{"error cert-expiry m2", "https://10.0.0.2:2379: ended on 2026-12-01", openssl("10.0.0.2:2379")},
			{"warning cert-expiry m1", "https://10.0.0.1:2379: ends in 29 days, on 2026-12-30", openssl("10.0.0.1:2379")}}},
		{"another authority, and no name", func(p *Picture) {
			leaf := *p.Members[2].Visits[0].Web.Chain[0]
			leaf.Issuer, leaf.IPAddresses, leaf.DNSNames = pkix.Name{CommonName: "other"}, []net.IP{net.IPv4(10, 0, 0, 9)}, []string{"etcd-3"}
			p.Members[2].Visits[0].Web.Chain = []*x509.Certificate{&leaf}
		}, []found{
			{"warning cert-names m3", "https://10.0.0.3:2379: the certificate is for etcd-3 and 10.0.0.9", openssl("10.0.0.3:2379")},
			{"warning cert-issuers", "m1 and m2: CN=ca (key 01020304); m3: CN=other (key 01020304)", "etcdctl endpoint health --cluster"}}},
		{"open", func(p *Picture) { p.Auth.Enabled, p.Members[1].Visits[0].Web.AsksClient = false, false }, []found{
			{"warning open-access m2", "https://10.0.0.2:2379", "etcdctl auth status"}}},
		{"half of authentication", func(p *Picture) { p.Auth = &Auth{RootUser: true} }, []found{
			{"warning auth-half", "user root has the role root, authentication is off", "etcdctl auth enable"}}},
		{"no backup", func(p *Picture) { p.Backup, p.Repo = "there is no verified backup", "/b" }, []found{
			{"error old-backup", "there is no verified backup", "etcdctl backup save --repo /b"}}},
		{"clocks", func(p *Picture) { p.Members[1].Seen.Web.Clock = 3 * time.Second }, []found{
			{"warning clock-skew m1,m2", "m1 is at least 2s behind m2", "timedatectl"}}},
		{"clocks within what can be seen", func(p *Picture) { p.Members[1].Seen.Web.Clock = 2 * time.Second }, nil},
	}
}

func metricCases() []pictured {
	const perf = "etcdctl check perf"
	with := func(values map[string]float64) func(*Picture) {
		return func(p *Picture) { p.Members[1].Seen.Web.Metrics = measured(values) }
	}
	slow := func(metric, le string, n float64) func(*Picture) {
		return func(p *Picture) { p.Members[1].Seen.Web.Metrics.histogram(metric, le, n) }
	}
	return []pictured{
		{"leader changes", with(map[string]float64{"etcd_server_leader_changes_seen_total": 73}), []found{
			{"warning leader-changes m2", "73 changes of the leader in 1 day", statusOfAll}}},
		{"few leader changes an hour", with(map[string]float64{"etcd_server_leader_changes_seen_total": 72}), nil},
		{"slow fsync", slow("etcd_disk_wal_fsync_duration_seconds", "0.016", 1000), []found{
			{"warning slow-fsync m2", "99% of 1000 took up to 16ms, the limit is 10ms (etcd's FAQ)", perf}}},
		{"slow fsync, measured too rarely", slow("etcd_disk_wal_fsync_duration_seconds", "0.016", 999), nil},
		{"good fsync", slow("etcd_disk_wal_fsync_duration_seconds", "0.008", 1000), nil},
		{"slow commit", slow("etcd_disk_backend_commit_duration_seconds", "0.032", 1000), []found{
			{"warning slow-commit m2", "99% of 1000 took up to 32ms, the limit is 25ms (etcd's FAQ)", perf}}},
		{"slow peers", slow("etcd_network_peer_round_trip_time_seconds", "0.2048", 1000), []found{
			{"warning slow-peers m2", "99% of 1000 took up to 204.8ms, the limit is 150ms (etcd's monitoring mixin)", perf}}},
		{"slow apply", with(map[string]float64{"etcd_server_slow_apply_total": 21, "etcd_server_proposals_applied_total": 2000}), []found{
			{"warning slow-apply m2", "21 of 2000 entries since the start", perf}}},
		{"failed proposals", with(map[string]float64{"etcd_server_proposals_failed_total": 121}), []found{
			{"warning failed-proposals m2", "121 failed proposals in 1 day", statusOfAll}}},
		{"slow watchers", with(map[string]float64{"etcd_debugging_mvcc_slow_watcher_total": 11, "etcd_debugging_mvcc_watcher_total": 40}), []found{
			{"warning slow-watchers m2", "11 of 40 watchers", statusOfAll}}},
		{"open files", with(map[string]float64{"process_open_fds": 810, "process_max_fds": 1000}), []found{
			{"warning open-files m2", "810 of 1000", statusOfAll}}},
		{"deep history", func(p *Picture) {
			p.all(func(_ *Member, s *pb.StatusResponse) { s.Header.Revision = 9000 })
			p.KeysOf = 4000
			p.Keys = []Key{{"a", 5000, 2, 9000}, {"compacted", 5000, 2, 800}, {"young", 999, 8001, 9000}, {"b\x00", 1000, 2, 8000}}
		}, []found{{"warning deep-history", `up to 5000 revisions of "a"; 2 such keys; 4 of 4000 keys were looked at`, "etcdctl compaction 9000 --physical"}}},
		{"leases", func(p *Picture) { p.Leases = 5001 }, []found{{"warning leases", "5001 leases", "etcdctl lease list"}}},
		{"v2", func(p *Picture) { p.Members[1].Seen.Web.V2Keys = 2 }, []found{
			{"warning v2-content", "2 keys in the root directory", "ETCDCTL_API=2 etcdctl ls --recursive"}}},
		{"dropped flags", func(p *Picture) {
			p.Members[1].Seen.Web.Args = []string{"etcd", "--experimental-compaction-batch-limit=5", "-name", "experimental-x", "--snapshot-count", "9"}
		}, []found{{"warning dropped-flags m2", "--experimental-compaction-batch-limit, which 3.7 does not have", "etcd --help"}}},
	}
}

func upgradeCases() []pictured {
	runs := func(version, storage string) func(*Picture) {
		return func(p *Picture) {
			p.all(func(_ *Member, s *pb.StatusResponse) { s.Version, s.StorageVersion = version, storage })
			p.Auth.Enabled, p.UpgradeTo = false, "3.7"
		}
	}
	to36 := func(flags ...string) func(*Picture) {
		return func(p *Picture) {
			runs("3.5.33", "")(p)
			p.UpgradeTo = "3.6"
			p.Members[1].Seen.Web.Args = append([]string{"etcd"}, flags...)
			p.Members[1].Seen.Web.V2Keys = len(flags)
		}
	}
	return []pictured{
		{"ready for 3.7", runs("3.6.11", "3.6.0"), nil},
		{"upgraded to 3.7", runs("3.7.3", "3.7.0"), nil},
		{"two steps", runs("3.5.33", ""), []found{{"error upgrade-step m1,m2,m3", "3.5.33 must be upgraded to 3.6 first", statusOfAll}}},
		{"beyond", runs("3.8.0", "3.8.0"), []found{{"error upgrade-step m1,m2,m3", "3.8.0 is newer than 3.7", statusOfAll}}},
		{"too old a patch release", runs("3.6.10", "3.6.0"), []found{
			{"error upgrade-release m1,m2,m3", "3.6.10, at least 3.6.11 is needed: the upgrade guide asks for it", statusOfAll}}},
		{"storage behind", func(p *Picture) {
			runs("3.6.16", "3.6.0")(p)
			p.Members[0].Status().StorageVersion = "3.5.0"
			p.Members[0].Seen.Web.Metrics = measured(map[string]float64{"process_start_time_seconds": float64(seenAt().Unix())})
		}, []found{{"error upgrade-storage m1", "server 3.6.16, storage 3.5", statusOfAll}}},
		{"v2 content and flags", to36("--enable-v2"), []found{
			{"error v2-content", "1 key in the root directory", "ETCDCTL_API=2 etcdctl ls --recursive"},
			{"error dropped-flags m2", "--enable-v2, which 3.6 does not have", "etcd --help"}}},
		{"neither", to36(), nil},
	}
}

func openssl(at string) string {
	return fmt.Sprintf("openssl s_client -connect %s </dev/null | openssl x509 -noout -dates -ext subjectAltName", at)
}
