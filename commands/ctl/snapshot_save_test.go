package ctl

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn/conntest"
)

// backendBytes is a small backend file followed by its sha256, as a server
// sends it. Its one key is called name.
func backendBytes(t *testing.T, name string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("key"))
		if err != nil {
			return err
		}
		return b.Put([]byte(name), []byte("value"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	return append(content, sum[:]...)
}

// sending starts a server whose snapshot is content.
func sending(t *testing.T, version string, content []byte, then func(context.Context) error) *fakeMember {
	t.Helper()
	return sender(version, content, then).start(t)
}

// sender is a server whose snapshot is content, sent in pieces, after which the
// call ends as then says.
func sender(version string, content []byte, then func(context.Context) error) *fakeMember {
	return &fakeMember{snapshot: func(s pb.Maintenance_SnapshotServer) error {
		for piece := range slices.Chunk(content, 10_000) {
			if err := s.Send(&pb.SnapshotResponse{Blob: piece, Version: version}); err != nil {
				return err
			}
		}
		if then == nil {
			return nil
		}
		return then(s.Context())
	}}
}

// files are the names in a directory with mode and content.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = fmt.Sprintf("%v %x", info.Mode(), sha256.Sum256(content))
	}
	return got
}

// onlySaved fails the test unless dir holds nothing but s.db with content, for
// its owner alone.
func onlySaved(t *testing.T, dir string, content []byte) {
	t.Helper()
	want := fmt.Sprintf("-rw------- %x", sha256.Sum256(content))
	if got := files(t, dir); len(got) != 1 || got["s.db"] != want {
		t.Errorf("files %v, want s.db %s", got, want)
	}
}

func TestSnapshotPath(t *testing.T) {
	t.Parallel()
	path, err := snapshotPath([]string{"a b"})
	if wantError(t, err, "", cli.OK); path != "a b" {
		t.Errorf("path %q", path)
	}
	for _, args := range [][]string{nil, {"a", "b"}} {
		_, err := snapshotPath(args)
		wantError(t, err, "snapshot save expects one argument <filename>", cli.BadArgs)
	}
	_, err = snapshotPath([]string{""})
	wantError(t, err, "could not write snapshot: <filename> is empty", cli.Interrupted)
}

func TestSnapshotSave(t *testing.T) {
	t.Parallel()
	content := backendBytes(t, "a")
	dead := refusing(t)
	for _, format := range []string{"fields", "json", "protobuf", "simple", "table"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			f, dir := sending(t, "3.7.0", content, nil), t.TempDir()
			path := filepath.Join(dir, "s.db")
			if err := os.WriteFile(path, []byte("an older one"), 0o644); err != nil {
				t.Fatal(err)
			}
			etcdctl(t, "--endpoints", f.endpoint, "snapshot", "save", path, "-w", format).want(t, cli.OK,
				"Snapshot saved at "+path+"\nServer version 3.7.0\n", "")
			onlySaved(t, dir, content)
		})
	}
	t.Run("of a server that does not tell its version", func(t *testing.T) {
		t.Parallel()
		f, dir := sending(t, "", content, nil), t.TempDir()
		path := filepath.Join(dir, "s.db")
		etcdctl(t, "--endpoints", f.endpoint, "snapshot", "save", path).want(t, cli.OK, "Snapshot saved at "+path+"\n", "")
		onlySaved(t, dir, content)
	})
	t.Run("of the first endpoint that can be reached", func(t *testing.T) {
		t.Parallel()
		a, b, dir := sending(t, "3.7.0", content, nil), sending(t, "3.7.0", backendBytes(t, "b"), nil), t.TempDir()
		path := filepath.Join(dir, "s.db")
		etcdctl(t, "--endpoints", strings.Join([]string{dead, a.endpoint, b.endpoint}, ","), "snapshot", "save", path).want(t, cli.OK,
			"Snapshot saved at "+path+"\nServer version 3.7.0\n",
			"Failed to get the snapshot of endpoint "+dead+" ("+refused(dead)+")\nSaving the snapshot of endpoint "+a.endpoint+"\n")
		onlySaved(t, dir, content)
		if n := b.asked.Load(); n > 0 {
			t.Errorf("the second was asked %d times", n)
		}
	})
	t.Run("past an endpoint that does not answer", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		path := filepath.Join(dir, "s.db")
		synctest.Test(t, func(t *testing.T) {
			var loopback conntest.Network
			mute, f := loopback.Mute(t, "a:1"), sender("3.7.0", content, nil).at(t, &loopback, "b:1")
			args := []string{"--endpoints", mute + "," + f.endpoint, "--command-timeout", "4s", "snapshot", "save", path}
			commandLine{net: &loopback, args: args}.run(t).want(t, cli.OK,
				"Snapshot saved at "+path+"\nServer version 3.7.0\n",
				"Failed to get the snapshot of endpoint "+mute+" ("+mute+": connected, but no answer: context deadline exceeded)\n"+
					"Saving the snapshot of endpoint "+f.endpoint+"\n")
		})
		onlySaved(t, dir, content)
	})
}

// A snapshot that fails leaves the directory unchanged, with upstream's exit
// code for all of these.
func TestSnapshotSaveFails(t *testing.T) {
	t.Parallel()
	content := backendBytes(t, "a")
	flipped := slices.Clone(content)
	flipped[5000] ^= 1
	wrongSum := slices.Clone(content)
	wrongSum[len(wrongSum)-1] ^= 1
	noDB := make([]byte, 4096)
	noDBSum := sha256.Sum256(noDB)
	noDB = append(noDB, noDBSum[:]...)
	refuse := func(err error) *fakeMember {
		return (&fakeMember{snapshot: func(pb.Maintenance_SnapshotServer) error { return err }}).start(t)
	}
	noLogin := (&fakeMember{authenticate: func(*pb.AuthenticateRequest) (*pb.AuthenticateResponse, error) {
		return nil, rpctypes.ErrGRPCAuthFailed
	}}).start(t)
	whole := sending(t, "3.7.0", content, nil)
	t.Cleanup(func() { // when all cases below are done
		if n := whole.asked.Load(); n > 0 {
			t.Errorf("another endpoint was asked %d times after the first had answered", n)
		}
	})
	dead, dead2 := refusing(t), refusing(t)
	denied := refuse(rpctypes.ErrGRPCPermissionDenied)
	failed := func(endpoint, why string) string {
		return "Failed to get the snapshot of endpoint " + endpoint + " (" + why + ")\n"
	}
	const deniedText = "rpc error: code = PermissionDenied desc = etcdserver: permission denied"
	tests := []struct {
		name      string
		endpoints []string
		args      []string
		stderr    string // may end in an asterisk for any words
	}{
		{"nobody there", []string{dead}, nil, "Error: " + refused(dead) + "\n"},
		{"nobody at either", []string{dead, dead2}, nil,
			failed(dead, refused(dead)) + failed(dead2, refused(dead2)) + "Error: " + refused(dead2) + "\n"},
		{"no endpoint", []string{}, nil, "Error: could not get a snapshot: there is no endpoint in --endpoints\n"},
		{"denied", []string{denied.endpoint}, nil, "Error: " + deniedText + "\n"},
		{"denied by the first", []string{denied.endpoint, whole.endpoint}, nil,
			failed(denied.endpoint, deniedText) + "Error: " + deniedText + "\n"},
		{"no login", []string{noLogin.endpoint}, []string{"--user", "u:p"},
			"Error: etcdserver: authentication failed, invalid user ID or password\n"},
		{"cut", []string{sending(t, "", content[:20_001], nil).endpoint}, nil, "Error: sha256 checksum not found [bytes: 20001]*"},
		{"cut where it can't be told by the size", []string{sending(t, "", content[:20_000], nil).endpoint}, nil,
			"Error: could not write snapshot: expected sha256 *"},
		{"empty", []string{sending(t, "", content[:0], func(context.Context) error { return nil }).endpoint}, nil, "Error: EOF\n"},
		{"a flipped bit", []string{sending(t, "", flipped, nil).endpoint}, nil, "Error: could not write snapshot: expected sha256 *"},
		{"another sum", []string{sending(t, "", wrongSum, nil).endpoint}, nil, "Error: could not write snapshot: expected sha256 *"},
		{"no backend", []string{sending(t, "", noDB, nil).endpoint}, nil, "Error: could not write snapshot: *"},
		{"broken off", []string{sending(t, "", content[:20_000], func(context.Context) error { return rpctypes.ErrGRPCStopped }).endpoint, whole.endpoint}, nil,
			"*\nError: could not write snapshot: etcdserver: server stopped\n*"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			older, dir := []byte("an older one"), t.TempDir()
			path := filepath.Join(dir, "s.db")
			if err := os.WriteFile(path, older, 0o600); err != nil {
				t.Fatal(err)
			}
			args := append([]string{"snapshot", "save", path, "--endpoints", strings.Join(tt.endpoints, ",")}, tt.args...)
			got := etcdctl(t, args...)
			if got.code != cli.Interrupted || got.stdout != "" || !matches(tt.stderr, got.stderr) {
				t.Errorf("got %s\nwant exit code 5, stderr %s", got, tt.stderr)
			}
			onlySaved(t, dir, older)
		})
	}
}

// matches reports whether s has the pattern's form, in which an asterisk at
// either end matches anything.
func matches(pattern, s string) bool {
	front, hasFront := strings.CutPrefix(pattern, "*")
	middle, hasBack := strings.CutSuffix(front, "*")
	switch {
	case hasFront && hasBack:
		return strings.Contains(s, middle)
	case hasBack:
		return strings.HasPrefix(s, middle)
	default:
		return s == pattern
	}
}

// What is wrong with the command line or the target is found before anybody is
// asked.
func TestSnapshotSaveChecksFirst(t *testing.T) {
	t.Parallel()
	f, dir := sending(t, "3.7.0", backendBytes(t, "a"), nil), t.TempDir()
	missing := filepath.Join(dir, "no", "s.db")
	tests := []struct {
		args   []string
		code   cli.Code
		stderr string
	}{
		{nil, cli.BadArgs, "Error: snapshot save expects one argument <filename>\n"},
		{[]string{"a", "b", "-w", "yam"}, cli.BadArgs, "Error: snapshot save expects one argument <filename>\n"},
		{[]string{filepath.Join(dir, "s.db"), "-w", "yam"}, cli.BadFeature,
			"Error: unsupported output format: \"yam\": use one of csv, fields, json, jsonl, protobuf, simple, table, template, yaml\n"},
		{[]string{missing}, cli.Interrupted,
			fmt.Sprintf("Error: could not open %s.part (open %s.part: no such file or directory)\n", missing, missing)},
		{[]string{dir}, cli.Interrupted, "Error: could not write " + dir + ": is a directory\n"},
	}
	for _, tt := range tests {
		args := append([]string{"--endpoints", f.endpoint, "snapshot", "save"}, tt.args...)
		etcdctl(t, args...).want(t, tt.code, "", tt.stderr)
	}
	if n := f.asked.Load(); n > 0 || len(files(t, dir)) > 0 {
		t.Errorf("the server was asked %d times; files %v", n, files(t, dir))
	}
}

// A run that is cancelled half-way, as by Ctrl-C, leaves no files.
func TestSnapshotSaveCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	f := sending(t, "", backendBytes(t, "a")[:20_000], func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	line := commandLine{ctx: ctx, args: []string{"--endpoints", f.endpoint, "snapshot", "save", filepath.Join(dir, "s.db")}}
	if got := line.run(t); got.code != cli.Interrupted || got.stdout != "" || !strings.HasPrefix(got.stderr, "Error: ") {
		t.Errorf("got %s", got)
	}
	if got := files(t, dir); len(got) > 0 {
		t.Errorf("left behind: %v", got)
	}
}

// --command-timeout and its variable limit a snapshot, which leaves the file
// unchanged.
func TestSnapshotSaveTimesOut(t *testing.T) {
	t.Parallel()
	content, older := backendBytes(t, "a"), []byte("an older one")
	forever := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	for name, tt := range map[string]struct {
		endpoint  string
		env, args []string
		stderr    string // may end in an asterisk for any words
	}{
		"stuck":         {"a:1", nil, []string{"--command-timeout", "300ms"}, "Error: could not write snapshot: no answer from *"},
		"no first byte": {"b:1", nil, []string{"--command-timeout", "300ms"}, "*: connected, but no answer: context deadline exceeded\n*"},
		"variable":      {"b:1", []string{"ETCDCTL_COMMAND_TIMEOUT=300ms"}, nil, "*: connected, but no answer: context deadline exceeded\n*"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "s.db")
			if err := os.WriteFile(path, older, 0o600); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				var loopback conntest.Network
				sender("", content[:20_000], forever).at(t, &loopback, "a:1")
				loopback.Mute(t, "b:1")
				begun := time.Now()
				got := commandLine{net: &loopback, env: tt.env, args: append([]string{"--endpoints", tt.endpoint, "snapshot", "save", path}, tt.args...)}.run(t)
				if got.code != cli.Interrupted || got.stdout != "" || !matches(tt.stderr, got.stderr) {
					t.Errorf("got %s\nwant exit code 5, stderr %s", got, tt.stderr)
				}
				if took := time.Since(begun); took != 300*time.Millisecond {
					t.Errorf("it took %v", took)
				}
			})
			onlySaved(t, dir, older)
		})
	}
}
