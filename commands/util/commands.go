package util

import (
	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/commands/read"
)

// The groups of commands in the root's help.
const (
	groupFiles   = "files"
	groupRead    = "read"
	groupUtility = "utility"
)

// entry is a command of the root: its group in the help and its constructor.
type entry struct {
	group string
	build func(*app) *cobra.Command
}

// entries returns all commands of the root.
func entries() []entry {
	return []entry{
		{groupFiles, newSnapshot},
		{groupFiles, newHashKV},
		{groupFiles, newDefrag},
		{groupFiles, newMigrate},
		{groupFiles, newBackup},
		{groupFiles, newCheck},
		{groupFiles, newV2},
		{groupFiles, newWAL},
		{groupRead, reading(read.NewGet)},
		{groupRead, reading(read.NewLs)},
		{groupRead, reading(read.NewTree)},
		{groupRead, reading(read.NewDu)},
		{groupRead, reading(read.NewTop)},
		{groupRead, reading(read.NewCount)},
		{groupRead, reading(read.NewHistory)},
		{groupRead, newDiff},
		{groupRead, reading(read.NewBrowse)},
		{groupRead, reading(read.NewExport)},
		{groupRead, reading(newWatch)},
		{groupRead, group("lease <subcommand>", "Read leases", read.NewLeaseList, read.NewLeaseTimeToLive)},
		{groupRead, group("user <subcommand>", "Read users", read.NewUserList, read.NewUserGet)},
		{groupRead, group("role <subcommand>", "Read roles", read.NewRoleList, read.NewRoleGet)},
		{groupRead, group("member <subcommand>", "Read the list of members", read.NewMemberList)},
		{groupRead, group("alarm <subcommand>", "Read alarms", read.NewAlarmList)},
		{groupRead, group("auth <subcommand>", "Read whether authentication is on", read.NewAuthStatus)},
		{groupRead, newServe},
		{groupUtility, func(a *app) *cobra.Command { return cli.Version(program, &a.output) }},
		{groupUtility, func(*app) *cobra.Command { return cli.Completion(program) }},
	}
}

// group returns a command of several that read.
func group(use, short string, commands ...func(read.Program) *cobra.Command) func(*app) *cobra.Command {
	return func(a *app) *cobra.Command {
		cmd := &cobra.Command{Use: use, Short: short}
		for _, command := range commands {
			cmd.AddCommand(reading(command)(a))
		}
		return cmd
	}
}

func newWatch(p read.Program) *cobra.Command { return read.NewWatchUntilNow(p, "ETCDUTL") }
