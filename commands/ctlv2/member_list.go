package ctlv2

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"

	"etcdkit/commands/cli"
)

func newMemberList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the members",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			return a.withMembers(cmd, a.listMembers)
		},
	}
}

// noArguments refuses arguments in upstream's words.
func noArguments(args []string) error {
	if len(args) > 0 {
		return bad("No arguments accepted")
	}
	return nil
}

func (a *app) listMembers(ctx context.Context, api client.MembersAPI) error {
	members, err := api.List(ctx)
	if err != nil {
		return err
	}
	leader, err := api.Leader(ctx)
	if err != nil {
		return fmt.Errorf("Failed to get leader:  %w", explain(err)) //nolint:staticcheck // upstream's words
	}
	var out strings.Builder
	for _, m := range members {
		peers := strings.Join(m.PeerURLs, ",")
		if m.Name == "" {
			fmt.Fprintf(&out, "%s[unstarted]: peerURLs=%s\n", m.ID, peers)
			continue
		}
		fmt.Fprintf(&out, "%s: name=%s peerURLs=%s clientURLs=%s isLeader=%v\n",
			m.ID, m.Name, peers, strings.Join(m.ClientURLs, ","), m.ID == leader.ID)
	}
	return a.print(out.String())
}

// print writes text to standard output.
func (a *app) print(text string) error {
	_, err := fmt.Fprint(cli.Visible(a.streams.Out), text)
	return err
}
