//go:build unix

package drill_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"etcdkit/backup"
	"etcdkit/backup/backuptest"
	"etcdkit/backup/drill"
)

// program writes a shell script that stands in for a program.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// plain is an opened snapshot.
func plain(t *testing.T, c backuptest.Contents) *backup.Plain {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.db")
	if err := os.WriteFile(path, backuptest.Snapshot(t, c), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := backup.OpenFile(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f.Plain
}

// A drill whose programs fail says which and why, and leaves nothing: a server
// that does not start is no damage of the backup.
func TestFailingPrograms(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	works := "exit 0"
	for name, tt := range map[string]struct {
		etcdutl, etcd string
		wait          time.Duration
		want          string
	}{
		"etcdutl fails":      {"echo first; echo no space left >&2; exit 1", works, time.Minute, "could not restore the snapshot: exit status 1: no space left"},
		"etcd ends":          {works, `echo '{"msg":"discovery failed","error":"version is not supported"}'; exit 1`, time.Minute, "etcd ended before it answered (exit status 1): discovery failed: version is not supported"},
		"etcd never answers": {works, "echo starting; exec sleep 600", 200 * time.Millisecond, "etcd did not answer within 200ms: starting"},
	} {
		_, err := drill.Run(t.Context(), plain(t, backuptest.Contents{Keys: 3}), drill.Options{
			Etcdutl: program(t, tt.etcdutl), Etcd: program(t, tt.etcd), Env: os.Environ(), Wait: tt.wait,
		})
		failed := (*drill.Error)(nil)
		if !errors.As(err, &failed) || errors.Is(err, backup.ErrDamaged) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v, %v", name, left, err)
		}
	}
}

// A drill that is cancelled stops its server and leaves nothing.
func TestCancelled(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := drill.Run(ctx, plain(t, backuptest.Contents{Keys: 3}), drill.Options{
		Etcdutl: program(t, "exit 0"), Etcd: program(t, "exec sleep 600"), Env: os.Environ(), Wait: time.Hour,
		Step: func(text string) {
			if strings.HasPrefix(text, "starting") {
				cancel()
			}
		},
	})
	if err == nil {
		t.Error("no error")
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// Authentication and alarms are off in the private copy alone; the snapshot stays
// as it is.
func TestUnlocked(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	p := plain(t, backuptest.Contents{Keys: 3, Auth: true, Full: true})
	before := content(t, p)
	seen := filepath.Join(t.TempDir(), "seen.db")
	r, err := drill.Run(t.Context(), p, drill.Options{
		Etcdutl: program(t, `for last; do :; done; cp "$last" `+seen+`; echo "$@" | grep -q -e --skip-hash-check=true || exit 9`),
		Etcd:    program(t, "exit 1"), Env: os.Environ(), Wait: time.Minute,
	})
	if err == nil || strings.Contains(err.Error(), "status 9") || !r.AuthDisabled || !r.Disarmed {
		t.Errorf("%+v, %v", r, err)
	}
	if !bytes.Equal(content(t, p), before) {
		t.Error("the snapshot was changed")
	}
	f, err := backup.OpenFile(t.Context(), seen, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Contents != p.Contents {
		t.Errorf("%+v, want %+v", f.Contents, p.Contents)
	}
	db, err := bbolt.Open(seen, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error {
		if v := tx.Bucket([]byte("auth")).Get([]byte("authEnabled")); !bytes.Equal(v, []byte{0}) || tx.Bucket([]byte("alarm")).Stats().KeyN > 0 {
			t.Errorf("authentication %v, %d alarms", v, tx.Bucket([]byte("alarm")).Stats().KeyN)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func content(t *testing.T, p *backup.Plain) []byte {
	t.Helper()
	b, err := os.ReadFile(p.Name())
	if err == nil {
		return b
	}
	info, err := p.Stat() // the file has no name
	if err != nil {
		t.Fatal(err)
	}
	b = make([]byte, info.Size())
	if _, err := p.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	return b
}
