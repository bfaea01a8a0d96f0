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
		{groupRead, reading(read.NewGet)},
		{groupRead, reading(read.NewLs)},
		{groupRead, reading(read.NewTree)},
		{groupRead, reading(read.NewDu)},
		{groupRead, reading(read.NewTop)},
		{groupRead, reading(read.NewCount)},
		{groupRead, reading(read.NewExport)},
		{groupUtility, func(a *app) *cobra.Command { return cli.Version(program, &a.output) }},
		{groupUtility, func(*app) *cobra.Command { return cli.Completion(program) }},
	}
}
