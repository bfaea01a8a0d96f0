package ctl

import (
	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/commands/read"
)

// entries returns all commands of the root.
func entries(root *cobra.Command) []cli.Entry[*app] {
	return []cli.Entry[*app]{
		cli.NewEntry("get", groupKV, newGet),
		cli.NewEntry("put", groupKV, newPut),
		cli.NewEntry("edit", groupKV, newEdit),
		cli.NewEntry("del", groupKV, newDel),
		cli.NewEntry("txn", groupKV, newTxn),
		cli.NewEntry("compaction", groupKV, newCompaction),
		cli.NewEntry("watch", groupKV, newWatch),
		cli.NewEntry("lease", groupKV, newLease),
		cli.NewEntry("ls", groupKV, reading(read.NewLs)),
		cli.NewEntry("tree", groupKV, reading(read.NewTree)),
		cli.NewEntry("du", groupKV, reading(read.NewDu)),
		cli.NewEntry("top", groupKV, reading(read.NewTop)),
		cli.NewEntry("count", groupKV, newCount),
		cli.NewEntry("history", groupKV, func(a *app) *cobra.Command { return curlRefuses(reading(read.NewHistory)(a), "it watches") }),
		cli.NewEntry("diff", groupKV, newDiff),
		cli.NewEntry("browse", groupKV, func(a *app) *cobra.Command { return curlRefuses(reading(read.NewBrowse)(a), "it is interactive") }),
		cli.NewEntry("export", groupKV, reading(read.NewExport)),
		cli.NewEntry("import", groupKV, newImport),
		cli.NewEntry("status", groupCluster, newStatus),
		cli.NewEntry("doctor", groupCluster, newDoctor),
		cli.NewEntry("report", groupCluster, newReport),
		cli.NewEntry("bundle", groupCluster, newBundle),
		cli.NewEntry("endpoint", groupCluster, newEndpoint),
		cli.NewEntry("member", groupCluster, newMember),
		cli.NewEntry("snapshot", groupCluster, newSnapshot),
		cli.NewEntry("backup", groupCluster, newBackup),
		cli.NewEntry("alarm", groupCluster, newAlarm),
		cli.NewEntry("defrag", groupCluster, newDefrag),
		cli.NewEntry("move-leader", groupCluster, newMoveLeader),
		cli.NewEntry("downgrade", groupCluster, newDowngrade),
		cli.NewEntry("lock", groupSync, newLock),
		cli.NewEntry("elect", groupSync, newElect),
		cli.NewEntry("auth", groupAuth, newAuth),
		cli.NewEntry("user", groupAuth, newUser),
		cli.NewEntry("role", groupAuth, newRole),
		cli.NewEntry("make-mirror", groupUtility, newMakeMirror),
		cli.NewEntry("check", groupUtility, newCheck),
		cli.NewEntry("context", groupUtility, newContext),
		cli.NewEntry("shell", groupUtility, newShell),
		cli.NewEntry("options", groupUtility, func(*app) *cobra.Command { return freeOfContext(newOptions(root)) }),
		cli.NewEntry("version", groupUtility, func(a *app) *cobra.Command { return freeOfContext(cli.Version(program, &a.output)) }),
		cli.NewEntry("completion", groupUtility, func(*app) *cobra.Command { return freeOfContext(cli.Completion(program, completionHelp)) }),
	}
}
