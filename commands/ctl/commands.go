package ctl

import (
	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/commands/read"
)

// entry is a command of the root: its group in the help and its constructor.
type entry struct {
	group string
	build func(*app) *cobra.Command
}

// entries returns all commands of the root.
func entries(root *cobra.Command) []entry {
	return []entry{
		{groupKV, newGet},
		{groupKV, newPut},
		{groupKV, newDel},
		{groupKV, newTxn},
		{groupKV, newCompaction},
		{groupKV, newWatch},
		{groupKV, newLease},
		{groupKV, reading(read.NewLs)},
		{groupKV, reading(read.NewTree)},
		{groupKV, reading(read.NewDu)},
		{groupKV, reading(read.NewTop)},
		{groupKV, newCount},
		{groupKV, func(a *app) *cobra.Command { return curlRefuses(reading(read.NewHistory)(a), "it watches") }},
		{groupKV, newDiff},
		{groupKV, func(a *app) *cobra.Command { return curlRefuses(reading(read.NewBrowse)(a), "it is interactive") }},
		{groupKV, reading(read.NewExport)},
		{groupKV, newImport},
		{groupCluster, newStatus},
		{groupCluster, newDoctor},
		{groupCluster, newEndpoint},
		{groupCluster, newMember},
		{groupCluster, newSnapshot},
		{groupCluster, newBackup},
		{groupCluster, newAlarm},
		{groupCluster, newDefrag},
		{groupCluster, newMoveLeader},
		{groupCluster, newDowngrade},
		{groupSync, newLock},
		{groupSync, newElect},
		{groupAuth, newAuth},
		{groupAuth, newUser},
		{groupAuth, newRole},
		{groupUtility, newMakeMirror},
		{groupUtility, newCheck},
		{groupUtility, newContext},
		{groupUtility, newShell},
		{groupUtility, func(*app) *cobra.Command { return freeOfContext(newOptions(root)) }},
		{groupUtility, func(a *app) *cobra.Command { return freeOfContext(cli.Version(program, &a.output)) }},
		{groupUtility, func(*app) *cobra.Command { return freeOfContext(cli.Completion(program)) }},
	}
}
