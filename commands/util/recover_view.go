package util

import (
	"errors"
	"fmt"
	"strconv"

	"etcdkit/printer/view"
	"etcdkit/snapshot/datadir"
	"etcdkit/snapshot/restore"
)

// remain is a data directory that is left of a cluster.
type remain struct {
	path string
	dir  *datadir.Dir // nil if it can't be read
	err  error        // why
}

// remains are all that are given.
type remains []*remain

func (all remains) close() (err error) {
	for _, r := range all {
		if r.dir != nil {
			err = errors.Join(err, r.dir.Close())
		}
	}
	return err
}

// latest returns the directory with the latest log, nil if none can be read.
func (all remains) latest() (best *remain) {
	for _, r := range all {
		if r.dir != nil && (best == nil || datadir.Later(r.dir.Info, best.dir.Info) > 0) {
			best = r
		}
	}
	return best
}

// choose returns the directory with the latest log. All that can be read must be of
// one cluster.
func (all remains) choose() (*remain, error) {
	best := all.latest()
	if best == nil {
		return nil, fmt.Errorf("none of the directories can be read: %w", all[0].err)
	}
	for _, r := range all {
		if r.dir != nil && r.dir.ClusterID != best.dir.ClusterID {
			return nil, fmt.Errorf("%s is of cluster %x, and %s of cluster %x: give the directories of one cluster", best.path, best.dir.ClusterID, r.path, r.dir.ClusterID)
		}
	}
	return best, nil
}

// heard returns of how many voting members of the chosen directory's cluster there
// is a log, how many voting members there are, and of how many a log is needed to
// have every write that was acknowledged.
func (all remains) heard(best *remain) (logs, voters, needed int) {
	read := map[uint64]bool{}
	for _, r := range all {
		if r.dir != nil {
			read[r.dir.MemberID] = true
		}
	}
	for _, m := range best.dir.Members() {
		if m.Learner {
			continue
		}
		voters++
		if read[m.ID] {
			logs++
		}
	}
	return logs, voters, (voters + 1) / 2
}

// view describes the directories, which one is chosen and why, and what was made of
// it. Nothing is chosen if best is nil.
func (all remains) view(best *remain, made []restore.Result) view.Parts {
	v := view.Parts{Lists: []view.Items{
		{Member: "directories", Names: []string{"directory", "chosen", "member", "member_id", "cluster_id", "term", "last_term", "last", "commit", "consistent_index", "revision", "uncommitted", "error"}},
		{Member: "made", Names: []string{"data_dir", "name", "member_id", "cluster_id", "revision", "keys"}},
	}}
	for _, r := range all {
		v.Lists[0].All = append(v.Lists[0].All, r.item(r == best))
		v.Lines = append(v.Lines, r.line())
	}
	reason := all.reason(best)
	v.Facts = []view.Named{{Name: "chosen", V: chosenPath(best)}, {Name: "reason", V: reason}}
	if best != nil {
		logs, voters, needed := all.heard(best)
		v.Facts = append(v.Facts, view.Named{Name: "logs", V: int64(logs)}, view.Named{Name: "voters", V: int64(voters)}, view.Named{Name: "logs_needed", V: int64(needed)})
		v.Lines = append(v.Lines, reason)
		v.Lines = append(v.Lines, best.included()...)
		if logs < needed {
			v.Lines = append(v.Lines, fmt.Sprintf("Writes that were acknowledged may be missing: the logs of %d of the %d voting members are here, and those of %d are needed to rule that out", logs, voters, needed))
		}
	}
	for _, m := range made {
		v.Lists[1].All = append(v.Lists[1].All, view.Item{Values: []view.Named{
			{Name: "data_dir", V: m.DataDir}, {Name: "name", V: m.Name}, {Name: "member_id", V: hexID(m.MemberID)}, {Name: "cluster_id", V: hexID(m.ClusterID)},
			{Name: "revision", V: m.Revision}, {Name: "keys", V: int64(m.TotalKeys)},
		}})
		v.Lines = append(v.Lines, fmt.Sprintf("Made %s: member %s of a new cluster, revision %d, %d keys", m.DataDir, m.Name, m.Revision, m.TotalKeys))
	}
	return v
}

func chosenPath(best *remain) string {
	if best == nil {
		return ""
	}
	return best.path
}

// reason says why a directory is chosen.
func (all remains) reason(best *remain) string {
	if best == nil {
		return "no directory is chosen"
	}
	sameTerm, same, others := 0, 0, 0
	for _, r := range all {
		if r == best || r.dir == nil {
			continue
		}
		others++
		if r.dir.LastTerm == best.dir.LastTerm {
			sameTerm++
		}
		if datadir.Later(r.dir.Info, best.dir.Info) == 0 {
			same++
		}
	}
	why := "its last entry has the highest term"
	switch {
	case len(all) == 1:
		why = "it is the only one"
	case others == 0:
		why = "it is the only one that can be read"
	case same > 0:
		why = "no log ends later than its own"
	case sameTerm > 0:
		why = "its last entry has the highest index of those with the highest term"
	}
	return fmt.Sprintf("%s is chosen: %s (term %d, entry %d)", best.path, why, best.dir.LastTerm, best.dir.Last)
}

// included says what of the log is not known to be committed.
func (r *remain) included() []string {
	if r.dir.Uncommitted == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s not known to be committed and included, from entry %d on: what has a revision above %d",
		entriesAre(r.dir.Uncommitted), r.dir.Applied-uint64(r.dir.Uncommitted)+1, r.dir.CommittedRevision)}
}

// line describes the directory for people.
func (r *remain) line() string {
	if r.dir == nil {
		return fmt.Sprintf("%s: can't be read: %v", r.path, r.err)
	}
	d := r.dir
	return fmt.Sprintf("%s: member %s, last entry %d of term %d, commit index %d, consistent index %d, revision %d", r.path, d.Self(), d.Last, d.LastTerm, d.Commit, d.Stored, d.Revision())
}

func (r *remain) item(chosen bool) view.Item {
	values := []view.Named{{Name: "directory", V: r.path}, {Name: "chosen", V: chosen}}
	d, text := r.dir, ""
	if d == nil {
		d, text = &datadir.Dir{}, r.err.Error()
	}
	return view.Item{Values: append(values,
		view.Named{Name: "member", V: d.Self().Name}, view.Named{Name: "member_id", V: hexID(d.MemberID)}, view.Named{Name: "cluster_id", V: hexID(d.ClusterID)},
		view.Named{Name: "term", V: int64(d.Info.Term)}, view.Named{Name: "last_term", V: int64(d.LastTerm)}, //nolint:gosec // terms are small
		view.Named{Name: "last", V: int64(d.Last)}, view.Named{Name: "commit", V: int64(d.Commit)}, view.Named{Name: "consistent_index", V: int64(d.Stored)}, //nolint:gosec // indexes are small
		view.Named{Name: "revision", V: d.Revision()}, view.Named{Name: "uncommitted", V: int64(d.Uncommitted)}, view.Named{Name: "error", V: text},
	)}
}

// hexID is an id in hexadecimal, "" for none.
func hexID(id uint64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(id, 16)
}
