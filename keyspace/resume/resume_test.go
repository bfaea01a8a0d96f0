package resume

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type state struct {
	Key string `json:"key"`
}

func TestFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	from := state{}
	f, found, err := Open(path, &from, state{"a"})
	if err != nil || found || from.Key != "" || !f.Due() {
		t.Fatalf("%+v, %v", from, err)
	}
	if err := f.Write(state{"b"}); err != nil || f.Due() {
		t.Fatal("due at once, or ", err)
	}
	again, found, err := Open(path, &from, state{"c"})
	if err != nil || !found || from.Key != "b" || !again.Due() {
		t.Errorf("%+v, %v", from, err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "{\"key\":\"b\"}\n" {
		t.Errorf("%q, %v", b, err)
	}
	if err := again.Remove(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestFileFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad")
	if err := os.WriteFile(bad, []byte(`{"key":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		bad:                               bad + " is no resume file: ",
		dir:                               "read the resume file: ",
		filepath.Join(dir, "no", "state"): "write the resume file: could not open ",
	} {
		if _, _, err := Open(path, &state{}, state{}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
	if b, err := os.ReadFile(bad); err != nil || string(b) != `{"key":1}` {
		t.Errorf("%q, %v", b, err)
	}
}
