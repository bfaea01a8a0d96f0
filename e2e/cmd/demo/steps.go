package main

// chapter is a run of steps on one subject.
type chapter struct {
	title string
	steps []step
}

// ctl and util are command lines of the two programs.
func ctl(args ...string) []string  { return append([]string{"etcdctl"}, args...) }
func util(args ...string) []string { return append([]string{"etcdutl"}, args...) }

// mainJob is an operator's everyday work with a cluster. It begins at revision
// 1 of a fresh store, so the revisions below are known. etcd is the server that
// a drill starts.
func mainJob(etcd string) []chapter {
	return []chapter{
		{"Writing and reading", writeAndRead()},
		{"History and compaction", history()},
		{"Leases", leases()},
		{"The cluster", clusterSteps()},
		{"Backup and restore", backup()},
		{"A day without a cluster", offline()},
		{"A backup you can trust", trusted(etcd)},
	}
}

func writeAndRead() []step {
	ok := []string{"OK"}
	return []step{
		{args: ctl("put", "/app/name", "etcdkit"), stdout: ok},
		{args: ctl("put", "/app/mode", "slow"), stdout: ok},
		{args: ctl("put", "/app/mode", "fast"), stdout: ok},
		{args: ctl("put", "/db/host", "db1.example.com"), stdout: ok},
		{args: ctl("get", "/app/name"), stdout: []string{"/app/name", "etcdkit"}},
		{args: ctl("get", "/app/", "--prefix", "--keys-only"), stdout: []string{"/app/mode", "/app/name"}, absent: "fast|/db/host"},
		{args: ctl("get", "/", "--prefix", "--limit", "1"), stdout: []string{"/app/mode", "fast"}, absent: "/app/name"},
		{args: ctl("get", "/app/mode", "--rev", "3"), stdout: []string{"slow"}},
		{args: ctl("get", "/app/name", "--from-key"), stdout: []string{"/app/name", "/db/host"}, absent: "/app/mode"},
		{args: ctl("get", "/app/name", "-w", "json"), stdout: []string{
			`\{"header":\{"cluster_id":\d+,"member_id":\d+,"revision":5,"raft_term":\d+\},` +
				`"kvs":\[\{"key":"L2FwcC9uYW1l","create_revision":2,"mod_revision":2,"version":1,"value":"ZXRjZGtpdA=="\}\],"count":1\}`,
		}},
	}
}

func history() []step {
	return []step{
		{args: ctl("watch", "/app/mode", "--rev", "3", "--prev-kv"), until: 8, stdout: []string{"PUT", "slow", "fast"}},
		{args: ctl("compaction", "4"), stdout: []string{"compacted revision 4"}},
		{args: ctl("get", "/app/mode", "--rev", "3"), code: 1, stderr: "Error: etcdserver: mvcc: required revision has been compacted"},
	}
}

func leases() []step {
	return []step{
		{args: ctl("lease", "grant", "300"), save: "LEASE", stdout: []string{`lease ([0-9a-f]{16}) granted with TTL\(300s\)`}},
		{args: ctl("put", "/locks/host1", "held", "--lease", "$LEASE"), stdout: []string{"OK"}},
		{args: ctl("lease", "timetolive", "$LEASE", "--keys"), stdout: []string{
			`lease [0-9a-f]{16} granted with TTL\(300s\), remaining\(\d+s\), attached keys\(\[/locks/host1\]\)`,
		}},
		{args: ctl("lease", "keep-alive", "$LEASE", "--once"), stdout: []string{`lease [0-9a-f]{16} keepalived with TTL\(300\)`}},
		{args: ctl("lease", "revoke", "$LEASE"), stdout: []string{`lease [0-9a-f]{16} revoked`}},
		{args: ctl("get", "/locks/host1"), stdout: []string{""}},
	}
}

func clusterSteps() []step {
	return []step{
		{args: ctl("member", "list"), stdout: []string{`[0-9a-f]+, started, \S+, http://\S+, http://\S+, false`}},
		{args: ctl("endpoint", "status", "-w", "table"), stdout: []string{`\| +ENDPOINT +\|.*IS LEADER.*\|`, `\| +127\.0\.0\.1:\d+ \|.*\| +true \|.*`}},
		{args: ctl("endpoint", "health"), stdout: []string{`127\.0\.0\.1:\d+ is healthy: successfully committed proposal: took = \S+`}},
	}
}

func backup() []step {
	return []step{
		{args: ctl("snapshot", "save", "backup.db"), stdout: []string{"Snapshot saved at backup.db", `Server version 3\.7\.0`}},
		{args: util("snapshot", "status", "backup.db", "-w", "table"), stdout: []string{`\| +HASH +\| +REVISION +\|.*`}},
		{args: util("snapshot", "restore", "backup.db", "--data-dir", "restored"), stderr: "(?s:.*)"},
	}
}

// offline reads the snapshot of backup as if it were a cluster.
func offline() []step {
	return []step{
		{args: util("get", "/app/", "--prefix", "--from", "backup.db"), stdout: []string{"/app/mode", "fast", "/app/name", "etcdkit"}},
		{args: util("tree", "--from", "backup.db"), stdout: []string{"/app/", "  mode", "  name"}},
		{args: util("member", "list", "--from", "backup.db"), stdout: []string{`[0-9a-f]+, started, \S+, http://\S+, http://\S+, false`}},
	}
}

func trusted(etcd string) []step {
	const name = `\d{8}T\d{6}Z-\d+-[0-9a-f]{8}`
	return []step{
		{args: ctl("backup", "save", "--repo", "backups"), stdout: []string{`Saved ` + name + `: revision \d+, .*, verified \(readback\), in \S+ s`}},
		{args: ctl("backup", "list", "--repo", "backups"), stdout: []string{name + `, revision \d+, .*, verified \(readback\) \S+`}},
		{args: ctl("backup", "drill", "--repo", "backups", "--etcd", etcd), stdout: []string{name + `: ok: etcd 3\.7\.\d+ started on it: .*`}},
		{args: ctl("backup", "restore", "latest", "--repo", "backups", "--data-dir", "trusted"), stderr: "(?s:.*)Restored - to trusted: (?s:.*)"},
	}
}
