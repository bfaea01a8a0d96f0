package ctl

import (
	"slices"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
)

// completion is the one command that is about all of them.
const completion = "completion"

// entry is a command of the root: its name, its group in the help, and what
// builds it.
type entry struct {
	name, group string
	build       func(*app) *cobra.Command
}

// entries returns all commands of the root.
func entries(root *cobra.Command) []entry {
	return []entry{
		{"get", groupKV, newGet},
		{"put", groupKV, newPut},
		{"del", groupKV, newDel},
		{"txn", groupKV, newTxn},
		{"compaction", groupKV, newCompaction},
		{"watch", groupKV, newWatch},
		{"lease", groupKV, newLease},
		{"ls", groupKV, newLs},
		{"tree", groupKV, newTree},
		{"du", groupKV, newDu},
		{"top", groupKV, newTop},
		{"count", groupKV, newCount},
		{"export", groupKV, newExport},
		{"import", groupKV, newImport},
		{"endpoint", groupCluster, newEndpoint},
		{"member", groupCluster, newMember},
		{"snapshot", groupCluster, newSnapshot},
		{"alarm", groupCluster, newAlarm},
		{"defrag", groupCluster, newDefrag},
		{"move-leader", groupCluster, newMoveLeader},
		{"downgrade", groupCluster, newDowngrade},
		{"lock", groupSync, newLock},
		{"elect", groupSync, newElect},
		{"auth", groupAuth, newAuth},
		{"user", groupAuth, newUser},
		{"role", groupAuth, newRole},
		{"make-mirror", groupUtility, newMakeMirror},
		{"check", groupUtility, newCheck},
		{"options", groupUtility, func(*app) *cobra.Command { return newOptions(root) }},
		{"version", groupUtility, func(a *app) *cobra.Command { return cli.Version(program, &a.output) }},
		{completion, groupUtility, func(*app) *cobra.Command { return cli.Completion(program) }},
	}
}

// wanted returns the commands that a tree needs which is run with the given
// arguments: only the one that the first of them names in full, so that a start
// of the program does not pay for the others. Anything else, such as a flag, a
// name cut short or one that is misspelt, help and completion, is about all.
func wanted(all []entry, args []string) []entry {
	if len(args) == 0 || args[0] == completion {
		return all
	}
	if i := slices.IndexFunc(all, func(e entry) bool { return e.name == args[0] }); i >= 0 {
		return all[i : i+1]
	}
	return all
}
