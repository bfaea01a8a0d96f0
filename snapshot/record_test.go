package snapshot

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/snapshot/internal/wire"
)

// checkRecord holds parseRecord against the real decoder.
func checkRecord(t *testing.T, b []byte) {
	t.Helper()
	var want mvccpb.KeyValue
	wantErr := proto.Unmarshal(b, &want)
	var got record
	err := parseRecord(b, &got)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%x: got error %v, want %v", b, err, wantErr)
	}
	if err == nil && (!bytes.Equal(got.key, want.Key) || got.create != want.CreateRevision || got.mod != want.ModRevision || got.version != want.Version || got.lease != want.Lease) {
		t.Errorf("%x: got %+v, want %v", b, got, &want)
	}
}

func TestParseRecord(t *testing.T) {
	t.Parallel()
	whole, err := proto.Marshal(&mvccpb.KeyValue{
		Key: []byte("key"), Value: []byte("value"), CreateRevision: 300, ModRevision: 1 << 40, Version: 129, Lease: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		checkRecord(t, whole[:cut])
	}
	for _, size := range []int{127, 128, 1<<14 - 1, 1 << 14} { // lengths of one byte, two and three
		long, err := proto.Marshal(&mvccpb.KeyValue{Key: []byte("key"), Value: make([]byte, size), Lease: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, cut := range []int{6, 7, 8, 9, len(long) - 3, len(long) - 2, len(long) - 1, len(long)} {
			checkRecord(t, long[:cut])
		}
	}
	for _, b := range []string{
		"",
		"\x0a\x00",           // an empty key
		"\x0a\x01a\x0a\x01b", // a key twice
		"\x08\x01",           // the key as a number
		"\x12\x01\x00",       // a revision as bytes
		"\x3a\x01x",          // an unknown field
		"\x3b\x3c",           // an unknown group
		"\x2a\xff\x00",       // a length in more bytes than it takes
		"\x0a\x80\x00",       // the same, of nothing
		"\x2a\x80",           // a length that is cut off
		"\x3b",               // one that does not end
		"\x3c",               // one that does not begin
		"\x00\x00",           // field 0
		"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", // a negative revision
		"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", // more than 64 bits
		"\x15\x01\x02\x03\x04",                         // a revision of 32 bits
		"\x0f\x00",                                     // no such type
	} {
		checkRecord(t, []byte(b))
	}
}

func TestRevision(t *testing.T) {
	t.Parallel()
	for _, want := range []Revision{{Main: 1}, {Main: 1 << 40, Sub: 7}, {Main: 2, Sub: 1, Tombstone: true}} {
		got, err := ParseRevision(want.AppendKey(nil))
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	for b, want := range map[string]string{
		"":                        "a revision of 0 bytes",
		"1234567890123456":        "a revision of 16 bytes",
		"1234567890123456789":     "a revision of 19 bytes",
		"\x001234567-\x001234567": `a revision with '-' between its numbers`,
		"\x00\x00\x00\x00\x00\x00\x00\x01_\x80\x00\x00\x00\x00\x00\x00\x00": "a negative revision: 1, -9223372036854775808",
		"\x80\x00\x00\x00\x00\x00\x00\x00_\x00\x00\x00\x00\x00\x00\x00\x00": "a negative revision: -9223372036854775808, 0",
	} {
		_, err := ParseRevision([]byte(b))
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", b, err, want)
		}
	}
}

// BenchmarkRecord decodes and hashes records shaped like those of Kubernetes, as HashKV does, with parseRecord and with the reader of
// fields that other messages have.
func BenchmarkRecord(b *testing.B) {
	sizes := []int{30, 200, 200, 30, 1000, 200, 30, 4000, 200, 1000} // a value of 60 kB is one in a hundred, and all hashing
	all := make([][]byte, 1000)
	for i := range all {
		kv := &mvccpb.KeyValue{
			Key:   fmt.Appendf(nil, "/registry/pods/team-%d/web-%010x-%05x", i%40, i*7919, i),
			Value: bytes.Repeat([]byte("v"), sizes[i%len(sizes)]), CreateRevision: int64(100_000 + i), ModRevision: int64(200_000 + i), Version: 3,
		}
		var err error
		if all[i], err = proto.Marshal(kv); err != nil {
			b.Fatal(err)
		}
	}
	fields := func(msg []byte, r *record) error {
		return wire.Fields(msg, func(f wire.Field) error {
			switch f.Num {
			case fieldKey:
				r.key = f.Bytes
			case fieldValue:
				r.value = f.Bytes
			case fieldCreate:
				r.create = int64(f.Varint)
			case fieldMod:
				r.mod = int64(f.Varint)
			case fieldVersion:
				r.version = int64(f.Varint)
			case fieldLease:
				r.lease = int64(f.Varint)
			}
			return nil
		})
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	for name, parse := range map[string]func([]byte, *record) error{"parseRecord": parseRecord, "wire": fields} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				for _, msg := range all {
					var r record
					if err := parse(msg, &r); err != nil {
						b.Fatal(err)
					}
					crc32.Update(0, table, msg)
				}
			}
		})
	}
}
