package ctl

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/types"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/internal/id"
	"etcdkit/printer"
)

var errPeerURLs = errors.New("member peer urls not provided")

// memberArg is a member as a command line names it: by its id or its name.
type memberArg struct {
	text  string
	id    uint64
	notID error // if text is not an id
}

// parseMember reads the argument of a command on one member. An empty name never
// matches.
func parseMember(args []string) (memberArg, error) {
	if len(args) != 1 {
		return memberArg{}, cli.Exit(cli.BadArgs, errors.New("member ID is not provided"))
	}
	member, err := id.Parse(args[0])
	if err != nil {
		err = cli.Exit(cli.BadArgs, fmt.Errorf("bad member ID arg %q, expecting ID in Hex or a name, as member list shows them", args[0]))
	}
	if args[0] == "" {
		return memberArg{}, err
	}
	return memberArg{text: args[0], id: member, notID: err}, nil
}

// resolve returns the id of the given member. Only a name requires the list of
// members: an id is used unchanged if the server does not list them.
func (m memberArg) resolve(ctx context.Context, a *app, s *session) (uint64, error) {
	if a.curl && m.notID == nil {
		return m.id, nil
	}
	ctx, cancel := a.limit(ctx)
	defer cancel()
	list, err := s.client.MemberList(ctx)
	switch {
	case err == nil:
		return m.among(list.Members)
	case m.notID != nil || cluster.Unavailable(err):
		return 0, err
	}
	return m.id, nil
}

// among returns the id of the member that is meant. If a member has the id, it
// is meant even if another has it as its name; an id that no member has is for the
// server to refuse.
func (m memberArg) among(members []*etcdserverpb.Member) (uint64, error) {
	var named []string
	id := m.id
	for _, one := range members {
		if m.notID == nil && one.GetID() == m.id {
			return m.id, nil
		}
		if one.GetName() == m.text {
			id = one.GetID()
			named = append(named, strconv.FormatUint(id, 16))
		}
	}
	switch {
	case len(named) > 1:
		return 0, cli.Exit(cli.BadArgs, fmt.Errorf("%d members are called %s, so their ID is needed: %s",
			len(named), m.text, strings.Join(named, ", ")))
	case len(named) == 0 && m.notID != nil:
		return 0, fmt.Errorf("%w: no member is called %s", m.notID, m.text)
	}
	return id, nil
}

// changeMembers opens a session, calls do, which changes the cluster, and
// prints the view of the answer. Each request of do has its own limit.
func changeMembers(a *app, cmd *cobra.Command, do func(context.Context, *conn.Dialer, *session) (printer.View, error)) error {
	d, p, err := a.dialer(cmd)
	if err != nil {
		return err
	}
	c, err := d.Dial(cmd.Context())
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // the answer is in
	v, err := do(cmd.Context(), d, &session{client: c, out: p})
	if err != nil {
		return c.Explain(err)
	}
	return p.Print(v)
}

// peerURLs reads the value of --peer-urls. A bad URL is refused here, before
// anything is asked or warned about.
func peerURLs(value string) ([]string, error) {
	if value == "" {
		return nil, cli.Exit(cli.BadArgs, errPeerURLs)
	}
	urls := strings.Split(value, ",")
	for _, one := range urls {
		if err := checkPeerURL(one); err != nil {
			return nil, err
		}
	}
	return urls, nil
}

// checkPeerURL returns the fault of a peer URL, with the messages of the client
// library except where these are Go's own.
func checkPeerURL(peer string) error {
	_, err := types.NewURLs([]string{peer})
	switch {
	case err == nil:
		return nil
	case !strings.Contains(peer, "://"):
		return fmt.Errorf("URL scheme must be http, https, unix, or unixs: %s: did you mean --peer-urls http://%s?", peer, peer)
	}
	if u, failed := url.Parse(peer); failed == nil && u.Host != "" && u.Port() == "" {
		return fmt.Errorf("%w: --peer-urls needs a port, usually 2380", err)
	}
	return fmt.Errorf("%w: give --peer-urls as http://HOST:PORT", err)
}

func newMember(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "member <subcommand>",
		Short: "List and change the members of the cluster",
	}
	cmd.AddCommand(newMemberList(a), newMemberAdd(a), newMemberRemove(a), newMemberUpdate(a), newMemberPromote(a), newMemberSwap(a))
	return cmd
}
