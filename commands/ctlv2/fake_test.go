package ctlv2

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"etcdkit/commands/cli"
)

// ran is the result of a run of the program.
type ran struct {
	code           cli.Code
	stdout, stderr string
}

// etcdctl runs the program on the endpoints given, without asking them for
// others.
func etcdctl(t *testing.T, endpoints string, args ...string) ran {
	t.Helper()
	return runner{}.run(t, append([]string{"--no-sync", "--endpoints", endpoints}, args...)...)
}

// runner is the world that the program runs in.
type runner struct {
	env   []string
	stdin string
}

func (r runner) run(t *testing.T, args ...string) ran {
	t.Helper()
	var out, errs lockedBuffer
	s := cli.Streams{In: strings.NewReader(r.stdin), Out: &out, Err: &errs, Env: r.env}
	code := Main(t.Context(), s, args)
	return ran{code, out.String(), errs.String()}
}

// is compares a run with the expected one.
func (r ran) is(t *testing.T, want ran) {
	t.Helper()
	if r != want {
		t.Errorf("got  %d\n%q\n%q\nwant %d\n%q\n%q", r.code, r.stdout, r.stderr, want.code, want.stdout, want.stderr)
	}
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// fake is a server that answers every request as answer says.
func fake(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s
}

// says answers every request alike.
func says(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}
