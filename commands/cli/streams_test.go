package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestGetenv(t *testing.T) {
	t.Parallel()
	s := Streams{Env: []string{"A=1", "B=", "A=2=3", "C", "AA=4", "=5"}}
	for name, want := range map[string]string{"A": "2=3", "B": "", "C": "", "AA": "4", "D": "", "": "5"} {
		if got := s.Getenv(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	if got := (Streams{Now: func() time.Time { return at }}).Time(); !got.Equal(at) {
		t.Errorf("got %v, want that of the given clock", got)
	}
	before := time.Now()
	if got := (Streams{}).Time(); got.Before(before) || got.After(time.Now()) {
		t.Errorf("got %v, which is not now", got)
	}
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, tty := Terminal(f); got != f || tty {
		t.Errorf("a file: %v, %v", got, tty)
	}
	if got, tty := Terminal(&bytes.Buffer{}); got != nil || tty {
		t.Errorf("a buffer: %v, %v", got, tty)
	}
	if got, tty := Terminal(nil); got != nil || tty {
		t.Errorf("nothing: %v, %v", got, tty)
	}
}
