package ctl

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/backup/backuptest"
	"etcdkit/commands/cli"
	"etcdkit/internal/need"
)

// backupMember is a member of a cluster of three, led by member 1, that sends
// this snapshot.
func backupMember(t *testing.T, id uint64, snapshot []byte) *fakeMember {
	t.Helper()
	f := sender("3.7.0", snapshot, nil)
	f.status = func(*pb.StatusRequest) (*pb.StatusResponse, error) {
		return &pb.StatusResponse{Header: &pb.ResponseHeader{ClusterId: 0xabc, MemberId: id}, Version: "3.7.0", Leader: 1, IsLearner: id == 3}, nil
	}
	return f.start(t)
}

// field runs backup list and returns a member of the newest backup.
func field(t *testing.T, repo, name string) string {
	t.Helper()
	o := etcdctl(t, "backup", "list", "--repo", repo, "--template", "{{."+name+"}}")
	first, _, _ := strings.Cut(o.stdout, "\n")
	return first
}

// A snapshot is taken of a follower if there is one, in any order of the
// endpoints, and of whoever answers otherwise; the manifest says where it came
// from, without a password.
func TestBackupSavePrefers(t *testing.T) {
	t.Parallel()
	snapshot := backuptest.Snapshot(t, backuptest.Contents{Keys: 3})
	leader, follower, learner := backupMember(t, 1, snapshot), backupMember(t, 2, snapshot), backupMember(t, 3, snapshot)
	dead := refusing(t)
	for _, tt := range []struct {
		endpoints []string
		prefer    string
		member    string
	}{
		{[]string{leader.endpoint, learner.endpoint, follower.endpoint}, "follower", "2"},
		{[]string{dead, leader.endpoint, follower.endpoint}, "follower", "2"},
		{[]string{dead, learner.endpoint, leader.endpoint}, "follower", "1"},
		{[]string{follower.endpoint, leader.endpoint}, "leader", "1"},
		{[]string{leader.endpoint, follower.endpoint}, "none", "1"},
		{[]string{"http://user:secret@" + learner.endpoint}, "follower", "3"},
	} {
		repo := filepath.Join(t.TempDir(), "repo")
		o := etcdctl(t, "backup", "save", "-q", "--repo", repo, "--prefer", tt.prefer, "--endpoints", strings.Join(tt.endpoints, ","))
		if got := field(t, repo, "member_id"); o.code != cli.OK || o.stdout != "" || got != tt.member || field(t, repo, "cluster_id") != "abc" {
			t.Errorf("%v: %s; member %s", tt, o, got)
		}
		if got := field(t, repo, "endpoint"); strings.Contains(got, "secret") || got == "" {
			t.Errorf("endpoint %q", got)
		}
	}
}

// The metrics of every run are clean, keep the time of the last success after a
// failure, and count failures.
func TestBackupMetrics(t *testing.T) {
	t.Parallel()
	f := backupMember(t, 2, backuptest.Snapshot(t, backuptest.Contents{Keys: 3}))
	dir := t.TempDir()
	repo, file := filepath.Join(dir, "repo"), filepath.Join(dir, "save.prom")
	run := func(code cli.Code, args ...string) string {
		t.Helper()
		if o := etcdctl(t, append([]string{"backup", "--repo", repo, "-q", "--metrics-file", file}, args...)...); o.code != code {
			t.Fatalf("%v: %s", args, o)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		problems, err := promlint.New(strings.NewReader(string(content))).Lint()
		if err != nil || len(problems) > 0 {
			t.Errorf("%v: %v, %v in\n%s", args, problems, err, content)
		}
		return string(content)
	}
	has := func(text string, lines ...string) {
		t.Helper()
		for _, line := range lines {
			if !strings.Contains(text, "\netcdkit_backup_"+line+"\n") {
				t.Errorf("no %s in\n%s", line, text)
			}
		}
	}
	const at = "1767323045" // the tests' clock
	has(run(cli.OK, "save", "--endpoints", f.endpoint), `last_success_timestamp_seconds{command="save"} `+at, `last_run_success{command="save"} 1`,
		`failures_total{command="save"} 0`, `revision{command="save"} 4`, `keys{command="save"} 3`, `is_verified{command="save"} 1`, `phase_duration_seconds{command="save",phase="verify"} 0`)
	for i := range 2 {
		has(run(cli.BackupCluster, "save", "--endpoints", refusing(t)), `last_success_timestamp_seconds{command="save"} `+at, `last_run_success{command="save"} 0`,
			`last_run_exit_code{command="save"} 10`, fmt.Sprintf(`failures_total{command="save"} %d`, i+1))
	}
	has(run(cli.OK, "verify"), `verified{command="verify"} 1`, `damaged{command="verify"} 0`, `failures_total{command="verify"} 0`)
	has(run(cli.OK, "check", "--max-age", "1h"), `time_seconds{command="check"} `+at)
	has(run(cli.OK, "prune", "--keep-last", "1"), `kept{command="prune"} 1`, `removed{command="prune"} 0`)
	has(run(cli.OK, "copy", "--to", filepath.Join(dir, "second")), `copied{command="copy"} 1`)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info, err)
	}
}

// A save needs public keys only. No key is in the repository (a reported mistake:
// the key beside the data), in an error or in a metric, and a secret key is
// refused as a recipient without being repeated.
func TestBackupKeysStaySecret(t *testing.T) {
	t.Parallel()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	f := backupMember(t, 2, backuptest.Snapshot(t, backuptest.Contents{Keys: 3}))
	dir := t.TempDir()
	repo, keys := filepath.Join(dir, "repo"), filepath.Join(dir, "key.txt")
	if err := os.WriteFile(keys, []byte(id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	etcdctl(t, "backup", "save", "-q", "--repo", repo, "--endpoints", f.endpoint, "--age-recipient", id.Recipient().String()).want(t, cli.OK, "", "")
	for _, tt := range []struct {
		code cli.Code
		args []string
	}{
		{cli.OK, []string{"verify", "--age-identity", keys}},
		{cli.OK, []string{"verify", "--readback"}},
		{cli.BadArgs, []string{"verify"}},
		{cli.BadArgs, []string{"save", "--age-recipient", id.String()}},
		{cli.BadArgs, []string{"save", "--age-recipient", keys}},
		{cli.BadArgs, []string{"save", "--age-recipient", id.Recipient().String(), "--verify", "deep"}},
		{cli.BadArgs, []string{"verify", "--age-identity", filepath.Join(dir, "nosuch")}},
		{cli.OK, []string{"restore", "latest", "-o", filepath.Join(dir, "s.db"), "--age-identity", keys}},
	} {
		o := etcdctl(t, append([]string{"backup", "--repo", repo, "--endpoints", f.endpoint}, tt.args...)...)
		if o.code != tt.code || strings.Contains(o.stdout+o.stderr, id.String()) {
			t.Errorf("%v: %s", tt.args, o)
		}
	}
	err = filepath.WalkDir(repo, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), id.String()) || strings.Contains(string(content), "key/000000") {
			t.Errorf("%s is not encrypted, or has the key", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A repository that can't be written is read, listed, verified and restored from,
// and nothing but a warning is lost (a reported mistake: listing fails on a full
// store because it writes a lock).
func TestBackupReadOnlyRepository(t *testing.T) {
	t.Parallel()
	need.NotRoot(t)
	f := backupMember(t, 2, backuptest.Snapshot(t, backuptest.Contents{Keys: 3}))
	repo := filepath.Join(t.TempDir(), "repo")
	etcdctl(t, "backup", "save", "-q", "--repo", repo, "--endpoints", f.endpoint).want(t, cli.OK, "", "")
	below := filepath.Join(repo, field(t, repo, "name"))
	for _, dir := range []string{below, repo} {
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	}
	o := etcdctl(t, "backup", "verify", "--repo", repo)
	if o.code != cli.OK || !strings.HasPrefix(o.stderr, "Warning: ") {
		t.Errorf("verify: %s", o)
	}
	if o := etcdctl(t, "backup", "save", "--repo", repo, "--endpoints", f.endpoint); o.code != cli.BackupStore {
		t.Errorf("save: %s", o)
	}
}
