package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/pkg/v3/netutil"
	"go.uber.org/zap"

	"etcdkit/snapshot"
)

// resolveTimeout bounds the look-up of host names in peer URLs, as etcd does.
const resolveTimeout = 30 * time.Second

// ErrBumpOptions says that only one of BumpRevision and MarkCompacted is set.
var ErrBumpOptions = errors.New("--mark-compacted required if --bump-revision > 0")

// ErrRevisionOptions says that RevisionAtLeast and a bump are given.
var ErrRevisionOptions = errors.New("--revision-at-least bumps and marks as compacted: leave out --bump-revision and --mark-compacted")

// maxRevision is the highest revision to bump to, so that the new cluster has
// enough revisions left: a million writes a second for thirty years. A server
// that runs out of revisions crashes.
const maxRevision = math.MaxInt64 - 1_000_000_000_000_000

// Config says what to restore, and as which member of which cluster. The fields
// are the flags of "etcdutl snapshot restore"; defaults of flags are not filled
// in.
type Config struct {
	// SnapshotPath is the file to restore.
	SnapshotPath string
	// Snapshot is read in place of SnapshotPath, unless it is nil.
	Snapshot io.Reader
	// File is read in place of SnapshotPath, with the layer that lies over it,
	// unless it is nil. Nothing vouches for its bytes.
	File *snapshot.File
	// Notice is called about slow operations; it may be nil. Calls don't
	// overlap.
	Notice func(string)
	// Name is the member's name, a key of InitialCluster.
	Name string
	// DataDir is the directory to make. It may exist, if empty. If not given,
	// it is Name with ".etcd".
	DataDir string
	// WALDir is where the WAL goes. It may exist, if empty. If not given, it is
	// member/wal below DataDir.
	WALDir string
	// PeerURLs are the member's own; they must be those of InitialCluster.
	PeerURLs []string
	// InitialCluster lists all members: "name=url,name=url".
	InitialCluster string
	// InitialClusterToken is part of the hash for the ids of the cluster and of
	// its members.
	InitialClusterToken string
	// SkipHashCheck takes a file without sha256, or with a wrong one.
	SkipHashCheck bool
	// InitialMmapSize is how much of the address space to reserve for the
	// database while it is worked on, in bytes; 0 is its size.
	InitialMmapSize uint64
	// BumpRevision is added to the latest revision, so that clients do not see
	// revisions go back. It needs MarkCompacted.
	BumpRevision uint64
	// MarkCompacted makes the server compact up to the revision bumped to, so
	// that watchers of earlier ones start afresh. It needs BumpRevision.
	MarkCompacted bool
	// RevisionAtLeast raises the latest revision to this one, with
	// MarkCompacted, if it is lower. It excludes BumpRevision.
	RevisionAtLeast int64
	// Changes are made in the restored database.
	Changes Changes
	// Logger takes the messages of etcd's packages; nil drops them.
	Logger *zap.Logger
}

// Check finds options that exclude each other, before anything is read.
func (c *Config) Check() error {
	switch {
	case c.RevisionAtLeast < 0:
		return fmt.Errorf("--revision-at-least %d: a revision is not negative", c.RevisionAtLeast)
	case c.RevisionAtLeast > 0 && (c.BumpRevision > 0 || c.MarkCompacted):
		return ErrRevisionOptions
	case c.MarkCompacted != (c.BumpRevision > 0):
		return ErrBumpOptions
	}
	return nil
}

// bumped is the latest revision after the bump.
func (c *Config) bumped(latest int64) (int64, error) {
	room := uint64(max(0, maxRevision-latest))
	switch {
	case c.BumpRevision > room:
		return 0, fmt.Errorf("--bump-revision %d: the latest revision is %d, and the sum would leave the cluster no revisions to go on with", c.BumpRevision, latest)
	case c.RevisionAtLeast > maxRevision:
		return 0, fmt.Errorf("--revision-at-least %d would leave the cluster no revisions to go on with", c.RevisionAtLeast)
	}
	return max(latest+int64(c.BumpRevision), c.RevisionAtLeast), nil
}

// members reads the cluster from the configuration, and checks it as a server
// does when it starts (server/config, VerifyBootstrap).
func (c *Config) members(ctx context.Context, lg *zap.Logger) (types.URLsMap, error) {
	if err := checkCluster(c.InitialCluster); err != nil {
		return nil, err
	}
	own, err := types.NewURLs(c.PeerURLs)
	if err != nil {
		return nil, err
	}
	all, err := types.NewURLsMap(c.InitialCluster)
	if err != nil {
		return nil, err
	}
	listed := all[c.Name]
	if listed == nil {
		return nil, fmt.Errorf("couldn't find local name %q in the initial cluster configuration", c.Name)
	}
	if err := c.sameURLs(ctx, lg, own, listed); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, urls := range all {
		for _, u := range urls.StringSlice() {
			if seen[u] {
				return nil, fmt.Errorf("initial cluster %s has duplicate url", all)
			}
			seen[u] = true
		}
	}
	return all, nil
}

// sameURLs checks that the member's own URLs are those listed for it; host
// names are looked up where the text differs.
func (c *Config) sameURLs(ctx context.Context, lg *zap.Logger, own, listed types.URLs) error {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	ownText, listedText := own.StringSlice(), listed.StringSlice()
	slices.Sort(ownText)
	slices.Sort(listedText)
	same, err := c.equal(ctx, lg, ownText, listedText)
	if same {
		return nil
	}
	advertised := strings.Join(ownText, ",")
	asFlag := types.URLsMap{c.Name: own}.String()
	if missing := difference(listedText, ownText); len(missing) > 0 {
		for i := range missing {
			missing[i] = c.Name + "=" + missing[i]
		}
		return fmt.Errorf("--initial-cluster has %s but missing from --initial-advertise-peer-urls=%s (%w)",
			strings.Join(missing, ","), advertised, err)
	}
	if missing := difference(ownText, listedText); len(missing) > 0 {
		return fmt.Errorf("--initial-advertise-peer-urls has %s but missing from --initial-cluster=%s",
			strings.Join(missing, ","), asFlag)
	}
	return fmt.Errorf("failed to resolve %s to match --initial-cluster=%s (%w)", advertised, asFlag, err)
}

// noticeEvery is the interval at which Notice is called during a slow look-up.
const noticeEvery = 5 * time.Second

// equal compares URLs, and looks up the names in them if their text differs,
// which may take until ctx is done.
func (c *Config) equal(ctx context.Context, lg *zap.Logger, own, listed []string) (bool, error) {
	if c.Notice == nil || len(own) != len(listed) || slices.Equal(own, listed) || !slices.ContainsFunc(slices.Concat(own, listed), hasName) {
		return netutil.URLStringsEqual(ctx, lg, own, listed)
	}
	text := fmt.Sprintf("looking up the host names of %s (--initial-advertise-peer-urls) and %s (--initial-cluster), which differ; giving up after %v",
		strings.Join(own, ","), strings.Join(listed, ","), resolveTimeout)
	type result struct {
		same bool
		err  error
	}
	got := make(chan result, 1)
	go func() {
		same, err := netutil.URLStringsEqual(ctx, lg, own, listed)
		got <- result{same, err}
	}()
	tick := time.NewTicker(noticeEvery)
	defer tick.Stop()
	c.Notice(text)
	for {
		select {
		case r := <-got:
			return r.same, r.err
		case <-tick.C:
			c.Notice("still " + text)
		}
	}
}

// hasName reports whether the host of a URL has to be looked up.
func hasName(text string) bool {
	u, err := url.Parse(text)
	if err != nil || strings.HasPrefix(u.Scheme, "unix") {
		return false
	}
	return u.Hostname() != "localhost" && net.ParseIP(u.Hostname()) == nil
}

// checkCluster finds members without a name, for which etcd's parser would blame
// the URL.
func checkCluster(members string) error {
	for m := range strings.SplitSeq(members, ",") {
		if m != "" && !strings.Contains(m, "=") {
			return fmt.Errorf("--initial-cluster %q: a member is NAME=URL, as in %s=http://10.0.0.1:2380", m, nameOf(m))
		}
	}
	return nil
}

// nameOf is m as the name in an example.
func nameOf(m string) string {
	if strings.ContainsAny(m, ":/ ") {
		return "m1"
	}
	return m
}

// difference returns the elements of a that are not in b, sorted and without
// duplicates.
func difference(a, b []string) []string {
	set := map[string]bool{}
	for _, s := range a {
		set[s] = true
	}
	for _, s := range b {
		delete(set, s)
	}
	return slices.Sorted(maps.Keys(set))
}
