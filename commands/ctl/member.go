package ctl

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
)

var errPeerURLs = errors.New("member peer urls not provided")

// memberID reads the argument of a command on one member.
func memberID(args []string) (uint64, error) {
	if len(args) != 1 {
		return 0, cli.Exit(cli.BadArgs, errors.New("member ID is not provided"))
	}
	id, err := strconv.ParseUint(args[0], 16, 64)
	if err != nil {
		return 0, cli.Exit(cli.BadArgs, fmt.Errorf("bad member ID arg (%w), expecting ID in Hex", err))
	}
	return id, nil
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
