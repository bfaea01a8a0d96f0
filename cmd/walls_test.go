// Package cmd_test holds the walls between the packages: what each may link,
// however indirectly. docs/architecture.md draws them.
package cmd_test

import (
	"os/exec"
	"strings"
	"testing"
)

func TestWalls(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pkg       string
		forbidden []string
	}{
		{"./cmd/ctl", []string{"go.etcd.io/etcd/server/", "go.etcd.io/raft/", "etcdkit/snapshot/restore", "etcdkit/commands/util", "google.golang.org/protobuf/reflect/protodesc", "google.golang.org/protobuf/types/known/structpb"}},
		{"./commands/ctl", []string{"etcdkit/commands/ctlv2", "go.etcd.io/etcd/client/v2"}},
		{"./commands/ctlv2", []string{"etcdkit/commands/ctl", "etcdkit/snapshot", "go.etcd.io/bbolt", "go.etcd.io/etcd/server/", "go.etcd.io/raft/"}},
		{"./cmd/util", []string{"etcdkit/commands/conn", "etcdkit/commands/ctl", "etcdkit/commands/ctlv2"}},
		{"./commands/cli", []string{"etcdkit/printer/view", "etcdkit/snapshot", "go.etcd.io/"}},
		{"./commands/conn", []string{"etcdkit/printer/view", "etcdkit/snapshot"}},
		{"./printer", []string{"etcdkit", "go.etcd.io"}},
		{"./printer/view", []string{"etcdkit/commands", "etcdkit/snapshot/restore", "go.etcd.io/etcd/client/"}},
		{"./snapshot", []string{"etcdkit/printer", "etcdkit/commands", "github.com/spf13/", "go.etcd.io/etcd/server/", "go.etcd.io/etcd/client/v3", "google.golang.org/grpc"}},
		{"./snapshot/raftlog", []string{"etcdkit/printer", "etcdkit/commands", "github.com/spf13/", "go.etcd.io/etcd/server/", "go.etcd.io/etcd/client/v3", "go.etcd.io/raft/"}},
		{"./snapshot/migrate", []string{"etcdkit/printer", "etcdkit/commands", "github.com/spf13/", "go.etcd.io/etcd/server/", "go.etcd.io/etcd/client/v3", "go.etcd.io/raft/"}},
		{"./snapshot/restore/v2tree", []string{"etcdkit/printer", "etcdkit/commands", "github.com/spf13/"}},
		{"./snapshot/restore", []string{"etcdkit/printer", "etcdkit/commands", "github.com/spf13/"}},
	}
	for _, tt := range tests {
		t.Run(tt.pkg, func(t *testing.T) {
			t.Parallel()
			for _, dep := range deps(t, tt.pkg) {
				for _, f := range tt.forbidden {
					if within(dep, f) && dep != self(tt.pkg) && !writesFiles(dep) {
						t.Errorf("%s links %s", tt.pkg, dep)
					}
				}
			}
		})
	}
}

// writesFiles tells whether a package is snapshot/output or what it needs: what writes
// a file wholly or not at all is for everybody, whatever the file holds.
func writesFiles(dep string) bool {
	return dep == "etcdkit/snapshot/output" || dep == "etcdkit/snapshot/internal/lock"
}

// within tells whether a package is the forbidden one, or below it.
func within(dep, forbidden string) bool {
	rest, ok := strings.CutPrefix(dep, strings.TrimSuffix(forbidden, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

func self(pkg string) string { return "etcdkit" + strings.TrimPrefix(pkg, ".") }

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
