package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"etcdkit/keyspace"
	"etcdkit/keyspace/usage"
	"etcdkit/report/inventory"
	"etcdkit/report/redact"
)

// fixed hides names by a hash key that tests know.
func fixed() *Names { return &Names{Separator: "/", Key: []byte("a key")} }

func newBundle(t *testing.T, names *Names) *Bundle {
	t.Helper()
	b, err := New(Options{At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Program: "etcdctl 1", Subject: "cluster 5 at http://root:pw@host", Names: names, Redact: redact.New("hunter2")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() }) // it was only read
	return b
}

// unpack returns the names of the entries in order, and their texts.
func unpack(t *testing.T, packed []byte) (names []string, texts map[string]string) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	texts = make(map[string]string)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names, texts
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || h.Mode != 0o600 || h.Uname != "" || h.Uid != 0 || !h.ModTime.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
			t.Fatalf("%+v: %v", h, err)
		}
		name, ok := strings.CutPrefix(h.Name, "etcd-bundle/")
		if !ok {
			t.Fatal(h.Name)
		}
		names, texts[name] = append(names, name), string(text)
	}
}

func packed(t *testing.T, b *Bundle) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := b.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func found() *inventory.Inventory {
	sum := usage.Sum{Keys: 2, Bytes: 30, Versions: 9}
	return &inventory.Inventory{
		Prefix: "/app/", Separator: "/", Head: keyspace.Head{Revision: 12, CompactRevision: 3}, Total: sum, Kept: 4,
		Tree: usage.Part{Name: "/app/", Dir: true, Sum: sum, Rest: usage.Sum{Keys: 1, Bytes: 10}, Parts: []usage.Part{
			{Name: "/app/a", Sum: usage.Sum{Keys: 1, Bytes: 20, Versions: 8}, Rest: usage.Sum{Keys: 1, Bytes: 20, Versions: 8}},
		}},
		Largest: []inventory.Key{{Name: "/app/a", Bytes: 20, Versions: 8, Kept: 3}}, Depths: []inventory.Depth{{From: 1, To: 1, Keys: 2}},
	}
}

// The first entry lists the others with their sizes, and what is missing.
func TestWrite(t *testing.T) {
	t.Parallel()
	b := newBundle(t, fixed())
	if err := errors.Join(b.Text("a.txt", "some text", "login hunter2 at http://u:p@h\n"), b.Keys(found()), b.Log("logs/x", "a log at http://u:p@h", strings.NewReader("one\ntwo"))); err != nil {
		t.Fatal(err)
	}
	b.Miss("the metrics of m2", "hunter2 was refused")
	once := packed(t, b)
	if !bytes.Equal(once, packed(t, b)) {
		t.Error("two archives of one bundle differ")
	}
	names, texts := unpack(t, once)
	if got := strings.Join(names, " "); got != "README.txt index.json a.txt usage.json history.json logs/x" {
		t.Error(got)
	}
	readme := texts["README.txt"]
	for name, text := range texts {
		if name == "README.txt" {
			continue
		}
		line := strings.Fields(name + " " + fmt.Sprint(len(text)))
		if !strings.Contains(strings.Join(strings.Fields(readme), " "), strings.Join(line, " ")) {
			t.Errorf("%q is not in\n%s", line, readme)
		}
	}
	for _, want := range []string{"etcd bundle: cluster 5 at http://host\nmade at 2026-01-02T03:04:05Z by etcdctl 1\n", `between "/" is replaced by 12`, "a log at http://h\n", "\nNot read:\n  the metrics of m2: *** was refused\n"} {
		if !strings.Contains(readme, want) {
			t.Errorf("no %q in\n%s", want, readme)
		}
	}
	if texts["a.txt"] != "login *** at http://h\n" || texts["logs/x"] != "one\ntwo" {
		t.Errorf("%q, %q", texts["a.txt"], texts["logs/x"])
	}
	var index struct {
		WithKeys bool `json:"with_keys"`
		Entries  []Entry
		Missing  []Missing
	}
	if err := json.Unmarshal([]byte(texts["index.json"]), &index); err != nil || index.WithKeys || len(index.Entries) != 4 || index.Entries[0].Bytes != 22 || len(index.Missing) != 1 {
		t.Errorf("%+v, %v", index, err)
	}
}

// Directories stay directories, the same part has the same hash, and another key
// of the hash gives others.
func TestNames(t *testing.T) {
	t.Parallel()
	n := fixed()
	a, b := n.Of("/app/secrets/db"), n.Of("/app/secrets//app/")
	if len(a) != 3+3*12 || a[:27] != b[:27] || b[27] != '/' || b[28:40] != a[1:13] || !strings.HasSuffix(b, "/") {
		t.Errorf("%s, %s", a, b)
	}
	one, two := NewNames("/"), NewNames("/")
	if a == one.Of("/app/secrets/db") || one.Of("k") == two.Of("k") {
		t.Error("two bundles hide a name alike")
	}
	if n.Of("") != "" || (*Names)(nil).Of("/k") != "/k" {
		t.Error("an empty name, or none to hide")
	}
	for _, withKeys := range []bool{false, true} {
		names := fixed()
		if withKeys {
			names = nil
		}
		b := newBundle(t, names)
		if err := b.Keys(found()); err != nil {
			t.Fatal(err)
		}
		_, texts := unpack(t, packed(t, b))
		if got := strings.Contains(texts["usage.json"], "app"); got != withKeys {
			t.Errorf("with keys: %v\n%s", withKeys, texts["usage.json"])
		}
	}
}

// The lines are those that servers of 3.5 to 3.7 write.
func TestLog(t *testing.T) {
	t.Parallel()
	n := fixed()
	secret, end, odd := n.Of("/top/secret"), n.Of("/top/secreu"), n.Of("/top/\x01;\" é")
	for line, want := range map[string]string{
		`{"msg":"apply request took too long","prefix":"read-only range ","request":"key:\"/top/secret\" range_end:\"/top/secreu\" limit:500 ","response":"size:4"}`: `{"msg":"apply request took too long","prefix":"read-only range ","request":"key:\"` + secret + `\" range_end:\"` + end + `\" limit:500 ","response":"size:4"}`,
		`{"request":"header:<ID:5 > put:<key:\"/top/secret\" value:\"hidden \\\" value\" > "}`:                                                                       `{"request":"header:<ID:5 > put:<key:\"` + secret + `\" value:\"***\" > "}`,
		`{"request":"put:{key:\"/top/secret\"  value_size:11}"}`:                                                                                                     `{"request":"put:{key:\"` + secret + `\"  value_size:11}"}`,
		`{"request":"key:\"/top/\\001;\\\" \\303\\251\" "}`:                                                                                                          `{"request":"key:\"` + odd + `\" "}`,
		`{"msg":"trace[1] range","detail":"{range_begin:/top/secret; range_end:; count:1; }"}`:                                                                       `{"msg":"trace[1] range","detail":"{range_begin:` + secret + `; range_end:; count:1; }"}`,
		`{"msg":"trace[1] put","detail":"{key:/top/secret;}x{; range_end:/top/secret; }"}`:                                                                           `{"msg":"trace[1] put","detail":"{key:` + secret[:14] + n.part("secret;}x{") + `; range_end:` + secret + `; }"}`,
		`{"msg":"trace[1] put","detail":"{key:/top/secret; req_size:5; }"}`:                                                                                          `{"msg":"trace[1] put","detail":"{key:` + secret + `; req_size:5; }"}`,
		`{"key":"/top/secret","range-begin":"/top/secret","other":"/top/secret"}`:                                                                                    `{"key":"` + secret + `","range-begin":"` + secret + `","other":"/top/secret"}`,
		`2026-01-01 warning: key:"/top/secret" took long`:                                                                                                            `2026-01-01 warning: key:"` + secret + `" took long`,
		`{"msg":"authenticate:<name:\"root\" password:\"rootpw\" simple_token:\"abc.5\" >"}`:                                                                         `{"msg":"authenticate:<name:\"root\" password:\"***\" simple_token:\"***\" >"}`,
		`{"msg":"peers","urls":["http://u:p@h:1"],"took":"1ms","n":1.50,"é":"<&>"}`:                                                                                  `{"msg":"peers","urls":["http://h:1"],"took":"1ms","n":1.50,"é":"<&>"}`,
		`{"torn":"key:\"/top/secret\" `:                                                                                                                              `{"torn":"key:"` + secret + `" `,
		"{\"torn\":\"key:\\\"/top/secret\nnext\n":                                                                                                                    `{"torn":"key:"` + secret + "\"\nnext\n",
		`{"torn":"value:\"hidden val`:                                                                                                                                `{"torn":"value:"***"`,
		"-----BEGIN PRIVATE KEY-----\nMIIE==\n\nabc\n-----END PRIVATE KEY-----\nafter":                                                                               "***\nafter",
		"-----BEGIN PRIVATE KEY-----\nMIIE==\n{\"a\":1}\nafter":                                                                                                      "***\n{\"a\":1}\nafter",
		"plain\r\n\n\x00\xff\n":                     "plain\r\n\n\x00\xff\n",
		strings.Repeat("x", maxLine+5) + "\nnext\n": strings.Repeat("x", maxLine) + " (cut)\nnext\n",
		"": "",
	} {
		b := newBundle(t, n)
		if err := b.Log("log", "", strings.NewReader(line)); err != nil {
			t.Fatal(err)
		}
		_, texts := unpack(t, packed(t, b))
		if got := texts["log"]; got != want {
			t.Errorf("%.300q\ngot  %.300q\nwant %.300q", line, got, want)
		}
	}
	b := newBundle(t, nil)
	if err := b.Log("log", "", strings.NewReader(`{"request":"key:\"/top/secret\" value:\"v\" "}`)); err != nil {
		t.Fatal(err)
	}
	if _, texts := unpack(t, packed(t, b)); texts["log"] != `{"request":"key:\"/top/secret\" value:\"***\" "}` {
		t.Error(texts["log"])
	}
}

func TestLogFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "etcd.log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte("the end\n"), maxLog+100) // all before it is a hole
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	b := newBundle(t, fixed())
	if err := b.LogFile("missing", path+".no"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := b.LogFile("log", path); err != nil {
		t.Fatal(err)
	}
	if len(b.entries) != 1 || b.entries[0].Bytes > maxLine+100 || !strings.HasSuffix(b.entries[0].About, fmt.Sprintf("(only its end: it has %d bytes)", maxLog+108)) {
		t.Errorf("%+v", b.entries)
	}
}

// An archive that can't be written is an error.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	b := newBundle(t, fixed())
	if err := b.Text("a", "", strings.Repeat("text", 1<<16)); err != nil {
		t.Fatal(err)
	}
	full := errors.New("full")
	if err := b.Write(failing{full}); !errors.Is(err, full) {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func FuzzLog(f *testing.F) {
	f.Add([]byte(`{"request":"key:\"/top/secret\" value:\"v\" "}`))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nMIIE==\n-----END PRIVATE KEY-----\n{\"key\":\"x\\u0000\"}\n"))
	f.Fuzz(func(t *testing.T, log []byte) {
		b := newBundle(t, fixed())
		if err := b.Log("log", "", bytes.NewReader(log)); err != nil {
			t.Fatal(err)
		}
		_, texts := unpack(t, packed(t, b))
		for i, line := range strings.SplitAfter(texts["log"], "\n") {
			if before := strings.SplitAfter(string(log), "\n"); len(before) == len(strings.SplitAfter(texts["log"], "\n")) && json.Valid([]byte(before[i])) && strings.HasPrefix(before[i], "{") && !json.Valid([]byte(line)) {
				t.Errorf("%q became %q", before[i], line)
			}
		}
	})
}
