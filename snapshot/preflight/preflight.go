// Package preflight finds out whether the data directory of a stopped member can
// be upgraded to the next minor release of etcd. It only reads.
package preflight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coreos/go-semver/semver"

	"etcdkit/internal/upgrades"
	"etcdkit/snapshot"
	"etcdkit/snapshot/datadir"
	"etcdkit/snapshot/migrate"
	"etcdkit/snapshot/restore/v2tree"
)

// Options say which directory to check, and for which release.
type Options struct {
	DataDir string
	WALDir  string // member/wal in the directory, if empty
	Target  string // one of upgrades.Targets
	Wait    time.Duration
}

// Finding is one thing that is in the way of an upgrade, or to know before it.
type Finding struct {
	Check    string
	Error    bool // the upgrade would fail or lose something; otherwise it is a warning
	Evidence string
	Meaning  string
	Command  string // the next one to type
}

// Report is what was found.
type Report struct {
	Member   string // id and name
	From     string // the minor release that the cluster has agreed on; "" if unknown
	Findings []Finding
	Checks   []string // the names of all
	Torn     string   // the file of the WAL whose last record was not written to its end
}

// facts are what is known of a directory.
type facts struct {
	Options
	upgrades.Upgrade
	info       datadir.Info
	size       int64
	members    []datadir.Member
	self       datadir.Member
	cluster    *semver.Version // version that the cluster has agreed on; nil if unknown
	storage    *semver.Version // of the database; nil before 3.6
	downgrade  string          // release that the cluster is being downgraded to
	alarms     []string
	v2         v2tree.Content
	v2Members  []uint64
	v2Requests int // of servers, in the WAL
}

// Check checks a directory that no server is using.
func Check(ctx context.Context, o Options) (*Report, error) {
	u, ok := upgrades.To(o.Target)
	if !ok {
		return nil, fmt.Errorf("no upgrade to %q is known", o.Target)
	}
	f := &facts{Options: o, Upgrade: u}
	if err := f.read(ctx); err != nil {
		return nil, err
	}
	r := &Report{Member: f.self.String(), Torn: f.info.Torn}
	if f.cluster != nil {
		r.From = short(f.cluster)
	}
	for _, c := range checks() {
		r.Checks = append(r.Checks, c.name)
		if found := c.find(f); found != nil {
			found.Check, found.Meaning = c.name, c.meaning
			r.Findings = append(r.Findings, *found)
		}
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(severity(b), severity(a)) })
	return r, nil
}

func severity(f Finding) int {
	if f.Error {
		return 1
	}
	return 0
}

func short(v *semver.Version) string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// read reads what the checks need.
func (f *facts) read(ctx context.Context) error {
	if err := f.readState(ctx); err != nil {
		return err
	}
	src := v2tree.Source{DataDir: f.DataDir, WALDir: f.WALDir, Wait: f.Wait}
	var err error
	if f.v2, err = v2tree.Check(ctx, src); err != nil {
		return err
	}
	if _, f.v2Requests, err = migrate.V2Requests(ctx, cmp.Or(f.WALDir, snapshot.DataDirWAL(f.DataDir))); err != nil {
		return err
	}
	tree, err := v2tree.Load(ctx, src)
	if err != nil {
		return err
	}
	f.v2Members = tree.Members
	return nil
}

// readState reads the state of the member, with the entries of its WAL.
func (f *facts) readState(ctx context.Context) (err error) {
	d, err := datadir.Open(ctx, f.DataDir, datadir.Options{WALDir: f.WALDir, Wait: f.Wait})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	f.info, f.size, f.members, f.self = d.Info, d.Size(), d.Members(), d.Self()
	return f.readBuckets(ctx, d)
}
