package ctlv2

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"etcdkit/commands/cli"
)

// streamer is a server that answers streams one after another: with its index,
// then with events, then by closing the connection.
type streamer struct {
	mu      sync.Mutex
	queries []string
	answers []streamed
}

type streamed struct {
	index  int
	events []int // their indexes
	raw    string
}

func (s *streamer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries = append(s.queries, r.URL.RawQuery)
	if len(s.answers) == 0 {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"errorCode":401,"message":"outdated","cause":"cleared","index":9}`)
		return
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	w.Header().Set("X-Etcd-Index", fmt.Sprint(a.index))
	for _, i := range a.events {
		fmt.Fprintf(w, `{"action":"set","node":{"key":"/a/%d","value":"v%d","modifiedIndex":%d}}`+"\n", i, i, i)
	}
	fmt.Fprint(w, a.raw)
}

// Each past event requires a connection; if a stream breaks, the next one
// begins after the last event.
func TestStream(t *testing.T) {
	t.Parallel()
	const cleared = "Error:  401: outdated (cleared) [9]\n"
	tests := []struct {
		name    string
		args    []string
		answers []streamed
		indexes []string // of the requests
		want    ran
	}{
		{"from now on", []string{"-r"}, []streamed{{index: 7, events: []int{8, 9}}}, []string{"0", "10"},
			ran{serverError, "[set] /a/8\nv8\n[set] /a/9\nv9\n", cleared}},
		{"from the past", []string{"--wait-index", "4"}, []streamed{{index: 7, events: []int{4}}, {index: 7, events: []int{7}}, {index: 7, events: []int{8}}},
			[]string{"4", "5", "8", "9"}, ran{serverError, "v4\nv7\nv8\n", cleared}},
		{"after an index", []string{"--after-index", "3"}, nil, []string{"4"}, ran{serverError, "", cleared}},
		{"nothing comes, then it breaks", nil, []streamed{{index: 7}}, []string{"0", "8"}, ran{serverError, "", cleared}},
		{"broken off within an event", nil, []streamed{{index: 7, events: []int{8}, raw: `{"action":"se`}}, []string{"0", "9"},
			ran{serverError, "v8\n", cleared}},
		{"no JSON", nil, []streamed{{index: 7, raw: "oops"}}, []string{"0"},
			ran{serverError, "", "Error:  the answer is not JSON as etcd's v2 API sends it: invalid character 'o' looking for beginning of value\n"}},
		{"a directory is left out", nil, []streamed{{index: 7, raw: `{"action":"create","node":{"key":"/d","dir":true,"modifiedIndex":8}}`}},
			[]string{"0", "9"}, ran{serverError, "", cleared}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &streamer{answers: tt.answers}
			server := fake(t, s.ServeHTTP)
			etcdctl(t, server.URL, append([]string{"watch", "--stream", "/a"}, tt.args...)...).is(t, tt.want)
			var want []string
			for _, i := range tt.indexes {
				want = append(want, fmt.Sprintf("recursive=%v&stream=true&wait=true&waitIndex=%s", slices.Contains(tt.args, "-r"), i))
			}
			if !slices.Equal(s.queries, want) {
				t.Errorf("asked %q, want %q", s.queries, want)
			}
		})
	}
}

// A stream that no member serves ends the command, and one that a member serves
// does not mind the others.
func TestStreamMembers(t *testing.T) {
	t.Parallel()
	down := fake(t, says(503, "application/json", `{"message":"no leader"}`))
	etcdctl(t, down.URL, "watch", "--stream", "/a").is(t, ran{serverError, "",
		"Error:  client: etcd cluster is unavailable or misconfigured; error #0: 0: no leader () [0]\n\nerror #0: 0: no leader () [0]\n\n"})
	s := &streamer{answers: []streamed{{index: 7, events: []int{8}}}}
	server := fake(t, s.ServeHTTP)
	etcdctl(t, down.URL+","+server.URL, "-u", "u:p", "-o", "json", "watch", "--stream", "-r", "/a").is(t, ran{serverError,
		`{"action":"set","node":{"key":"/a/8","value":"v8","nodes":null,"createdIndex":0,"modifiedIndex":8},"prevNode":null}` + "\n",
		"Error:  401: outdated (cleared) [9]\n"})
}

// A stream outlives its server for some seconds, no longer.
func TestStreamLost(t *testing.T) {
	t.Parallel()
	s := &streamer{answers: []streamed{{index: 7, events: []int{8}}}}
	server := fake(t, func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		down := len(s.queries) == 1
		if down {
			s.queries = append(s.queries, "down") // once
		}
		s.mu.Unlock()
		if down {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		s.ServeHTTP(w, r)
	})
	etcdctl(t, server.URL, "watch", "--stream", "/a").is(t, ran{serverError, "v8\n", "Error:  401: outdated (cleared) [9]\n"})
	if len(s.queries) != 3 {
		t.Errorf("asked %q", s.queries)
	}
}

// A server that breaks off each of its answers ends the command, in some
// seconds.
func TestStreamCut(t *testing.T) {
	t.Parallel()
	server := fake(t, says(200, "application/json", `{"action":"set","node":{"key":"/a`))
	etcdctl(t, server.URL, "watch", "--stream", "/a").is(t, ran{serverError, "", "Error:  the answer is cut off in the middle of an event\n"})
}

func TestWaitArguments(t *testing.T) {
	t.Parallel()
	etcdctl(t, "http://127.0.0.1:1", "watch", "--after-index", "1", "--wait-index", "2", "/a").is(t, ran{cli.BadArgs, "",
		"Error:  --after-index and --wait-index both say where to begin: give one\n"})
	etcdctl(t, "http://127.0.0.1:1", "set", "--refresh", "--ttl", "1", "/a", "v").is(t, ran{cli.BadArgs, "",
		"Error:  --refresh leaves the value as it is: give the key alone\n"})
	etcdctl(t, "http://127.0.0.1:1", "set", "--refresh", "/a").is(t, ran{cli.BadArgs, "",
		"Error:  --refresh needs a new time to live: add --ttl\n"})
}
