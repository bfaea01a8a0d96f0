package mirror

import (
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// A mirror believed whatever a watch said: it panicked on a key that is shorter than the prefix, and went back.
func TestCheckWatch(t *testing.T) {
	t.Parallel()
	event := func(key string, rev int64) *clientv3.Event {
		return (*clientv3.Event)(&mvccpb.Event{Kv: &mvccpb.KeyValue{Key: []byte(key), ModRevision: rev}})
	}
	for _, tt := range []struct {
		name   string
		prefix string
		events []*clientv3.Event
		want   string
	}{
		{"fits", "/a/", []*clientv3.Event{event("/a/2", 6), event("/a/1", 6), event("/a/1", 8)}, ""},
		{"all keys", "", []*clientv3.Event{event("x", 6)}, ""},
		{"another key", "/a/", []*clientv3.Event{event("/b/1", 6)}, `the watch of the source has sent key "/b/1", which is outside of the range`},
		{"a short key", "/a/", []*clientv3.Event{event("/", 6)}, `the watch of the source has sent key "/", which is outside of the range`},
		{"no key", "", []*clientv3.Event{event("", 6)}, `the watch of the source has sent key "", which is outside of the range`},
		{"an old revision", "", []*clientv3.Event{event("x", 5)}, "the watch of the source has sent revision 5 after revision 5"},
		{"back", "", []*clientv3.Event{event("x", 8), event("x", 7)}, "the watch of the source has sent events that are not in order"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := &tail{span: prefixSpan(tt.prefix)}
			if err := w.check(clientv3.WatchResponse{Events: tt.events}, 5); text(err) != tt.want {
				t.Errorf("error %q, want %q", text(err), tt.want)
			}
		})
	}
}
