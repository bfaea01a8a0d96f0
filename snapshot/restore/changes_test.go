package restore

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/lease/leasepb"
	"google.golang.org/protobuf/proto"
)

// marshal returns a message in wire format.
func marshal(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// edited returns a database with authentication, both alarms and many leases.
func edited(t *testing.T) *bolt.DB {
	t.Helper()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	put := func(tx *bolt.Tx, bucket string, key, value []byte) {
		b, err := tx.CreateBucketIfNotExists([]byte(bucket))
		if err == nil {
			err = b.Put(key, value)
		}
		if err != nil {
			t.Error(err)
		}
	}
	err = db.Update(func(tx *bolt.Tx) error {
		put(tx, bucketAuth, []byte(keyAuthEnabled), []byte{1})
		put(tx, bucketAuth, []byte(keyAuthRevision), binary.BigEndian.AppendUint64(nil, 7))
		for _, kind := range []etcdserverpb.AlarmType{etcdserverpb.AlarmType_NOSPACE, etcdserverpb.AlarmType_CORRUPT} {
			put(tx, bucketAlarm, marshal(t, &etcdserverpb.AlarmMember{MemberID: 9, Alarm: kind}), nil)
		}
		for id := range int64(5000) {
			key := binary.BigEndian.AppendUint64(nil, uint64(id+1))
			put(tx, bucketLease, key, marshal(t, &leasepb.Lease{ID: id + 1, TTL: 60, RemainingTTL: id % 3}))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []Changes{{}, {NoAuth: true}, {NoSpaceAlarms: true}, {HoldLeases: true}, {true, true, true}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			t.Parallel()
			db := edited(t)
			var done, again Changed
			if err := db.Update(func(tx *bolt.Tx) (err error) { done, err = c.apply(tx); return err }); err != nil {
				t.Fatal(err)
			}
			want := Changed{AuthDisabled: c.NoAuth}
			if c.NoSpaceAlarms {
				want.Alarms = 1
			}
			if c.HoldLeases {
				want.Leases = 5000
			}
			if done != want {
				t.Errorf("changed %+v, want %+v", done, want)
			}
			path := db.Path()
			if err := db.Update(func(tx *bolt.Tx) (err error) { again, err = c.apply(tx); return err }); err != nil || again.AuthDisabled || again.Alarms != 0 {
				t.Errorf("changed again: %+v, %v", again, err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			auth, alarms := contents(t, path, bucketAuth), contents(t, path, bucketAlarm)
			if off := auth[keyAuthEnabled] == "\x00"; off != c.NoAuth || off != (auth[keyAuthRevision] == "\x00\x00\x00\x00\x00\x00\x00\x08") {
				t.Errorf("auth %q", auth)
			}
			if _, corrupt := alarms[string(marshal(t, &etcdserverpb.AlarmMember{MemberID: 9, Alarm: etcdserverpb.AlarmType_CORRUPT}))]; !corrupt || len(alarms) != 2-want.Alarms {
				t.Errorf("alarms %q", alarms)
			}
			for key, value := range contents(t, path, bucketLease) {
				var l leasepb.Lease
				if err := proto.Unmarshal([]byte(value), &l); err != nil {
					t.Fatal(err)
				}
				if l.TTL != 60 || binary.BigEndian.Uint64([]byte(key)) != uint64(l.ID) || (l.RemainingTTL == heldSeconds) != c.HoldLeases {
					t.Fatalf("lease %v", &l)
				}
			}
		})
	}
}

// A database from before any of the buckets was made has nothing to change.
func TestChangesWithoutBuckets(t *testing.T) {
	t.Parallel()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(tx *bolt.Tx) error {
		done, err := Changes{true, true, true}.apply(tx)
		if done != (Changed{}) {
			t.Errorf("changed %+v", done)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
