package preflight

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"etcdkit/internal/upgrades"
)

// check looks for one thing. find returns nil if it is not there.
type check struct {
	name, meaning string
	find          func(*facts) *Finding
}

// largest is the size in bytes up to which etcd suggests to let a database grow.
const largest = 8 << 30

func checks() []check {
	return []check{
		{"upgrade-step", "Upgrades go from one minor release to the next, one member after the other.", upgradeStep},
		{"upgrade-storage", "The member has not finished its last upgrade. It raises the version of its storage by itself once every entry of its log suits it; upgrade it after that.", upgradeStorage},
		{"v2-content", "From 3.6 on, a server does not start on keys of the v2 interface.", v2Content},
		{"v2-requests", "From 3.7 on, a server does not start on requests that servers of 3.5 have put into the log. They go when the member saves a raft snapshot: run the release before with --snapshot-count=1 until something was written, and then as usual.", v2Requests},
		{"members-differ", "From 3.6 on, the members of the database count, and up to 3.5 those of the v2 store. Where they differ, removed members come back, or members are lost.", membersDiffer},
		{"downgrade", "A cluster that is being downgraded can't be upgraded.", downgrading},
		{"alarms", "An upgrade of a cluster with an alarm leaves it with the alarm, and members may not start to serve.", alarms},
		{"large-database", "A member reads its whole database when it starts, and is down meanwhile.", largeDatabase},
	}
}

func upgradeStep(f *facts) *Finding {
	if f.cluster == nil {
		return &Finding{Error: true, Evidence: "the directory does not say which release its cluster is of, as 3.5 and later releases do", Command: "etcdutl snapshot status " + quoted(f.DataDir+"/member/snap/db")}
	}
	switch own := short(f.cluster); {
	case f.cluster.LessThan(*upgrades.Minor(f.From)):
		return &Finding{Error: true, Evidence: fmt.Sprintf("the cluster is of %s: upgrade it to %s first", own, f.From), Command: f.again(f.From)}
	case upgrades.Minor(f.To).LessThan(*upgrades.Minor(own)):
		return &Finding{Error: true, Evidence: fmt.Sprintf("the cluster is of %s, which is newer than %s", own, f.To), Command: "etcdctl downgrade enable " + f.To}
	}
	return nil
}

// again is the command for another release.
func (f *facts) again(target string) string {
	return fmt.Sprintf("etcdutl check upgrade --data-dir %s --to %s", quoted(f.DataDir), target)
}

func upgradeStorage(f *facts) *Finding {
	from := upgrades.Minor(f.From)
	if f.cluster == nil || short(f.cluster) != f.From || f.From == "3.5" || f.storage != nil && !f.storage.LessThan(*from) {
		return nil
	}
	stored := "3.5"
	if f.storage != nil {
		stored = short(f.storage)
	}
	return &Finding{Error: true, Evidence: fmt.Sprintf("the cluster is of %s, and the storage still of %s", f.From, stored), Command: "etcdctl endpoint status --cluster"}
}

func v2Content(f *facts) *Finding {
	where := ""
	switch {
	case f.v2.Snapshot && f.v2.WAL:
		where = "in the last raft snapshot and in the WAL"
	case f.v2.Snapshot:
		where = "in the last raft snapshot"
	case f.v2.WAL:
		where = "in the WAL"
	default:
		return nil
	}
	return &Finding{Error: true, Evidence: "there are keys, users or roles of v2 clients " + where, Command: "etcdutl v2 export --data-dir " + quoted(f.DataDir)}
}

func v2Requests(f *facts) *Finding {
	if f.v2Requests == 0 || f.To == "3.6" {
		return nil
	}
	return &Finding{Error: true, Evidence: fmt.Sprintf("the WAL has %d such requests after its last raft snapshot", f.v2Requests), Command: "etcd --snapshot-count=1 --data-dir " + quoted(f.DataDir)}
}

func membersDiffer(f *facts) *Finding {
	if f.From != "3.5" || f.cluster == nil || short(f.cluster) != f.From {
		return nil
	}
	var database []uint64
	for _, m := range f.members {
		database = append(database, m.ID)
	}
	back, lost := without(database, f.v2Members), without(f.v2Members, database)
	var parts []string
	if len(back) > 0 {
		parts = append(parts, "only the database has "+hex(back)+", which would come back")
	}
	if len(lost) > 0 {
		parts = append(parts, "only the v2 store has "+hex(lost)+", which would be lost")
	}
	if len(parts) == 0 {
		return nil
	}
	return &Finding{Error: true, Evidence: strings.Join(parts, "; ") + "; 3.5.26 and later releases mend this when they start", Command: "etcdctl member list -w table"}
}

// without returns the ids of a that are not in b.
func without(a, b []uint64) []uint64 {
	return slices.DeleteFunc(slices.Clone(a), func(id uint64) bool { return slices.Contains(b, id) })
}

func hex(ids []uint64) string {
	var all []string
	for _, id := range ids {
		all = append(all, strconv.FormatUint(id, 16))
	}
	return strings.Join(all, ", ")
}

func downgrading(f *facts) *Finding {
	if f.downgrade == "" {
		return nil
	}
	return &Finding{Error: true, Evidence: "a downgrade to " + f.downgrade + " is under way", Command: "etcdctl downgrade cancel"}
}

func alarms(f *facts) *Finding {
	if len(f.alarms) == 0 {
		return nil
	}
	command := "etcdctl alarm recover"
	if slices.ContainsFunc(f.alarms, func(a string) bool { return strings.HasPrefix(a, "CORRUPT") }) {
		command = "etcdctl check consistency"
	}
	return &Finding{Error: true, Evidence: "raised: " + strings.Join(f.alarms, ", "), Command: command}
}

func largeDatabase(f *facts) *Finding {
	if f.size <= largest {
		return nil
	}
	return &Finding{Evidence: "the database has " + humanize.IBytes(uint64(f.size)), Command: "etcdctl defrag --cluster --guard"} //nolint:gosec // a size
}

// quoted is a path as a word for a shell.
func quoted(path string) string {
	if strings.Trim(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@%:,=") == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
