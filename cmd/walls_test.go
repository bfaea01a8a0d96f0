// Package cmd_test tests the boundaries between the packages: which packages
// each may link, directly or indirectly. docs/architecture.md draws them.
package cmd_test

import (
	"os/exec"
	"strings"
	"testing"
)

func TestWalls(t *testing.T) {
	t.Parallel()
	const commands, cobra, server = "etcdkit/commands", "github.com/spf13/", "go.etcd.io/etcd/server/"
	tests := []struct {
		pkg       string
		forbidden []string
	}{
		{"./cmd/ctl", []string{server, "github.com/minio", "go.etcd.io/raft/", "etcdkit/snapshot/restore", "etcdkit/commands/util"}},
		{"./commands/ctl", []string{"etcdkit/commands/ctlv2", "go.etcd.io/etcd/client/v2"}},
		{"./commands/ctlv2", []string{"etcdkit/commands/ctl", "etcdkit/snapshot", "go.etcd.io/bbolt", server, "go.etcd.io/raft/"}},
		{"./cmd/util", []string{"go.etcd.io/etcd/server/v3/embed", "go.etcd.io/etcd/client/v3", "etcdkit/commands/conn", "etcdkit/commands/ctl", "etcdkit/commands/ctlv2"}},
		{"./commands/cli", []string{"etcdkit/printer/view", "etcdkit/keyspace", "etcdkit/snapshot", "go.etcd.io/"}},
		{"./commands/read", []string{"etcdkit/commands/conn", "etcdkit/commands/ctl", "etcdkit/commands/util", "etcdkit/keyspace/live", "etcdkit/snapshot", "go.etcd.io/etcd/client/v3"}},
		{"./commands/repository", []string{"etcdkit/commands/conn", "etcdkit/commands/ctl", "etcdkit/commands/util", "etcdkit/keyspace", "etcdkit/printer/view", "etcdkit/snapshot/restore", server, "go.etcd.io/etcd/client/v3", "github.com/minio"}},
		{"./keyspace", []string{"go.etcd.io/etcd/client/", "google.golang.org/grpc"}},
		{"./keyspace/children", []string{"go.etcd.io/etcd/client/", "google.golang.org/grpc"}},
		{"./keyspace/consistency", []string{"go.etcd.io/etcd/client/", "google.golang.org/grpc"}},
		{"./keyspace/count", []string{"go.etcd.io/etcd/client/", "google.golang.org/grpc"}},
		{"./keyspace/usage", []string{"go.etcd.io/etcd/client/", "google.golang.org/grpc"}},
		{"./commands/conn", []string{"etcdkit/printer/view", "etcdkit/keyspace", "etcdkit/snapshot"}},
		{"./backup", []string{commands, "etcdkit/printer", "etcdkit/keyspace", "etcdkit/snapshot/restore", cobra, server, "go.etcd.io/raft/", "go.etcd.io/etcd/client/v3"}},
		{"./backup/drill", []string{commands, "etcdkit/printer", "etcdkit/keyspace", "etcdkit/snapshot/restore", cobra, server, "go.etcd.io/raft/"}},
		{"./backup/pack", []string{commands, "etcdkit/printer", "etcdkit/keyspace", "etcdkit/snapshot", "etcdkit/backup/store", cobra, "go.etcd.io/", "google.golang.org/grpc"}},
		{"./backup/increment", []string{commands, "etcdkit/printer", "etcdkit/keyspace", "etcdkit/snapshot", cobra, "go.etcd.io/", "google.golang.org/grpc"}},
		{"./backup/follow", []string{commands, "etcdkit/printer", "etcdkit/keyspace", "etcdkit/snapshot/restore", cobra, server, "go.etcd.io/raft/", "go.etcd.io/etcd/client/v3"}},
		{"./backup/timeline", []string{commands, "etcdkit/printer", "etcdkit/keyspace", "etcdkit/snapshot/restore", cobra, server, "go.etcd.io/raft/", "go.etcd.io/etcd/client/v3"}},
		{"./internal/...", []string{commands, "etcdkit/keyspace", "etcdkit/printer", "etcdkit/snapshot", cobra, "go.etcd.io/"}},
		{"./cluster/...", []string{commands, "etcdkit/printer", "etcdkit/keyspace", "etcdkit/snapshot", cobra, server, "go.etcd.io/raft/"}},
		{"./keyspace/...", []string{commands, "etcdkit/printer", "etcdkit/snapshot", cobra, server, "go.etcd.io/raft/"}},
		{"./report/...", []string{commands, "etcdkit/printer", "etcdkit/cluster", "etcdkit/snapshot", cobra, server, "go.etcd.io/raft/", "go.etcd.io/etcd/client/", "google.golang.org/grpc"}},
		{"./report/redact", []string{"etcdkit", "go.etcd.io/"}},
		{"./backup/store/...", []string{commands, "etcdkit/keyspace", "etcdkit/printer", "etcdkit/snapshot", cobra, "go.etcd.io/", "google.golang.org/grpc"}},
		{"./backup/store", []string{"github.com/minio"}},
		{"./backup/store/remote", []string{"github.com/minio"}},
		{"./editor", []string{commands, "etcdkit/printer", "etcdkit/keyspace", "etcdkit/snapshot", cobra, "go.etcd.io/", "google.golang.org/grpc"}},
		{"./browser", []string{commands, "etcdkit/printer/view", "etcdkit/snapshot", "etcdkit/keyspace/live", cobra, server, "go.etcd.io/etcd/client/", "google.golang.org/grpc"}},
		{"./kube", []string{commands, "etcdkit/printer", "etcdkit/keyspace", "etcdkit/snapshot", cobra, "go.etcd.io/", "k8s.io/"}},
		{"./printer", []string{"etcdkit", "go.etcd.io"}},
		{"./printer/view", []string{commands, "etcdkit/snapshot/restore", "go.etcd.io/etcd/client/"}},
		{"./snapshot", []string{commands, "etcdkit/printer", "etcdkit/keyspace", cobra, server, "go.etcd.io/etcd/client/v3", "google.golang.org/grpc"}},
		{"./snapshot/offline", []string{commands, "etcdkit/printer", "etcdkit/snapshot/restore", cobra, server, "go.etcd.io/etcd/client/v3", "go.etcd.io/raft/"}},
		{"./snapshot/datadir", []string{commands, "etcdkit/printer", "etcdkit/keyspace", cobra, server, "go.etcd.io/etcd/client/v3", "go.etcd.io/raft/"}},
		{"./snapshot/bolt", []string{"etcdkit", "go.etcd.io"}},
		{"./snapshot/raftlog", []string{commands, "etcdkit/printer", cobra, server, "go.etcd.io/etcd/client/v3", "go.etcd.io/raft/"}},
		{"./snapshot/migrate", []string{commands, "etcdkit/printer", cobra, server, "go.etcd.io/etcd/client/v3", "go.etcd.io/raft/"}},
		{"./snapshot/restore/...", []string{commands, "etcdkit/printer", cobra}},
	}
	for _, tt := range tests {
		t.Run(tt.pkg, func(t *testing.T) {
			t.Parallel()
			for _, dep := range deps(t, tt.pkg) {
				for _, f := range tt.forbidden {
					if within(dep, f) && !within(dep, self(tt.pkg)) {
						t.Errorf("%s links %s", tt.pkg, dep)
					}
				}
			}
		})
	}
}

// within reports whether a package is the forbidden one, or below it.
func within(dep, forbidden string) bool {
	rest, ok := strings.CutPrefix(dep, strings.TrimSuffix(forbidden, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

// self returns the import path of a package given by its directory, or the root
// of a pattern that ends in /... .
func self(pkg string) string {
	return "etcdkit" + strings.TrimPrefix(strings.TrimSuffix(pkg, "/..."), ".")
}

func deps(t *testing.T, pkg string) []string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg)
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", pkg, err)
	}
	return strings.Fields(string(out))
}
