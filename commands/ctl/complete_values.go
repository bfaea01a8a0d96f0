package ctl

import (
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/backup/store"
	"etcdkit/commands/repository"
	"etcdkit/keyspace/children"
)

// completedKeys is how many keys are offered at most.
const completedKeys = 200

// keys offers keys, up to the next separator. A name that ends with it goes on, so
// no blank follows.
func keys(c *completion, word string) (names []cobra.Completion, directive cobra.ShellCompDirective) {
	client, err := c.dial()
	if err != nil {
		return nil, directive
	}
	dir := word[:strings.LastIndex(word, "/")+1]
	list, err := children.Of(c.ctx, newSource(c.app, client), children.Query{Prefix: dir, Within: word, Separator: "/", AtOnce: true})
	if err != nil {
		return nil, directive
	}
	defer list.Close()
	for child, err := range list.Children {
		if err != nil || len(names) == completedKeys {
			break
		}
		if plainWord(child.Name) {
			names = append(names, child.Name)
		}
		if child.Dir {
			directive = cobra.ShellCompDirectiveNoSpace
		}
	}
	return names, directive
}

// plainWord reports whether every shell takes a word as it is. Others are not
// offered, as what a shell makes of them differs.
func plainWord(name string) bool {
	return name != "" && !strings.HasPrefix(name, "-") && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("\"'`\\$&|;<>()[]{}*?!#~^", r)
	})
}

// members offers the names of members, and the ids of those without a name.
func members(c *completion, _ string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
	client, err := c.dial()
	if err != nil {
		return nil, 0
	}
	list, err := client.MemberList(c.ctx)
	if err != nil {
		return nil, 0
	}
	for _, m := range list.Members {
		id := strconv.FormatUint(m.GetID(), 16)
		if plainWord(m.GetName()) {
			names = append(names, cobra.CompletionWithDesc(m.GetName(), id))
		} else {
			names = append(names, id)
		}
	}
	return names, 0
}

func users(c *completion, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	client, err := c.dial()
	if err != nil {
		return nil, 0
	}
	list, err := client.UserList(c.ctx)
	if err != nil {
		return nil, 0
	}
	return plainWords(list.Users), 0
}

func roles(c *completion, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	client, err := c.dial()
	if err != nil {
		return nil, 0
	}
	list, err := client.RoleList(c.ctx)
	if err != nil {
		return nil, 0
	}
	return plainWords(list.Roles), 0
}

func plainWords(all []string) []cobra.Completion {
	return slices.DeleteFunc(all, func(name string) bool { return !plainWord(name) })
}

func permissionTypes(*completion, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return []cobra.Completion{"read", "write", "readwrite"}, 0
}

func leases(c *completion, _ string) (ids []cobra.Completion, _ cobra.ShellCompDirective) {
	client, err := c.dial()
	if err != nil {
		return nil, 0
	}
	list, err := client.Leases(c.ctx)
	if err != nil {
		return nil, 0
	}
	for _, l := range list.Leases {
		ids = append(ids, strconv.FormatInt(int64(l.ID), 16))
	}
	return ids, 0
}

// backups offers the names of the backups in the repository of the line.
func backups(c *completion, _ string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
	location, options := c.flag("repo"), store.Options{
		Endpoint: c.flag("s3-endpoint"), Region: c.flag("s3-region"), PathStyle: c.flag("s3-path-style") == "true", CAFile: c.flag("s3-ca-file"),
	}
	if location == "" {
		return nil, 0
	}
	r, err := repository.Open(c.ctx, c.app.streams, program, location, options)
	if err != nil {
		return nil, 0
	}
	defer r.Store.Close() //nolint:errcheck // it was only read
	all, err := r.List(c.ctx)
	if err != nil {
		return nil, 0
	}
	for _, b := range all.Backups {
		names = append(names, b.Name)
	}
	return append(names, "latest"), 0
}

// flag is the value of a flag of the command.
func (c *completion) flag(name string) string { return c.cmd.Flag(name).Value.String() }
