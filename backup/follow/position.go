package follow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"etcdkit/backup"
	"etcdkit/backup/increment"
	"etcdkit/backup/store"
)

// position is where a session begins.
type position struct {
	line    string
	number  int64 // of the next increment
	after   int64
	cluster string

	lastRecord string // of increment.Manifest
	compact    int64  // the compact revision as far as it is known, or 0
	backup     string // the newest full backup of the line
	revision   int64  // of the backup
	gaps       []increment.Gap
	hashes     []increment.Hash // the last one that was recorded, if there is one

	stored []*increment.Increment // of the line, in order, without those that others cover
}

// lost is a session that has ended, and why.
type lost struct {
	*position
	why error
}

// position finds where to continue, and takes a full backup if nothing can be
// continued. before is nil at the start.
func (f *follower) position(ctx context.Context, before *lost) (*position, error) {
	cluster, head, err := f.cluster(ctx)
	if err != nil {
		return nil, err
	}
	full, err := f.newest(ctx, cluster)
	if err != nil {
		return nil, err
	}
	end, err := f.end(ctx, cluster)
	if err != nil {
		return nil, err
	}
	why := errors.New("") // that there is a gap
	switch {
	case before != nil && (errors.Is(before.why, errCompacted) || errors.Is(before.why, errHistory)):
		why = before.why
		if end == nil {
			end = before.position
		}
	case end != nil && end.after > head:
		why = errHistory
	case end != nil:
		same, err := f.same(ctx, end)
		if err != nil || same {
			return end, err
		}
		why = errHistory
	case full != nil:
		if pos, err := f.fromBackup(ctx, full); pos != nil || err != nil {
			return pos, err
		}
	}
	return f.anew(ctx, cluster, end, why)
}

// same reports whether a server still has the hash that was recorded last. One
// that has compacted more can't say, and is believed; the watch shows more.
func (f *follower) same(ctx context.Context, end *position) (bool, error) {
	if len(end.hashes) == 0 {
		return true, nil
	}
	s, err := f.connect(ctx)
	if err != nil {
		return false, err
	}
	defer s.Close() //nolint:errcheck // it was only read
	was := end.hashes[0]
	now, err := f.hash(ctx, s, was.Revision)
	return err != nil || now.CompactRevision != was.CompactRevision || now.HashKV == was.HashKV, nil //nolint:nilerr // as above
}

// anew takes a full backup and begins a line. end is what it continues, with a
// gap; nil if there is nothing.
func (f *follower) anew(ctx context.Context, cluster string, end *position, why error) (*position, error) {
	b, err := f.save(ctx)
	if err != nil {
		return nil, err
	}
	pos := fromFull(b)
	pos.cluster = cluster
	if end != nil {
		gap := increment.Gap{From: end.after, To: b.Revision, Time: f.now().Truncate(time.Millisecond), Why: why.Error(), Line: end.line}
		pos.gaps = []increment.Gap{gap}
		f.tell("gap: nothing is recorded between revision %d and %d, because %s; continuing from the full backup %s", gap.From, gap.To, gap.Why, b.Name)
	}
	return pos, nil
}

// fromFull is the beginning of the line of a full backup.
func fromFull(b *backup.Backup) *position {
	return &position{line: b.Name, number: 1, after: b.Revision, cluster: b.ClusterID, compact: b.CompactRevision, backup: b.Name, revision: b.Revision}
}

// fromBackup begins at a full backup, if the server says that the history up to it
// is the same.
func (f *follower) fromBackup(ctx context.Context, b *backup.Backup) (*position, error) {
	s, err := f.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close() //nolint:errcheck // it was only read
	h, err := f.hash(ctx, s, b.Revision)
	if err != nil || h.CompactRevision != b.CompactRevision || h.HashKV != b.HashKV {
		return nil, nil //nolint:nilerr // a server that can't say it is one that does not confirm it
	}
	return fromFull(b), nil
}

// end is the end of the newest line of the cluster, or nil if it has no increments.
// What is left of merges is removed.
func (f *follower) end(ctx context.Context, cluster string) (*position, error) {
	l, err := newestLine(ctx, f.Repo.Store, func(end *increment.Increment) bool { return end.ClusterID == cluster })
	if errors.Is(err, store.ErrMissing) || err == nil && l == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	pos := &position{
		line: l.end.Line, number: l.number + 1, after: l.end.To, cluster: cluster, lastRecord: l.end.LastRecord, compact: l.end.CompactRevision,
		backup: l.end.Backup, revision: l.end.BackupRevision, hashes: l.end.Hashes,
	}
	var covered []*increment.Increment
	pos.stored, covered = tidy(l.all)
	if err := increment.Remove(ctx, f.Repo.Store, covered); err != nil {
		return nil, fmt.Errorf("remove increments that were merged: %w", err)
	}
	return pos, nil
}

// tidy separates increments that a merged one has as well.
func tidy(all []*increment.Increment) (rest, covered []*increment.Increment) {
	for _, inc := range all {
		if slices.ContainsFunc(all, func(m *increment.Increment) bool {
			return m != inc && m.Merged() && m.First <= inc.First && inc.Last <= m.Last && m.After <= inc.After && inc.To <= m.To &&
				(m.Last-m.First > inc.Last-inc.First || m.Object < inc.Object)
		}) {
			covered = append(covered, inc)
		} else {
			rest = append(rest, inc)
		}
	}
	return rest, covered
}

func hexID(id uint64) string { return strconv.FormatUint(id, 16) }
