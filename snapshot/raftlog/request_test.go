package raftlog_test

import (
	"reflect"
	"testing"

	"etcdkit/snapshot/internal/waltest"
	"etcdkit/snapshot/raftlog"
)

func TestParseRequest(t *testing.T) {
	t.Parallel()
	yes := true
	put := waltest.Request("PUT", "/1/a", "v", 6, "old", 7, 5, 8, 1, 9, 99, 17, 1)
	want := &raftlog.Request{Method: "PUT", Path: "/1/a", Value: "v", PrevValue: "old", PrevIndex: 5, PrevExist: &yes, Expiration: 99, Refresh: true}
	for _, tc := range []struct {
		name string
		data []byte
		want *raftlog.Request
		err  bool
	}{
		{"as it is", put, want, false},
		{"inside", waltest.Message(1, 8, 2, put), want, false},
		{"sync", waltest.Request("SYNC", "", "", 15, 77), &raftlog.Request{Method: "SYNC", Time: 77}, false},
		{"delete", waltest.Request("DELETE", "/1/d", "", 5, 1, 12, 1), &raftlog.Request{Method: "DELETE", Path: "/1/d", Dir: true, Recursive: true}, false},
		{"v3 put", waltest.Message(4, waltest.Message(1, "k", 2, "v"), 100, waltest.Message(1, 5)), nil, false},
		{"v3 range", waltest.Message(3, "", 100, ""), nil, false},
		{"empty", nil, nil, false},
		{"an unknown method", waltest.Request("PATCH", "/1/a", ""), nil, true},
		{"cut", put[:len(put)-1], nil, true},
	} {
		got, err := raftlog.ParseRequest(tc.data)
		if (err != nil) != tc.err || (err == nil && !reflect.DeepEqual(got, tc.want)) {
			t.Errorf("%s: %+v, %v", tc.name, got, err)
		}
	}
	for path, own := range map[string]bool{"/0/members/8e9e05c52164694d/attributes": true, "/0/version": true, "/0/members/x/attributes": false, "/1/a": false,
		"/0/members//attributes": false, "/0/members/12345678901234567/attributes": false, "/1/0/members/0/members/aB/attributes/x": true} {
		r := raftlog.Request{Method: "PUT", Path: path}
		if r.OfClient() == own {
			t.Errorf("%s", path)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add(waltest.Request("PUT", "/1/a", "v", 9, 99))
	f.Add(waltest.Message(1, 8, 2, waltest.Request("POST", "/1/q", "")))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := raftlog.ParseRequest(data)
		if r != nil && (err != nil || r.Method == "") {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
