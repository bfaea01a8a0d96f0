package follow

import (
	"context"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/backup"
	"etcdkit/backup/pack"
)

// Server is a connection to one member. Its clients must not buffer the watch.
type Server struct {
	Endpoint    string // without user and password
	Watch       pb.WatchClient
	KV          pb.KVClient
	Lease       pb.LeaseClient
	Maintenance pb.MaintenanceClient
	Explain     func(error) error // adds the cause of a failed request; may be nil
	Close       func() error
}

// Options say what to follow, and where to. All but Retain, Tell and Report must
// be set.
type Options struct {
	Repo      *backup.Repository
	Packing   pack.Packing
	Endpoints []string
	Dial      func(ctx context.Context, endpoint string) (*Server, error)
	// Save takes a full backup.
	Save func(ctx context.Context) (*backup.Backup, error)

	Flush     time.Duration // how long events are collected before they are stored
	FullEvery time.Duration
	Retain    *backup.Policy // prunes after each full backup; nil removes nothing

	// MaxPending is how many bytes of records are collected while an increment
	// can't be stored, before the watch is no longer read.
	MaxPending int64

	// Tell is told of events that matter to the operator, in one line each. Report
	// is called after each flush. Both may be nil, and are called by one goroutine
	// at a time.
	Tell   func(line string)
	Report func(Status)
}

// Status is how far a follower is.
type Status struct {
	Line     string
	Revision int64     // up to which everything is stored
	Time     time.Time // when that revision was the latest one
	Head     int64     // the latest revision that was seen
	Backup   string    // the newest full backup
	Pending  int64     // bytes of records that are not stored
	Stored   int64     // increments that this follower has stored
	Standby  bool      // another follower stores the increments
}

// Lag is how old what is stored is.
func (s Status) Lag(now time.Time) time.Duration { return max(0, now.Sub(s.Time)) }

const (
	// DefaultMaxPending is a MaxPending for a server of usual size, in bytes.
	DefaultMaxPending = 1 << 30
	// heartbeat is after how many flushes an increment is stored although nothing
	// was written.
	heartbeat = 6
	// requestTime bounds requests about one increment.
	requestTime = 5 * time.Second
	// goodbye bounds what is done after the follower was told to end.
	goodbye = 20 * time.Second
)
