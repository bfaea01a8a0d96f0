package restore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestConfigErrors has the texts of etcdutl 3.7.3. Nothing is made.
func TestConfigErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		set  func(*Config)
		want string
	}{
		{"bump without compaction", func(c *Config) { c.BumpRevision = 1 }, "--mark-compacted required if --bump-revision > 0"},
		{"compaction without bump", func(c *Config) { c.MarkCompacted = true }, "--mark-compacted required if --bump-revision > 0"},
		{"unknown name", func(c *Config) { c.Name = "other" }, `couldn't find local name "other" in the initial cluster configuration`},
		{"no cluster", func(c *Config) { c.InitialCluster = "" }, `couldn't find local name "default" in the initial cluster configuration`},
		{"no equals sign", func(c *Config) { c.InitialCluster = "default" }, `--initial-cluster "default": a member is NAME=URL, as in default=http://10.0.0.1:2380`},
		{"no URL", func(c *Config) { c.PeerURLs = []string{"localhost"} }, "URL scheme must be http, https, unix, or unixs: localhost"},
		{"empty URL", func(c *Config) { c.PeerURLs = []string{""} }, "URL scheme must be http, https, unix, or unixs: "},
		{"bad URL of another member", func(c *Config) { c.InitialCluster += ",m2=http://127.0.0.1:2/path" }, "URL must not contain a path: http://127.0.0.1:2/path"},
		{"other URL", func(c *Config) { c.PeerURLs = []string{"http://127.0.0.1:1"} },
			`--initial-cluster has default=http://localhost:2380 but missing from --initial-advertise-peer-urls=http://127.0.0.1:1 (resolved urls: "http://127.0.0.1:1" != "http://localhost:2380")`},
		{"one more URL", func(c *Config) { c.PeerURLs = append(c.PeerURLs, "http://127.0.0.1:1") },
			`--initial-advertise-peer-urls has http://127.0.0.1:1 but missing from --initial-cluster=default=http://127.0.0.1:1,default=http://localhost:2380`},
		{"duplicate URL", func(c *Config) { c.InitialCluster += ",m2=http://localhost:2380" },
			`initial cluster default=http://localhost:2380,m2=http://localhost:2380 has duplicate url`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cfg := config(filepath.Join(dir, "never read"), dir)
			tc.set(&cfg)
			if _, err := Restore(t.Context(), cfg); err == nil || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
			wantTree(t, dir)
		})
	}
}

// TestPlaces tries where the two directories may be.
func TestPlaces(t *testing.T) {
	t.Parallel()
	src := source(t)
	for _, tc := range []struct {
		name      string
		data, wal string
		before    []string // directories; files where a name has a dot
		want      string   // error with DIR for the directory; "" if none
	}{
		{name: "empty directory", data: "d", before: []string{"d"}},
		{name: "deep", data: "a/b/c/d"},
		{name: "WAL elsewhere", data: "d", wal: "w"},
		{name: "WAL elsewhere, deep", data: "d", wal: "a/b/w"},
		{name: "WAL below", data: "d", wal: "d/w"},
		{name: "WAL below, deep", data: "d", wal: "d/member/my/wal"},
		{name: "both in an empty directory", data: "d", wal: "d/w", before: []string{"d"}},
		{name: "not empty", data: "d", before: []string{"d/x.txt"}, want: `data-dir "DIR/d" not empty or could not be read`},
		{name: "a file", data: "d.txt", before: []string{"d.txt"}, want: `data-dir "DIR/d.txt" not empty or could not be read`},
		{name: "WAL exists", data: "d", wal: "w", before: []string{"w/x"}, want: `wal-dir "DIR/w" exists`},
		{name: "WAL is an empty directory", data: "d", wal: "w", before: []string{"w"}},
		{name: "mount points", data: "d", wal: "w", before: []string{"d/lost+found", "w/lost+found"}},
		{name: "WAL is the directory", data: "d", wal: "d", want: `wal-dir "DIR/d" contains data-dir "DIR/d"`},
		{name: "WAL above", data: "w/d", wal: "w", want: `wal-dir "DIR/w" contains data-dir "DIR/w/d"`},
		{name: "WAL in the way", data: "d", wal: "d/member/snap", want: `wal-dir "DIR/d/member/snap" is in the way of "DIR/d/member/snap"`},
		{name: "WAL further in the way", data: "d", wal: "d/member/snap/db", want: `wal-dir "DIR/d/member/snap/db" is in the way of "DIR/d/member/snap"`},
		{name: "no permission", data: "no.txt/d", before: []string{"no.txt"}, want: `data-dir "DIR/no.txt/d" not empty or could not be read`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, name := range tc.before {
				makePath(t, filepath.Join(dir, name))
			}
			before := tree(t, dir)
			cfg := config(src, dir)
			cfg.DataDir = filepath.Join(dir, tc.data)
			if tc.wal != "" {
				cfg.WALDir = filepath.Join(dir, tc.wal)
			}
			res, err := Restore(t.Context(), cfg)
			if tc.want != "" {
				if want := strings.ReplaceAll(tc.want, "DIR", dir); err == nil || err.Error() != want {
					t.Errorf("got  %v\nwant %s", err, want)
				}
				wantTree(t, dir, before...)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantFiles(t, filepath.Join(cfg.DataDir, "member", "snap"), "0000000000000001-0000000000000001.snap", "db")
			wantFiles(t, res.WALDir, "0000000000000000-0000000000000000.wal")
			for _, name := range tree(t, dir) {
				if strings.Contains(name, ".part") || strings.Contains(name, "tmp") {
					t.Errorf("left %s", name)
				}
			}
		})
	}
}

func makePath(t *testing.T, path string) {
	t.Helper()
	dir := path
	if strings.Contains(filepath.Base(path), ".") {
		dir = filepath.Dir(path)
	}
	err := os.MkdirAll(dir, 0o700)
	if dir != path {
		err = errors.Join(err, os.WriteFile(path, nil, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	list = slices.DeleteFunc(list, func(e os.DirEntry) bool { return e.Name() == "lost+found" })
	if err != nil || len(list) != len(want) {
		t.Fatalf("%v, %v", list, err)
	}
	for i, e := range list {
		if e.Name() != want[i] {
			t.Errorf("got %v, want %v", list, want)
		}
	}
}

// TestDefaultPlace restores to NAME.etcd, and removes files that a killed run
// left.
func TestDefaultPlace(t *testing.T) {
	src := source(t)
	t.Chdir(t.TempDir())
	if err := os.MkdirAll(".default.etcd.part-123/member/snap", 0o700); err != nil {
		t.Fatal(err)
	}
	cfg := config(src, "")
	cfg.DataDir = ""
	res, err := Restore(t.Context(), cfg)
	if err != nil || res.DataDir != "default.etcd" || res.WALDir != filepath.Join("default.etcd", "member", "wal") {
		t.Errorf("%+v, %v", res, err)
	}
	wantFiles(t, ".", "default.etcd")
	if _, err := Restore(t.Context(), cfg); err == nil || err.Error() != `data-dir "default.etcd" not empty or could not be read` {
		t.Errorf("again: %v", err)
	}
}

// TestNotice checks that look-ups are reported, and only for names that require
// one.
func TestNotice(t *testing.T) {
	t.Parallel()
	for listed, want := range map[string]bool{"http://127.0.0.1:9": false, "http://localhost:2380": false, "http://nosuch.invalid:2380": true} {
		var told []string
		cfg := config(source(t), t.TempDir())
		cfg.InitialCluster = "default=" + listed
		cfg.Notice = func(text string) { told = append(told, text) }
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // which ends a look-up
		_, err := Restore(ctx, cfg)
		if (len(told) == 1) != want || err == nil {
			t.Errorf("%s: told of %q, %v", listed, told, err)
		}
	}
}
