package datadir_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/snapshot"
	"etcdkit/snapshot/datadir"
	"etcdkit/snapshot/internal/waltest"
)

// dumped are lines of a dump.
func dumped(t *testing.T, dir string) ([]string, error) {
	t.Helper()
	var all []string
	_, err := datadir.Dump(t.Context(), dir, datadir.DumpOptions{}, func(e datadir.WALEntry) error {
		all = append(all, fmt.Sprintf("%d/%d %s %t %s", e.Index, e.Term, e.Type, e.Committed, e.Text))
		return nil
	})
	return all, err
}

func TestDump(t *testing.T) {
	t.Parallel()
	put := &pb.PutRequest{Key: []byte("a\n"), Value: []byte("secret"), Lease: 0x1f}
	txn := &pb.TxnRequest{
		Compare: []*pb.Compare{{Key: []byte("k"), Result: pb.Compare_LESS, Target: pb.Compare_MOD, TargetUnion: &pb.Compare_ModRevision{ModRevision: 4}},
			{Key: []byte("v"), Target: pb.Compare_VALUE, TargetUnion: &pb.Compare_Value{Value: []byte("secret")}}},
		Success: []*pb.RequestOp{{Request: &pb.RequestOp_RequestPut{RequestPut: put}}},
		Failure: []*pb.RequestOp{{Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: &pb.DeleteRangeRequest{Key: []byte("a"), RangeEnd: []byte{0}}}}},
	}
	// The member has received a raft snapshot in place of entries 2 to 9.
	wal := waltest.NewSegment(0).Mark(0, 0).Entry(0, 1, 1, nil).State(1, memberID, 10).Mark(9, 1)
	for i, r := range []*pb.InternalRaftRequest{
		{Put: put}, {Txn: txn}, {AuthUserAdd: &pb.AuthUserAddRequest{Name: "ann", Password: "secret", HashedPassword: "secret"}},
		{Authenticate: &pb.InternalAuthenticateRequest{Name: "ann", Password: "secret", SimpleToken: "secret"}},
		{LeaseRevoke: &pb.LeaseRevokeRequest{ID: 0x1f}},
	} {
		b, err := proto.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		wal.Entry(0, 2, 10+i, b)
	}
	dir := t.TempDir()
	wal.State(2, memberID, 13).Write(t, filepath.Join(dir, "member", "wal"), 0, 0)
	got, err := dumped(t, dir)
	want := []string{
		`10/2 normal true put "a\n" (6 bytes) lease 000000000000001f`,
		`11/2 normal true txn if mod("k") < 4 and value("v") = (6 bytes) then put "a\n" (6 bytes) lease 000000000000001f else delete from "a"`,
		`12/2 normal true auth-user-add "ann"`,
		`13/2 normal true authenticate "ann"`,
		`14/2 normal false revoke lease 000000000000001f`,
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v\n%s", err, strings.Join(got, "\n"))
	}
}

func TestDumpGap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	waltest.NewSegment(0).Entry(0, 1, 1, nil).Entry(0, 1, 3, nil).Write(t, filepath.Join(dir, "member", "wal"), 0, 0)
	if got, err := dumped(t, dir); !errors.Is(err, snapshot.ErrCorrupt) {
		t.Errorf("got %q, %v", got, err)
	}
}

func FuzzDump(f *testing.F) {
	for _, r := range []*pb.InternalRaftRequest{{Put: &pb.PutRequest{Key: []byte("a")}}, {Txn: &pb.TxnRequest{Success: []*pb.RequestOp{{}}}}} {
		b, err := proto.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(0, b)
	}
	f.Add(1, []byte{})
	f.Fuzz(func(t *testing.T, kind int, data []byte) {
		if kind < 0 || kind > 3 {
			return
		}
		dir := t.TempDir()
		waltest.NewSegment(0).Entry(kind, 1, 1, data).Write(t, filepath.Join(dir, "member", "wal"), 0, 0)
		if got, err := dumped(t, dir); err != nil && !errors.Is(err, snapshot.ErrCorrupt) || err == nil && len(got) != 1 {
			t.Errorf("got %q, %v", got, err)
		}
	})
}
