package ctlv2

import (
	"fmt"
	"net/http"
	"testing"
)

func TestHiddenIn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		key  string
		tops []string
		want string
	}{
		{"/a/b", []string{"/"}, ""},
		{"/_a/b", []string{"/"}, "/_a"},
		{"/a/_b/_c", []string{"/"}, "/a/_b"},
		{"/a/b_/c", []string{"/"}, ""},
		{"/a/_b", []string{"/a"}, "/a/_b"},
		{"/ab/_b", []string{"/a"}, ""},
		{"/_a/b", []string{"/_a"}, ""},
		{"/_a/b/_c/d", []string{"/", "/_a"}, "/_a/b/_c"},
		{"/_a", []string{"/", "/_a"}, "/_a"},
		{"/", []string{"/"}, ""},
		{"/a//_b", []string{"/"}, "/a//_b"},
	} {
		if got := hiddenIn(tt.key, tt.tops); got != tt.want {
			t.Errorf("%s below %q: %q, want %q", tt.key, tt.tops, got, tt.want)
		}
	}
}

// A history that is refused, or that returns nothing useful, does not prevent
// the copy: here that of an empty tree, to a missing v3.
func TestCopyHistory(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, history, stderr string
		status                int
	}{
		{"cleared in other words", `{"errorCode":401,"message":"cleared","cause":"long ago","index":9}`, "", 400},
		{"refused", `{"errorCode":300,"message":"no","cause":"never","index":9}`, "Hidden keys could not be looked for: 300: no (never) [9]\n", 400},
		{"an event from nowhere", `{"action":"set","node":{"key":"","modifiedIndex":9}}`, "", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := fake(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("X-Etcd-Index", "9")
				if r.URL.Query().Get("wait") == "true" {
					w.WriteHeader(tt.status)
					fmt.Fprint(w, tt.history)
					return
				}
				fmt.Fprint(w, `{"action":"get","node":{"dir":true}}`)
			})
			etcdctl(t, server.URL, "copy-to-v3", "--dest", "127.0.0.1:x").is(t, ran{0,
				"v2 at index 9: 0 keys, 0 directories, 0 of them empty\n" +
					"v3: 0 written, 0 equal, 0 skipped, 0 expired, 0 failed, 0 done before, 0 left\n" +
					"verified: 0 equal, 0 kept, 0 different, 0 changed since, 0 expired since\n", tt.stderr})
		})
	}
}
