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

// entries returns all commands of the root.
func entries() []cli.Entry[*app] {
	return []cli.Entry[*app]{
		cli.NewEntry("snapshot", groupFiles, newSnapshot),
		cli.NewEntry("hashkv", groupFiles, newHashKV),
		cli.NewEntry("defrag", groupFiles, newDefrag),
		cli.NewEntry("migrate", groupFiles, newMigrate),
		cli.NewEntry("backup", groupFiles, newBackup),
		cli.NewEntry("check", groupFiles, newCheck),
		cli.NewEntry("v2", groupFiles, newV2),
		cli.NewEntry("wal", groupFiles, newWAL),
		cli.NewEntry("recover", groupFiles, newRecover),
		cli.NewEntry("get", groupRead, reading(read.NewGet)),
		cli.NewEntry("ls", groupRead, reading(read.NewLs)),
		cli.NewEntry("tree", groupRead, reading(read.NewTree)),
		cli.NewEntry("du", groupRead, reading(read.NewDu)),
		cli.NewEntry("top", groupRead, reading(read.NewTop)),
		cli.NewEntry("count", groupRead, reading(read.NewCount)),
		cli.NewEntry("history", groupRead, reading(read.NewHistory)),
		cli.NewEntry("diff", groupRead, newDiff),
		cli.NewEntry("browse", groupRead, reading(read.NewBrowse)),
		cli.NewEntry("export", groupRead, reading(read.NewExport)),
		cli.NewEntry("watch", groupRead, reading(newWatch)),
		cli.NewEntry("report", groupRead, newReport),
		cli.NewEntry("lease", groupRead, group("lease <subcommand>", "Read leases", read.NewLeaseList, read.NewLeaseTimeToLive)),
		cli.NewEntry("user", groupRead, group("user <subcommand>", "Read users", read.NewUserList, read.NewUserGet)),
		cli.NewEntry("role", groupRead, group("role <subcommand>", "Read roles", read.NewRoleList, read.NewRoleGet)),
		cli.NewEntry("member", groupRead, group("member <subcommand>", "Read the list of members", read.NewMemberList)),
		cli.NewEntry("alarm", groupRead, group("alarm <subcommand>", "Read alarms", read.NewAlarmList)),
		cli.NewEntry("auth", groupRead, group("auth <subcommand>", "Read whether authentication is on", read.NewAuthStatus)),
		cli.NewEntry("serve", groupRead, newServe),
		cli.NewEntry("version", groupUtility, func(a *app) *cobra.Command { return cli.Version(program, &a.output) }),
		cli.NewEntry("completion", groupUtility, func(*app) *cobra.Command { return cli.Completion(program, "") }),
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
