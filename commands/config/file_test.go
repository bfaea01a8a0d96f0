package config

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"etcdkit/commands/cli"
)

func TestPath(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		env  []string
		want string
	}{
		{[]string{"HOME=/h"}, "/h/.config/etcdctl/config.yaml"},
		{[]string{"HOME=/h", "XDG_CONFIG_HOME=/x"}, "/x/etcdctl/config.yaml"},
		{[]string{"HOME=/h", "XDG_CONFIG_HOME=/x", "ETCDCTL_CONFIG=/c.yaml"}, "/c.yaml"},
		{nil, ""},
	} {
		if got := Path(cli.Streams{Env: tt.env}); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.env, got, tt.want)
		}
	}
}

// What is saved is loaded again, and only its owner can read it.
func TestSaveAndLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "config.yaml")
	f, err := Load(path)
	if err != nil || len(f.Names()) != 0 {
		t.Fatalf("no file: %+v, %v", f, err)
	}
	want := map[string]Context{
		"dev":  {Values: map[string]string{"endpoints": "a:1,b:2", "command-timeout": "5s", "hex": "true", "user": "null"}},
		"prod": {Protected: true, Values: map[string]string{"endpoints": "https://c:3", "password-command": "pass show 'a: b' # x"}},
	}
	for name, c := range want {
		f.Set(name, c)
	}
	f.Current = "dev"
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil || got.Current != "dev" || !reflect.DeepEqual(got.contexts, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	f.Remove("dev")
	if f.Current != "" || !slices.Equal(f.Names(), []string{"prod"}) {
		t.Errorf("removed: %q, %v", f.Current, f.Names())
	}
}

func load(t *testing.T, text string, mode os.FileMode) (*File, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return Load(path)
}

func TestWrittenByHand(t *testing.T) {
	t.Parallel()
	f, err := load(t, `# by hand
version: 1
contexts:
  a:
    endpoints: [10.0.0.7:2379, 10.0.0.8:2379]
    command-timeout: 5s
    max-recv-bytes: 1048576
    hex: true
    protected: yes
`, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	c, err := f.Context("a")
	want := map[string]string{"endpoints": "10.0.0.7:2379,10.0.0.8:2379", "command-timeout": "5s", "max-recv-bytes": "1048576", "hex": "true"}
	if err != nil || !c.Protected || !maps.Equal(c.Values, want) {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := f.Context("b"); err == nil || !strings.Contains(err.Error(), `no context "b"`) || !strings.Contains(err.Error(), "known: a") {
		t.Errorf("another: %v", err)
	}
	if f, err := load(t, "", 0o600); err != nil || len(f.Names()) != 0 {
		t.Errorf("empty: %v", err)
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{"foo: [", "is no file of contexts: line 1: did not find expected node content"},
		{"apiVersion: v1\nkind: Config\n", "is no file of contexts: unmarshal errors: line 1: field apiVersion not found"},
		{"version: 2\n", "has format version 2; this etcdctl reads version 1"},
		{"contexts: {}\n", "has format version 0; this etcdctl reads version 1"},
		{"version: 1\ncontexts:\n  a: x\n", "is no file of contexts: line 3: a context is a mapping of flags to values"},
		{"version: 1\ncontexts:\n  a:\n    user: {b: c}\n", "line 4: the value of user is not a text"},
		{"version: 1\ncontexts:\n  a:\n    protected: maybe\n", "line 4: protected is true or false"},
		{"version: 1\ncontexts:\n  a b: {}\n", `"a b" can't be the name of a context`},
		{strings.Repeat("#", maxSize+1), "it has more than"},
	} {
		if _, err := load(t, tt.text, 0o600); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: %v, want %q", tt.text, err, tt.want)
		}
	}
	if _, err := load(t, "version: 1\n", 0o640); err == nil || !strings.Contains(err.Error(), "(mode 0640)") || !strings.Contains(err.Error(), ": chmod 600 ") {
		t.Errorf("readable by others: %v", err)
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("a directory was loaded")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("version: 1\ncurrent: a\ncontexts:\n  a: {endpoints: [x, y], protected: true}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file := &File{path: "config.yaml", contexts: map[string]Context{}}
		if err := file.parse(text); err != nil {
			return
		}
		file.path = filepath.Join(t.TempDir(), "config.yaml")
		if err := file.Save(); err != nil {
			t.Fatal(err)
		}
		again, err := Load(file.path)
		if err != nil || !reflect.DeepEqual(again.contexts, file.contexts) || again.Current != file.Current {
			t.Fatalf("%q\nsaved as another: %+v, %v\nwas %+v", text, again, err, file)
		}
	})
}
