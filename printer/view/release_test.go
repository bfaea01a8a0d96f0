package view

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/printer"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// printedAs is v in a format of a release.
func printedAs(t *testing.T, format string, o printer.Options, v printer.View) string {
	t.Helper()
	var out bytes.Buffer
	p, err := printer.New(&out, format, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Print(v); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// releaseCase is a view in a format in which releases differ.
type releaseCase struct {
	name   string
	view   printer.View
	format string
	hex    bool
}

// releaseCases has each place where the releases differ.
func releaseCases() []releaseCase {
	header := &pb.ResponseHeader{ClusterId: 0xef37ad9dc622a7c4, MemberId: 0x8e9e05c52164694d, RaftTerm: 2}
	status := EndpointStatus{{"a:1", &pb.StatusResponse{
		Header: header, Version: "3.6.16", StorageVersion: "3.6.0", DbSize: 25_000, DbSizeInUse: 16_384, DbSizeQuota: 2 << 30,
		Leader: 0x8e9e05c52164694d, RaftTerm: 2, RaftIndex: 8, RaftAppliedIndex: 7, DowngradeInfo: &pb.DowngradeInfo{},
	}}}
	hashes := EndpointHashKV{{"a:1", &pb.HashKVResponse{Header: header, Hash: 4294967295, CompactRevision: 3, HashRevision: 9}}}
	snap := SnapshotStatus{Hash: 0xcafe, Revision: 4, TotalKey: 2, TotalRecords: 9, TotalSize: 28672, Version: "3.7.0"}
	one := &pb.Member{ID: 0xabc, Name: "m1", PeerURLs: []string{"http://p:1"}, ClientURLs: []string{"http://c:1"}}
	learner := &pb.Member{ID: 0xdef, PeerURLs: []string{"http://p:2"}, IsLearner: true}
	list := Members{&pb.MemberListResponse{Header: header, Members: []*pb.Member{one, learner}}}
	added := MemberAdd{
		Members: Members{&pb.MemberAddResponse{Header: header, Member: learner, Members: []*pb.Member{one, learner}}},
		NewName: "m2", PeerURLs: "http://p:2",
	}
	compacted := Watch{WatchResponse: &pb.WatchResponse{Header: header, Canceled: true, CompactRevision: 6, CancelReason: "why"}}
	cut := Watch{WatchResponse: &pb.WatchResponse{Header: &pb.ResponseHeader{}, Canceled: true}}
	alarms := Alarms{&pb.AlarmResponse{Alarms: []*pb.AlarmMember{{MemberID: 7, Alarm: pb.AlarmType_NOSPACE}}}}
	events := Watch{WatchResponse: &pb.WatchResponse{Header: header, Events: []*mvccpb.Event{{Kv: &mvccpb.KeyValue{Key: []byte("k")}}}}}

	return []releaseCase{
		{"columns of endpoint status", status, "simple", false},
		{"fields of endpoint status", status, "fields", false},
		{"fields under --hex", status, "fields", true},
		{"json of endpoint status", status, "json", false},
		{"json of endpoint status --hex", status, "json", true},
		{"no endpoint answered, json", EndpointStatus(nil), "json", false},
		{"borders of a table", hashes, "table", false},
		{"a table without rows", EndpointHashKV(nil), "table", false},
		{"columns of endpoint hashkv", hashes, "simple", false},
		{"fields of endpoint hashkv", hashes, "fields", false},
		{"json of endpoint hashkv", hashes, "json", false},
		{"snapshot status", snap, "simple", false},
		{"table of snapshot status", snap, "table", false},
		{"fields of snapshot status", snap, "fields", false},
		{"json of snapshot status", snap, "json", false},
		{"a learner added", added, "simple", false},
		{"json of member list --hex", list, "json", true},
		{"json of member add --hex", added, "json", true},
		{"a watch from a compacted revision, json", compacted, "json", false},
		{"a watch that the client ended, json", cut, "json", false},
		{"an event, json", events, "json", false},
		{"alarms", alarms, "simple", false},
		{"a defragmented endpoint", Defrag{"http://a:2379", 1500 * time.Microsecond}, "simple", false},
		{"the role root", RoleGet{&pb.AuthRoleGetResponse{}, "root"}, "simple", false},
		{"a role for every key", RoleGet{&pb.AuthRoleGetResponse{Perm: perms(perm("READWRITE", "", "\x00"))}, "all"}, "simple", false},
	}
}

// The differences between releases are facts of printer.Release and one golden
// file for each. The last release exists only here: support for a new one needs
// no more than its facts and its golden.
func TestReleases(t *testing.T) {
	t.Parallel()
	releases := printer.Releases()
	next := releases[len(releases)-1]
	next.Name, next.Program, next.API = "3.8", "3.8.0", "3.8"
	next.Table = printer.TableStyle{EmptyRule: true}
	next.HexIDs = printer.HexAll
	next.StorageStatus = false
	next.AlarmEnd = "."
	for _, r := range append(releases, printer.DefaultRelease(), next) {
		name := cmp.Or(r.Name, "default")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got strings.Builder
			for _, c := range releaseCases() {
				fmt.Fprintf(&got, "-- %s --\n%s", c.name, printedAs(t, c.format, printer.Options{Hex: c.hex, Release: &r}, c.view))
			}
			golden(t, filepath.Join("testdata", "releases", name+".txt"), got.String())
		})
	}
}

// golden compares got with a file, or writes the file under -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update and read the diff\ngot\n%s", path, got)
	}
}

// jsonOf37 is v as JSON of 3.7, whose --hex reaches the member commands only.
func jsonOf37(t *testing.T, v printer.View, seed uint64) string {
	t.Helper()
	return printedAs(t, "json", printer.Options{Hex: seed%2 == 0, Release: releaseNamed(t, "3.7")}, v)
}

func releaseNamed(t *testing.T, name string) *printer.Release {
	t.Helper()
	r, err := printer.ParseRelease(name)
	if err != nil {
		t.Fatal(err)
	}
	return &r
}
