package doctor

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

const ownCluster = 0xc0ffee

// seenAt is when the pictures of the tests were taken.
func seenAt() time.Time { return time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC) }

// healthy returns a picture of three members without any problem.
func healthy() *Picture {
	p := &Picture{At: seenAt(), ClusterID: ownCluster, Auth: &Auth{Enabled: true}, Leases: 3}
	for id := range uint64(3) {
		id++
		m := Member{ID: id, Name: fmt.Sprintf("m%d", id), PeerURLs: []string{fmt.Sprintf("https://10.0.0.%d:2380", id)},
			ClientURLs: []string{fmt.Sprintf("https://10.0.0.%d:2379", id)}}
		leaf := &x509.Certificate{NotAfter: seenAt().Add(90 * 24 * time.Hour), IPAddresses: []net.IP{net.IPv4(10, 0, 0, byte(id))},
			Issuer: pkix.Name{CommonName: "ca"}, AuthorityKeyId: []byte{1, 2, 3, 4, 5}}
		m.Visits = []Visit{{
			Endpoint: m.ClientURLs[0], MemberID: id, ClusterID: ownCluster,
			Status: &pb.StatusResponse{Header: &pb.ResponseHeader{MemberId: id, ClusterId: ownCluster, Revision: 900, RaftTerm: 2}, Leader: 1, RaftIndex: 20_000,
				RaftAppliedIndex: 20_000, RaftTerm: 2, Version: "3.6.16", StorageVersion: "3.6.0", DbSize: 50 << 20, DbSizeInUse: 40 << 20, DbSizeQuota: 2 << 30},
			Web: Web{Metrics: measured(nil), Args: []string{"etcd"}, V2Keys: -1, ClockErr: time.Second / 2, Chain: []*x509.Certificate{leaf}, AsksClient: true},
		}}
		m.Hash = &pb.HashKVResponse{Header: &pb.ResponseHeader{Revision: 900}, Hash: 77, CompactRevision: 800, HashRevision: 900}
		m.Seen = &m.Visits[0]
		p.Members = append(p.Members, m)
	}
	return p
}

// measured returns the metrics of a healthy server, changed by some samples.
func measured(changed map[string]float64) Metrics {
	usual := map[string]float64{
		"etcd_debugging_mvcc_compact_revision": 800, "process_start_time_seconds": float64(seenAt().Add(-24 * time.Hour).Unix()),
		"etcd_server_has_leader": 1, "etcd_server_leader_changes_seen_total": 1,
	}
	maps.Copy(usual, changed)
	m := make(Metrics)
	for name, v := range usual {
		m[name] = []Sample{{Value: v}}
	}
	return m
}

// histogram adds a histogram in which all observations are in one bucket.
func (m Metrics) histogram(name string, le string, n float64) Metrics {
	m[name+"_bucket"] = []Sample{{`le="0.0001"`, 0}, {`le="` + le + `"`, n}, {`le="+Inf"`, n}}
	return m
}

var errRefused = errors.New("connection refused")

// down makes a member one that does not answer.
func (p *Picture) down(i int) {
	m := &p.Members[i]
	m.Visits[0] = Visit{Endpoint: m.ClientURLs[0], Err: fmt.Errorf("%s: %w", m.ClientURLs[0], errRefused)}
	m.Seen, m.Hash = nil, nil
}

func (p *Picture) all(f func(m *Member, s *pb.StatusResponse)) {
	for i := range p.Members {
		f(&p.Members[i], p.Members[i].Status())
	}
}

// found is what a test expects of a finding.
type found struct{ title, evidence, command string }

// case of a picture with a problem, and all findings about it.
type pictured struct {
	name string
	make func(p *Picture)
	want []found
}

func TestChecks(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, tt := range slices.Concat(memberCases(), serverCases(), metricCases(), upgradeCases()) {
		p := healthy()
		tt.make(p)
		got := Examine(p, slices.Concat(UpgradeChecks(), Checks()))
		var have []found
		for _, f := range got.Findings {
			title := f.Severity.String() + " " + f.Check
			if len(f.Members) > 0 {
				title += " " + strings.Join(f.Members, ",")
			}
			have = append(have, found{title, f.Evidence, f.Command})
			seen[f.Check] = true
		}
		if !slices.Equal(have, tt.want) {
			t.Errorf("%s:\n got  %q\n want %q", tt.name, have, tt.want)
		}
	}
	names := make(map[string]bool)
	for _, c := range slices.Concat(UpgradeChecks(), Checks()) {
		if !seen[c.Name] {
			t.Errorf("no picture has the problem that %s looks for", c.Name)
		}
		if names[c.Name] || c.Summary == "" || c.Meaning == "" || c.Severity == 0 {
			t.Errorf("%s: not unique, or without its texts", c.Name)
		}
		names[c.Name] = true
	}
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	if got := Examine(healthy(), Checks()); len(got.Findings) > 0 || len(got.Unchecked) > 0 || got.Worst() != 0 {
		t.Errorf("got %+v", got)
	}
	alone := healthy()
	alone.Members = alone.Members[:1]
	if got := Examine(alone, Checks()); len(got.Findings) > 0 {
		t.Errorf("one member: got %+v", got)
	}
}

// No check fails on a picture that lacks everything.
func TestBlind(t *testing.T) {
	t.Parallel()
	p := &Picture{At: seenAt(), Leases: -1}
	Examine(p, Checks())
	p = healthy()
	p.all(func(m *Member, _ *pb.StatusResponse) {
		v := m.Visits[0]
		m.Visits[0] = Visit{Endpoint: v.Endpoint, MemberID: v.MemberID, Refused: errRefused, Web: Web{Err: errRefused, V2Keys: -1}}
		m.Hash = nil
	})
	p.Auth = nil
	p.Missing = []Missing{{NeedAuth, "authentication", "denied"}, {NeedLeases, "the leases", "denied"}}
	got := Examine(p, Checks())
	if len(got.Findings) > 0 {
		t.Errorf("found %+v", got.Findings)
	}
	if len(got.Unchecked) == 0 || got.Unchecked[0].What != "authentication" || !slices.Contains(got.Unchecked[0].Checks, "open-access") {
		t.Errorf("unchecked: %+v", got.Unchecked)
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		only, skip, want []string
		unknown          string
	}{
		{[]string{"nospace"}, nil, []string{"nospace"}, ""},
		{[]string{"cert-*"}, []string{"cert-names"}, []string{"cert-expiry", "cert-issuers"}, ""},
		{[]string{"nospac"}, nil, nil, "nospac"},
		{nil, []string{"x*"}, nil, "x*"},
	} {
		some, unknown := Select(Checks(), tt.only, tt.skip)
		var got []string
		for _, c := range some {
			got = append(got, c.Name)
		}
		if !slices.Equal(got, tt.want) || unknown != tt.unknown {
			t.Errorf("%v %v: got %v, %q", tt.only, tt.skip, got, unknown)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m, err := ReadMetrics(strings.NewReader(`# HELP etcd_a b
etcd_a{op="x,y",le="0.1"} 3
etcd_a{op="z",le="0.1"} 4 1700000000
etcd_b 1.5e+09
go_goroutines 7
etcd_broken{x="1"
etcd_empty
etcd_h_bucket{le="0.1"} 98
etcd_h_bucket{le="0.2"} 99
etcd_h_bucket{le="+Inf"} 100
etcd_i_bucket{le="0.1"} 0
etcd_i_bucket{le="+Inf"} 5
etcd_id{server_id="8e9e"} 1
`))
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := m.Value("etcd_a"); v != 7 || !ok {
		t.Errorf("sum: %v %v", v, ok)
	}
	if v, ok := m.Value("etcd_b"); v != 1.5e9 || !ok {
		t.Errorf("etcd_b: %v %v", v, ok)
	}
	for _, absent := range []string{"go_goroutines", "etcd_broken", "etcd_empty", "etcd_none"} {
		if _, ok := m.Value(absent); ok {
			t.Errorf("%s is a metric", absent)
		}
	}
	if id := m.Label("etcd_id", "server_id"); id != "8e9e" {
		t.Errorf("label: %q", id)
	}
	if d, n := m.Quantile("etcd_h", 0.99); d != 200*time.Millisecond || n != 100 {
		t.Errorf("p99: %v of %v", d, n)
	}
	if d, _ := m.Quantile("etcd_i", 0.99); d != 200*time.Millisecond {
		t.Errorf("above all buckets: %v", d)
	}
	if _, n := m.Quantile("etcd_none", 0.99); n != 0 {
		t.Errorf("no histogram: %v", n)
	}
}

// Metrics come from outside: whatever they are, reading them ends without a
// panic.
func FuzzMetrics(f *testing.F) {
	f.Add("etcd_a{le=\"0.1\"} 3\netcd_a_bucket{le=\"+Inf\"} NaN\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, _ := ReadMetrics(strings.NewReader(text))
		for name := range m {
			m.Value(name)
			m.Label(name, "le")
			if d, n := m.Quantile(strings.TrimSuffix(name, "_bucket"), 0.99); d < 0 && n >= 0 && !math.IsInf(n, 0) {
				t.Skip(d) // negative bounds are a server's own affair
			}
		}
	})
}
