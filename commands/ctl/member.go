package ctl

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/internal/id"
	"etcdkit/printer"
)

var errPeerURLs = errors.New("member peer urls not provided")

// memberID reads the argument of a command on one member.
func memberID(args []string) (uint64, error) {
	if len(args) != 1 {
		return 0, cli.Exit(cli.BadArgs, errors.New("member ID is not provided"))
	}
	member, err := id.Parse(args[0])
	if err != nil {
		return 0, cli.Exit(cli.BadArgs, fmt.Errorf("bad member ID arg (%w), expecting ID in Hex", err))
	}
	return member, nil
}

// memberArg is what a command line calls a member by.
type memberArg struct {
	text  string
	id    uint64
	notID error // where text is not an id
}

// among returns the id of the member that is meant. An id that a member has is
// one, whoever is called by it; one that no member has is for the server to
// refuse.
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
		return 0, fmt.Errorf("%w; no member is called %s", m.notID, m.text)
	}
	return id, nil
}

// changeMembers opens a session, has do change the cluster, and prints the view
// of the answer. The requests of do have a limit of their own each.
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

// peerURLs reads the value of --peer-urls.
func peerURLs(value string) ([]string, error) {
	if value == "" {
		return nil, cli.Exit(cli.BadArgs, errPeerURLs)
	}
	return strings.Split(value, ","), nil
}

func newMember(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "member <subcommand>",
		Short: "Show and change who is in the cluster",
	}
	cmd.AddCommand(newMemberList(a), newMemberAdd(a), newMemberRemove(a), newMemberUpdate(a), newMemberPromote(a))
	return cmd
}
