package read

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/cli"
	"etcdkit/printer"
)

// Cluster reads what a cluster, or a file of one, stores besides keys. A
// response has the header of a server's, as far as it is known.
type Cluster interface {
	Leases
	Users
	Roles
	Members
	Alarms
}

// Leases reads leases.
type Leases interface {
	// Leases lists all leases.
	Leases(ctx context.Context) (*etcdserverpb.LeaseLeasesResponse, error)
	// TimeToLive describes a lease. The TTL of one that does not exist is -1.
	TimeToLive(ctx context.Context, r *etcdserverpb.LeaseTimeToLiveRequest) (*etcdserverpb.LeaseTimeToLiveResponse, error)
	// Details describes leases with their keys, by id. Where the user may not read
	// the keys of a lease, Keys is nil; otherwise it is not.
	Details(ctx context.Context, ids []int64) (map[int64]*etcdserverpb.LeaseTimeToLiveResponse, error)
	// SecondsLeft returns how many seconds each of the leases has left, by id, at
	// least 1.
	SecondsLeft(ctx context.Context, ids []int64) (map[int64]int64, error)
}

// Users reads users.
type Users interface {
	Users(ctx context.Context) (*etcdserverpb.AuthUserListResponse, error)
	User(ctx context.Context, name string) (*etcdserverpb.AuthUserGetResponse, error)
}

// Roles reads roles.
type Roles interface {
	Roles(ctx context.Context) (*etcdserverpb.AuthRoleListResponse, error)
	Role(ctx context.Context, name string) (*etcdserverpb.AuthRoleGetResponse, error)
}

// Members reads members.
type Members interface {
	// Members lists the members with a consistency of the API, l or s; "" is l,
	// or what one member knows if there is no quorum.
	Members(ctx context.Context, consistency string) (*etcdserverpb.MemberListResponse, error)
}

// Alarms reads whether authentication and alarms are on.
type Alarms interface {
	Alarms(ctx context.Context) (*etcdserverpb.AlarmResponse, error)
	AuthStatus(ctx context.Context) (*etcdserverpb.AuthStatusResponse, error)
}

// ask opens a session and prints the view that do makes of what it reads.
func (p Program) ask(cmd *cobra.Command, do func(context.Context, Cluster) (printer.View, error)) error {
	s, err := p.Open(cmd)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // everything has been read
	v, err := do(cmd.Context(), s.Cluster)
	if err != nil {
		return err
	}
	return s.Out.Print(v)
}

// wantArgs returns an error with these words unless there are n arguments.
func wantArgs(args []string, n int, words string) error {
	if len(args) == n {
		return nil
	}
	return cli.Exit(cli.BadArgs, errors.New(words))
}
