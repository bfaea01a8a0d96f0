package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"etcdkit/backup/store"
	"etcdkit/backup/store/storetest"
	"etcdkit/internal/need"
)

// script writes a program that the test runs.
func script(t *testing.T, text string) string {
	t.Helper()
	need.Program(t, need.Shell, "sh")
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// documented returns the program of docs/backup-store.md.
func documented(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/backup-store.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```sh\n")
	text, _, ok := strings.Cut(text, "```")
	if !ok {
		t.Fatal("the page has no program")
	}
	return script(t, text)
}

func TestCommand(t *testing.T) {
	t.Parallel()
	program := documented(t)
	storetest.Run(t, func(t *testing.T) store.Store {
		return store.NewCommand(program, append(os.Environ(), "STORE_DIR="+t.TempDir()))
	})
}

// TestCommandErrors maps exit codes to kinds of failure, and shows the last line
// of standard error.
func TestCommandErrors(t *testing.T) {
	t.Parallel()
	for code, kind := range map[string]error{"3": store.ErrNotFound, "4": store.ErrExists, "5": store.ErrMissing, "6": store.ErrDenied, "7": store.ErrFull, "1": nil} {
		program := script(t, "#!/bin/sh\necho first >&2\necho the reason >&2\nexit "+code+"\n")
		s := store.NewCommand(program, nil)
		_, getErr := s.Get(t.Context(), "a", 0, -1)
		_, putErr := s.Put(t.Context(), "a", bytes.NewReader(storetest.Data(1<<20)), store.PutOptions{})
		var listErr error
		for _, listErr = range s.List(t.Context(), "p") {
		}
		for what, err := range map[string]error{"get a 0 -1": getErr, "put a": putErr, "list p": listErr} {
			if want := program + " " + what + ": exit status " + code + ": the reason"; text(err) != want {
				t.Errorf("got %q, want %q", text(err), want)
			}
			if kind != nil {
				storetest.Is(t, what, err, kind)
			}
		}
	}
	if _, err := store.NewCommand("/does/not/exist", nil).Get(t.Context(), "a", 0, -1); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("a program that is missing: %v", err)
	}
}

// TestCommandEnd takes nothing for whole that a program did not end well.
func TestCommandEnd(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"late failure": "#!/bin/sh\necho part\nexit 9\n",
		"too much":     "#!/bin/sh\necho much more than was asked for\n",
		"signal":       "#!/bin/sh\necho part\nkill -9 $$\n",
	} {
		r, err := store.NewCommand(script(t, text), os.Environ()).Get(t.Context(), "a", 0, 8)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(r); err == nil {
			t.Errorf("%s: got %q as if it were all", name, b)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestCommandLazyReader refuses a put of which the program reads only a part.
func TestCommandLazyReader(t *testing.T) {
	t.Parallel()
	s := store.NewCommand(script(t, "#!/bin/sh\nexit 0\n"), nil)
	if _, err := s.Put(t.Context(), "a", bytes.NewReader(storetest.Data(1<<20)), store.PutOptions{}); err == nil {
		t.Error("no error")
	}
}

func TestCommandList(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"b/c\t7\t1700000000.25": "b/c 7 1700000000",
		"../x\t7\t1":            "", // not a name
		"a/c\t7\t1":             "", // another prefix
		"b/c 7 1":               "error",
		"b/c\t-7\t1":            "error",
		"b/c\tx\t1":             "error",
		"b/c\t1\tyesterday":     "error",
	} {
		s := store.NewCommand(script(t, "#!/bin/sh\nprintf '%s\\n' '"+line+"'\n"), os.Environ())
		got := ""
		for o, err := range s.List(t.Context(), "b/") {
			got = "error"
			if err == nil {
				got = o.Name + " " + fmt.Sprint(o.Size, " ", o.Modified.Unix())
			}
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

// TestCommandEnvironment keeps passwords from the program.
func TestCommandEnvironment(t *testing.T) {
	t.Parallel()
	program := script(t, "#!/bin/sh\nprintf '%s' \"$ETCDCTL_PASSWORD$ETCDCTL_USER$ETCDUTL_X$KEPT\"\n")
	s := store.NewCommand(program, []string{"ETCDCTL_PASSWORD=secret", "ETCDCTL_USER=root:secret", "ETCDUTL_X=1", "KEPT=kept", "PATH=" + os.Getenv("PATH")})
	if got := storetest.Get(t, s, "a"); string(got) != "kept" {
		t.Errorf("got %q", got)
	}
}
